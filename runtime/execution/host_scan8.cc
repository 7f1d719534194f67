// Scan of opset 8 (https://onnx.ai/onnx/operators/onnx__Scan.html), which has a batch: for each row
// of the batch its body goes over the row's sequence. It stands as Scan8 of the domain ai.tenon.
#include <algorithm>
#include <cstring>

#include "host_step.h"

namespace tenon::execution {
namespace {

std::string Place(int64_t row, int64_t turn) {
  return "row " + std::to_string(row) + ", turn " + std::to_string(turn);
}

// Row `row` of a tensor, without its first axis.
HostInput RowOf(const HostInput& whole, int64_t row) {
  HostInput part = whole;
  part.shape = Shape(whole.shape.dims().subspan(1));
  part.bytes = whole.bytes / static_cast<uint64_t>(whole.shape[0]);
  part.data = static_cast<std::byte*>(whole.data) + static_cast<uint64_t>(row) * part.bytes;
  return part;
}

// Equal tensors at their places in an output; what is not set is zero.
class Pieces {
 public:
  // `dims` are the first dimensions of the output.
  Pieces(uint32_t output, std::vector<int64_t> dims) : output_(output), dims_(std::move(dims)) {}

  Status Set(HostCall& call, int64_t at, const Tensor& piece, const std::string& place) {
    if (BitWidth(piece.type()) < 8)
      return call.Error(Code::kUnsupported, "it collects half bytes or strings");
    if (!allocated_) TENON_RETURN_IF_ERROR(Allocate(call, piece.shape()));
    if (!(piece.shape() == shape_)) {
      return call.Error(Code::kInvalidArgument, place + " makes " + piece.shape().ToString() +
                                                    ", those before made " + shape_.ToString());
    }
    if (piece.bytes() != 0) {
      std::memcpy(data_ + static_cast<size_t>(at) * piece.bytes(), piece.location().data,
                  piece.bytes());
    }
    return Status();
  }

  // Where no piece was set: `declared` is the shape of one, as far as it is known.
  Status Finish(HostCall& call, const Shape& declared) {
    if (allocated_) return Status();
    Shape piece = declared.has_rank() ? declared : Shape{};
    for (int i = 0; i < piece.rank(); ++i) piece[i] = std::max<int64_t>(piece[i], 0);
    return Allocate(call, piece);
  }

 private:
  Status Allocate(HostCall& call, const Shape& piece) {
    if (static_cast<size_t>(piece.rank()) + dims_.size() > kMaxRank)
      return call.Error(Code::kUnsupported, "its result has more than 8 dimensions");
    Shape whole{};
    for (const int64_t dim : dims_) whole.Append(dim);
    for (const int64_t dim : piece.dims()) whole.Append(dim);
    TENON_ASSIGN(const int64_t count, CheckedElementCount(whole.dims()));
    TENON_ASSIGN(const int64_t bytes, CheckedByteSize(call.output_type(output_), count));
    TENON_ASSIGN(data_, call.Allocate(output_, whole));
    if (bytes != 0) std::memset(data_, 0, static_cast<size_t>(bytes));
    shape_ = piece;
    allocated_ = true;
    return Status();
  }

  uint32_t output_;
  std::vector<int64_t> dims_;
  bool allocated_ = false;
  Shape shape_;  // of a piece
  std::byte* data_ = nullptr;
};

class Scan8 {
 public:
  explicit Scan8(HostCall& call)
      : call_(call),
        formal_(static_cast<uint32_t>(call.formal_count()) - 1),
        states_(formal_ - static_cast<uint32_t>(call.node().Int("num_scan_inputs", 0))) {}

  Status Run() {
    TENON_RETURN_IF_ERROR(ReadInputs());
    TENON_ASSIGN(run_, call_.Subprogram(0, formal_));
    for (uint32_t i = 0; i < run_->output_count(); ++i) {
      made_.emplace_back(
          i, i < states_ ? std::vector<int64_t>{batch_} : std::vector<int64_t>{batch_, length_});
    }
    for (int64_t row = 0; row < batch_; ++row) TENON_RETURN_IF_ERROR(RunRow(row));
    for (uint32_t o = 0; o < made_.size(); ++o) {
      if (call_.wants(o)) TENON_RETURN_IF_ERROR(made_[o].Finish(call_, run_->OutputShape(o)));
    }
    return Status();
  }

 private:
  Status ReadInputs() {
    for (uint32_t i = 0; i < formal_; ++i) {
      const HostInput& input = inputs_.emplace_back(call_.input(1 + i));
      const std::string name = "input " + std::to_string(1 + i);
      const int least = i < states_ ? 1 : 2;
      if (input.object || input.shape.rank() < least) {
        return call_.Error(Code::kInvalidArgument,
                           name + " has shape " + input.shape.ToString() + ", expected " +
                               (least == 1 ? "[batch, ...]" : "[batch, length, ...]"));
      }
      if (BitWidth(input.type) < 8)
        return call_.Error(Code::kUnsupported, name + ": it takes half bytes apart");
      if (i == 0) batch_ = input.shape[0];
      if (i == states_) length_ = input.shape[1];
      if (input.shape[0] != batch_ || (i >= states_ && input.shape[1] != length_)) {
        return call_.Error(Code::kInvalidArgument,
                           name + " has shape " + input.shape.ToString() + ", expected batch " +
                               std::to_string(batch_) +
                               (i < states_ ? "" : " and length " + std::to_string(length_)));
      }
    }
    lengths_.assign(static_cast<size_t>(batch_), length_);
    if (!call_.has_input(0)) return Status();
    const HostInput given = call_.input(0);
    if (given.type != DataType::kInt64 || !(given.shape == Shape{batch_})) {
      return call_.Error(Code::kInvalidArgument, "sequence_lens is " +
                                                     std::string(DataTypeName(given.type)) +
                                                     given.shape.ToString() + ", expected int64[" +
                                                     std::to_string(batch_) + "]");
    }
    for (size_t row = 0; row < lengths_.size(); ++row) {
      lengths_[row] = static_cast<const int64_t*>(given.data)[row];
      if (lengths_[row] >= 0 && lengths_[row] <= length_) continue;
      return call_.Error(Code::kInvalidArgument, "sequence_lens has " +
                                                     std::to_string(lengths_[row]) +
                                                     ", expected 0 to " + std::to_string(length_));
    }
    return Status();
  }

  // What is beyond the row's length is not read, in either direction.
  Status RunRow(int64_t row) {
    const auto directions = call_.node().Ints("directions");
    const int64_t turns = lengths_[static_cast<size_t>(row)];
    for (uint32_t i = 0; i < states_; ++i) {
      TENON_RETURN_IF_ERROR(run_->CopyInput(i, RowOf(inputs_[i], row)));
      TENON_RETURN_IF_ERROR(run_->Carry(i, i));
    }
    for (int64_t t = 0; t < turns; ++t) {
      TENON_RETURN_IF_ERROR(call_.patience().Check().WithContext(Place(row, t)));
      for (uint32_t i = states_; i < formal_; ++i) {
        const size_t scanned = i - states_;
        const bool reversed = scanned < directions.size() && directions[scanned] != 0;
        const HostInput sequence = RowOf(inputs_[i], row);
        TENON_RETURN_IF_ERROR(run_->CopyInput(i, RowOf(sequence, reversed ? turns - 1 - t : t)));
      }
      TENON_RETURN_IF_ERROR(run_->Run(call_.patience()).WithContext(Place(row, t)));
      for (uint32_t o = states_; o < made_.size(); ++o) {
        if (!call_.wants(o)) continue;
        TENON_ASSIGN(const auto made, run_->output(o));
        TENON_RETURN_IF_ERROR(made_[o].Set(call_, row * length_ + t, *made, Place(row, t)));
      }
    }
    for (uint32_t i = 0; i < states_; ++i) {
      if (!call_.wants(i)) continue;
      TENON_RETURN_IF_ERROR(made_[i].Set(call_, row, run_->input(i), Place(row, turns)));
    }
    return Status();
  }

  HostCall& call_;
  uint32_t formal_, states_;  // of the body
  SubprogramRun* run_ = nullptr;
  std::vector<HostInput> inputs_;  // of the body, for all rows
  int64_t batch_ = 0, length_ = 0;
  std::vector<int64_t> lengths_;  // by row
  std::vector<Pieces> made_;      // by output
};

Status RunScan8(HostCall& call) { return Scan8(call).Run(); }

}  // namespace

HostFunction FindOlderFunction(std::string_view op) { return op == "Scan8" ? RunScan8 : nullptr; }

}  // namespace tenon::execution

// An Einsum equation read against its inputs' shapes. A label names a dimension: a letter, or a
// dimension that `...` stands for, counted from the last.
#pragma once

#include "support/infer.h"

namespace tenon::operators {

inline constexpr int kEinsumLetters = 52;  // A to Z, a to z
inline constexpr int kEinsumLabels = kEinsumLetters + kMaxRank;

struct EinsumTerm {
  std::array<uint8_t, kMaxRank> labels{};
  int rank = 0;  // -1: the rank of `...` is not known
  std::span<const uint8_t> span() const { return {labels.data(), static_cast<size_t>(rank)}; }
};

class EinsumReader {
 public:
  explicit EinsumReader(const NodeView& node);

  // The next input's term. Its dimensions join those of the inputs before it, where 1 broadcasts.
  Status AddInput(const Shape& shape, EinsumTerm& term);
  // After the last input.
  Status ReadOutput(EinsumTerm& term);

  int64_t dim(uint8_t label) const { return dims_[label]; }

 private:
  char Peek();  // the next character that is no space; '\0' at the end
  bool SkipArrow();
  Status ReadTerm(EinsumTerm& term, int& ellipsis);
  Status Join(uint8_t label, int64_t dim);
  Status Append(uint8_t label, EinsumTerm& term);
  Status AppendEllipsis(EinsumTerm& term, int at, int count);

  const NodeView& node_;
  std::string_view equation_;
  size_t at_ = 0;
  int inputs_ = 0;
  int ellipsis_rank_ = 0;
  bool ellipsis_unknown_ = false;
  std::array<int64_t, kEinsumLabels> dims_{};
  std::array<uint8_t, kEinsumLabels> uses_{};  // in inputs; stops at 2
};

}  // namespace tenon::operators

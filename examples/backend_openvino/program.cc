#include "program.h"

#include <algorithm>

#include "backend.h"

namespace example {

bool Program::Bound::Is(const tenon_argument* argument) const {
  if (argument == nullptr) return rank < 0;
  const DLTensor& tensor = argument->tensor;
  return tensor.data == data && tensor.ndim == rank &&
         std::equal(tensor.shape, tensor.shape + rank, dims.begin());
}

void Program::Bound::Set(const tenon_argument& argument) {
  data = argument.tensor.data;
  rank = argument.tensor.ndim;
  std::copy_n(argument.tensor.shape, rank, dims.begin());
}

Program::Program(tenon_device* device, sdk::Bytes artifact)
    : compiled_(reinterpret_cast<Backend::Device*>(device)->backend().Load(artifact)) {
  Check(ov_compiled_model_inputs_size(compiled_.get(), &input_count_), "counting the inputs");
  Check(ov_compiled_model_outputs_size(compiled_.get(), &output_count_), "counting the outputs");
}

// An idle request, preferably one that is bound to the memory of this run already.
std::unique_ptr<Program::Request> Program::Take(const tenon_run& run) const {
  {
    const std::lock_guard lock(mutex_);
    auto fits = [&](const auto& request) {
      return std::equal(request->inputs.begin(), request->inputs.end(), run.inputs,
                        [](const Bound& bound, const auto* in) { return bound.Is(in); });
    };
    auto found = std::ranges::find_if(idle_, fits);
    if (found == idle_.end() && !idle_.empty()) found = idle_.end() - 1;
    if (found != idle_.end()) {
      auto request = std::move(*found);
      idle_.erase(found);
      return request;
    }
  }
  auto request = std::make_unique<Request>();
  request->handle = Made<InferRequest>("making an infer request", [&](ov_infer_request_t** out) {
    return ov_compiled_model_create_infer_request(compiled_.get(), out);
  });
  request->inputs.resize(input_count_);
  request->outputs.resize(output_count_);
  return request;
}

void Program::Bind(Request& request, const tenon_run& run) const {
  const auto bind = [&](std::vector<Bound>& ports, const tenon_argument* const* arguments,
                        const auto& set) {
    for (size_t i = 0; i < ports.size(); ++i) {
      if (ports[i].Is(arguments[i])) continue;
      const tenon_argument& argument = *arguments[i];
      const Tensor tensor =
          Over(argument.tensor.data, TypeOf(argument.dtype),
               {argument.tensor.shape, static_cast<size_t>(argument.tensor.ndim)});
      Check(set(request.handle.get(), i, tensor.get()), "binding a tensor");
      ports[i].Set(argument);
    }
  };
  bind(request.inputs, run.inputs, ov_infer_request_set_input_tensor_by_index);
  bind(request.outputs, run.outputs, ov_infer_request_set_output_tensor_by_index);
}

void Program::Run(const sdk::Run& run) const {
  // Where it throws the request ends, as what it is bound to is not known.
  std::unique_ptr<Request> request = Take(*run.raw());
  ov_infer_request_t* handle = request->handle.get();
  Bind(*request, *run.raw());
  if (run.raw()->cancel == nullptr) {
    Check(ov_infer_request_infer(handle), "running the segment");
  } else {
    Check(ov_infer_request_start_async(handle), "starting the segment");
    constexpr int64_t kPatienceMs = 5;
    while (ov_infer_request_wait_for(handle, kPatienceMs) == RESULT_NOT_READY) {
      if (run.Cancelled()) ov_infer_request_cancel(handle);
    }
    Check(ov_infer_request_wait(handle), "running the segment");
  }
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(request));
}

}  // namespace example

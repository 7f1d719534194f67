#include "voice.h"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

namespace detect_speech {
namespace {

std::optional<uint32_t> Find(const std::vector<tenon::ValueInfo>& infos, const char* name) {
  const auto found = std::ranges::find(infos, name, &tenon::ValueInfo::name);
  if (found == infos.end()) return std::nullopt;
  return static_cast<uint32_t>(found - infos.begin());
}

}  // namespace

Voice::Voice(const tenon::Runtime& runtime, const std::string& model,
             const tenon::SessionOptions& options, int rate)
    : session_(runtime, model, options), state_(size_t{2} * 128) {
  const std::vector<tenon::ValueInfo> inputs = session_.inputs(), outputs = session_.outputs();
  const auto input = Find(inputs, "input"), state = Find(inputs, "state"), sr = Find(inputs, "sr");
  const auto output = Find(outputs, "output"), new_state = Find(outputs, "stateN");
  if (!input || !state || !output || !new_state || inputs.size() != (sr ? 3u : 2u)) {
    throw std::runtime_error(model +
                             ": expected a Silero VAD model: inputs input, state and perhaps sr, "
                             "outputs output and stateN");
  }
  // Some that take a rate know but one; their names tell, as they do in silero-vad.
  const bool only_16000 =
      !sr || std::filesystem::path(model).filename().string().find("16k") != std::string::npos;
  rate_ = rate == 8000 && !only_16000 ? 8000 : 16000;
  window_.resize(context() + frame());
  rate_input_ = {rate_};
  output_ = *output;
  binding_.emplace(session_);
  binding_->SetInput(*input,
                     tenon::Tensor::Wrap(window_, {1, static_cast<int64_t>(window_.size())}));
  binding_->SetInput(*state, tenon::Tensor::Wrap(state_, {2, 1, 128}));
  binding_->Donate(*state, *new_state);
  if (sr) binding_->SetInput(*sr, tenon::Tensor::Wrap(rate_input_, {}));
}

float Voice::Hear(std::span<const float> frame) {
  std::copy(window_.end() - static_cast<std::ptrdiff_t>(context()), window_.end(), window_.begin());
  std::ranges::copy(frame, window_.begin() + static_cast<std::ptrdiff_t>(context()));
  binding_->Run();
  float probability = 0;
  tenon::Check(tenon_tensor_read(binding_->output(output_), &probability, sizeof probability));
  return probability;
}

}  // namespace detect_speech

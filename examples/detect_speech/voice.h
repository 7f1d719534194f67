// Listens to a sound frame by frame, with Silero VAD. The model's state goes from each frame to the next: it is donated,
// so that a run writes it where the next one reads it.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tenon/runtime/tenon.hpp"

namespace detect_speech {

class Voice {
 public:
  // `rate` is that of the sound, in Hz. Throws std::runtime_error where the model is none of Silero's.
  Voice(const tenon::Runtime& runtime, const std::string& model,
        const tenon::SessionOptions& options, int rate);
  Voice(const Voice&) = delete;
  Voice& operator=(const Voice&) = delete;
  // The rate that Hear wants: 8000 for sounds of 8000 where the model knows that rate, else 16000.
  int rate() const { return rate_; }
  // Samples of a frame: 32 milliseconds.
  size_t frame() const { return static_cast<size_t>(rate_) / 1000 * 32; }
  // The probability that the frame, which follows the one of the last call, has speech in it.
  float Hear(std::span<const float> frame);

 private:
  size_t context() const { return frame() / 8; }  // samples of the last frame that are shown again

  tenon::Session session_;
  int rate_ = 0;
  std::vector<float> window_;  // context and frame
  std::vector<float> state_;
  std::vector<int64_t> rate_input_;
  std::optional<tenon::Binding> binding_;
  uint32_t output_ = 0;
};

}  // namespace detect_speech

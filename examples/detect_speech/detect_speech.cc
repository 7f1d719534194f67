// Prints the seconds of a sound in which somebody speaks, with Silero VAD. See --help; README.md says how it works.
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "options.h"
#include "resample.h"
#include "spans.h"
#include "voice.h"
#include "wav.h"

namespace {

using namespace detect_speech;

// How far it is, on a terminal's last line; nothing where stderr is no terminal.
class Progress {
 public:
  explicit Progress(size_t all) : all_(all) {}
  ~Progress() {
    if (terminal_) std::fprintf(stderr, "\r\033[K");
  }
  void At(size_t sample) {
    const int percent = static_cast<int>(100 * sample / all_);
    if (terminal_ && percent != shown_) std::fprintf(stderr, "\rlistening: %d %%", percent);
    shown_ = percent;
  }

 private:
  const size_t all_;
  const bool terminal_ = isatty(STDERR_FILENO) != 0;
  int shown_ = -1;
};

std::vector<float> Listen(Voice& voice, const std::vector<float>& samples) {
  Progress progress(samples.size());
  std::vector<float> probabilities, last(voice.frame());
  for (size_t at = 0; at < samples.size(); at += voice.frame()) {
    progress.At(at);
    std::span<const float> frame = std::span(samples).subspan(at);
    if (frame.size() >= voice.frame()) {
      frame = frame.first(voice.frame());
    } else {  // the end: filled up with silence
      std::ranges::copy(frame, last.begin());
      frame = last;
    }
    probabilities.push_back(voice.Hear(frame));
  }
  return probabilities;
}

void Detect(const tenon::Runtime& runtime, const Options& options, const std::string& path) {
  const Sound original = LoadWav(path);
  Voice voice(runtime, options.model, {.backends = options.backends}, original.rate);
  const Sound sound = Resampled(original, voice.rate());
  const std::vector<Span> spans =
      FindSpans(Listen(voice, sound.samples), static_cast<int64_t>(voice.frame()),
                static_cast<int64_t>(sound.samples.size()), voice.rate(), options.spans);
  if (options.sounds.size() > 1) std::printf("%s:\n", path.c_str());
  if (spans.empty()) std::fprintf(stderr, "detect_speech: %s: no speech found\n", path.c_str());
  for (const Span& span : spans) {
    const auto seconds = [&](int64_t sample) { return static_cast<double>(sample) / voice.rate(); };
    std::printf("%.*f - %.*f\n", options.digits, seconds(span.begin), options.digits,
                seconds(span.end));
  }
  std::fflush(stdout);
}

void Run(const Options& options) {
  if (!std::filesystem::exists(options.model))
    throw std::runtime_error(
        options.model + ": no such file; ./setup fetches the model, --model FILE says where it is");
  const tenon::Runtime runtime({.threads = 1});  // a frame is too little work to share
  for (const std::string& path : options.sounds) Detect(runtime, options, path);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Options options = ParseOptions({argv + 1, argv + argc});
    if (options.help) {
      std::fputs(kHelp, stdout);
    } else {
      Run(options);
    }
    return 0;
  } catch (const UsageError& error) {
    std::fprintf(stderr, "detect_speech: %s\nTry --help.\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "detect_speech: %s\n", error.what());
    return 1;
  }
}

#include "options.h"

#include <charconv>
#include <cstdlib>
#include <string_view>

namespace detect_speech {
namespace {

constexpr const char* kModel = "silero_vad.onnx";

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// Where ./setup puts models.
std::string DefaultModel() {
  std::string cache = Environment("TENON_CACHE");
  if (cache.empty() && !Environment("XDG_CACHE_HOME").empty())
    cache = Environment("XDG_CACHE_HOME") + "/tenon";
  if (cache.empty()) cache = Environment("HOME") + "/.cache/tenon";
  return cache + "/models/" + kModel;
}

template <typename T>
T Number(const std::string& option, const std::string& text, T least, T most) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() ||
      !(value >= least && value <= most)) {
    const auto plain = [](T limit) { return std::to_string(static_cast<int>(limit)); };
    throw UsageError(option + " " + text + ": expected a number from " + plain(least) + " to " +
                     plain(most));
  }
  return value;
}

}  // namespace

const char* const kHelp =
    "usage: detect_speech [options] SOUND.wav...\n"
    "\n"
    "Prints from which second to which somebody speaks, a line for each time, with Silero VAD.\n"
    "Sounds are 16-bit PCM; rates other than 8000 and 16000 Hz are converted, channels are mixed.\n"
    "\n"
    "  -m, --model FILE        the model; default: where ./setup puts it\n"
    "  -b, --backends LIST     in order of preference: a,b; a+b is one group decided by cost\n"
    "      --threshold P       the least probability of speech, 0 to 1; default: 0.5\n"
    "      --min-speech MS     shorter speech is dropped; default: 250 milliseconds\n"
    "      --min-silence MS    shorter gaps don't count; default: 100 milliseconds\n"
    "      --pad MS            added before and after; default: 30 milliseconds\n"
    "      --digits N          of the seconds, after the point; default: 1\n"
    "  -h, --help              prints this\n"
    "\n"
    "Example: detect_speech examples/detect_speech/hello.wav\n";

Options ParseOptions(const std::vector<std::string>& arguments) {
  constexpr int kHour = 3600000;
  Options options;
  bool only_sounds = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    const auto is = [&](const char* brief, const char* full) {
      return argument == brief || argument == full;
    };
    const auto value = [&]() -> const std::string& {
      if (i + 1 == arguments.size()) throw UsageError(argument + ": a value is missing after it");
      return arguments[++i];
    };
    if (only_sounds || !argument.starts_with("-")) {
      options.sounds.push_back(argument);
    } else if (argument == "--") {
      only_sounds = true;
    } else if (is("-m", "--model")) {
      options.model = value();
    } else if (is("-b", "--backends")) {
      options.backends = value();
    } else if (argument == "--threshold") {
      options.spans.threshold = Number(argument, value(), 0.0, 1.0);
    } else if (argument == "--min-speech") {
      options.spans.min_speech_ms = Number(argument, value(), 0, kHour);
    } else if (argument == "--min-silence") {
      options.spans.min_silence_ms = Number(argument, value(), 0, kHour);
    } else if (argument == "--pad") {
      options.spans.pad_ms = Number(argument, value(), 0, kHour);
    } else if (argument == "--digits") {
      options.digits = Number(argument, value(), 0, 9);
    } else if (is("-h", "--help")) {
      options.help = true;
    } else {
      throw UsageError("unknown option " + argument);
    }
  }
  if (options.model.empty()) options.model = DefaultModel();
  if (options.sounds.empty() && !options.help) throw UsageError("no sound is named");
  return options;
}

}  // namespace detect_speech

#include "options.h"

#include <charconv>
#include <cstdlib>

namespace read_text {
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

uint32_t Number(const std::string& option, const std::string& text) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > 1024)
    throw UsageError(option + " " + text + ": expected a number from 0 to 1024");
  return value;
}

}  // namespace

const char* const kHelp =
    "usage: read_text [options] PICTURE...\n"
    "\n"
    "Prints the text on each picture (PNG, JPEG, BMP, GIF), a line for each line, with the PP-OCR "
    "models.\n"
    "\n"
    "  -m, --models FOLDER   text_detection.onnx, text_recognition.onnx and, for lines that may be "
    "upside\n"
    "                        down, text_direction.onnx; default: where ./setup puts them\n"
    "  -b, --backends LIST   in order of preference: a,b; a+b is one group decided by cost\n"
    "  -t, --threads N       that compute; default: one for each core\n"
    "      --boxes           prints each piece of text with its score and its four corners\n"
    "  -h, --help            prints this\n"
    "\n"
    "Example: read_text --boxes examples/read_text/notice.png\n";

Options ParseOptions(const std::vector<std::string>& arguments) {
  Options options;
  bool only_pictures = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    const auto is = [&](const char* brief, const char* full) {
      return argument == brief || argument == full;
    };
    const auto value = [&]() -> const std::string& {
      if (i + 1 == arguments.size()) throw UsageError(argument + ": a value is missing after it");
      return arguments[++i];
    };
    if (only_pictures || argument == "-" || !argument.starts_with("-")) {
      options.pictures.push_back(argument);
    } else if (argument == "--") {
      only_pictures = true;
    } else if (is("-m", "--models")) {
      options.models = value();
    } else if (is("-b", "--backends")) {
      options.backends = value();
    } else if (is("-t", "--threads")) {
      options.threads = Number(argument, value());
    } else if (argument == "--boxes") {
      options.boxes = true;
    } else if (is("-h", "--help")) {
      options.help = true;
    } else {
      throw UsageError("unknown option " + argument);
    }
  }
  if (options.models.empty()) options.models = DefaultModels();
  if (options.pictures.empty() && !options.help) throw UsageError("no picture is named");
  return options;
}

std::string DefaultModels() {
  if (const std::string cache = Environment("TENON_CACHE"); !cache.empty())
    return cache + "/models";
  if (const std::string cache = Environment("XDG_CACHE_HOME"); !cache.empty())
    return cache + "/tenon/models";
  return Environment("HOME") + "/.cache/tenon/models";
}

}  // namespace read_text

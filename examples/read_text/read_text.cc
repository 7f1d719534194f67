// Prints the text on a picture, in reading order, with the PP-OCR models. See --help; README.md says how it works.
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "options.h"
#include "picture.h"
#include "reader.h"

namespace {

// What goes on, on a terminal's last line; nothing where stderr is no terminal.
class Status {
 public:
  ~Status() { Show(""); }
  void Show(const std::string& text) {
    if (terminal_) std::fprintf(stderr, "\r\033[K%s", text.c_str());
  }

 private:
  const bool terminal_ = isatty(STDERR_FILENO) != 0;
};

void PrintLines(const std::vector<read_text::Line>& lines) {
  for (const read_text::Line& line : lines) {
    for (size_t i = 0; i < line.size(); ++i)
      std::printf("%s%s", i > 0 ? " " : "", line[i].text.c_str());
    std::printf("\n");
  }
}

void PrintBoxes(const std::vector<read_text::Line>& lines) {
  for (const read_text::Line& line : lines) {
    for (const read_text::Text& text : line) {
      std::printf("%.3f ", text.score);
      for (const read_text::Point p : text.quad) std::printf(" (%.0f,%.0f)", p.x, p.y);
      std::printf("  %s\n", text.text.c_str());
    }
  }
}

void Run(const read_text::Options& options) {
  Status status;
  status.Show("loading the models");
  const tenon::Runtime runtime({.threads = options.threads});
  const read_text::Reader reader(runtime, options.models, {.backends = options.backends});
  for (const std::string& path : options.pictures) {
    const read_text::Picture picture = read_text::LoadPicture(path);
    const std::vector<read_text::Line> lines =
        reader.Read(picture, [&](const std::string& now) { status.Show(path + ": " + now); });
    status.Show("");
    if (lines.empty()) std::fprintf(stderr, "read_text: %s: no text found\n", path.c_str());
    if (options.pictures.size() > 1) std::printf("%s:\n", path.c_str());
    (options.boxes ? PrintBoxes : PrintLines)(lines);
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const read_text::Options options = read_text::ParseOptions({argv + 1, argv + argc});
    if (options.help) {
      std::fputs(read_text::kHelp, stdout);
    } else {
      Run(options);
    }
    return 0;
  } catch (const read_text::UsageError& error) {
    std::fprintf(stderr, "read_text: %s\n%s", error.what(), "Try --help.\n");
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "read_text: %s\n", error.what());
    return 1;
  }
}

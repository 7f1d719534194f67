#include "help.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>
#include <sstream>

namespace tenon::tools {
namespace {

constexpr size_t kColumns = 80;

// `text` with line breaks instead of the blanks where a line would get longer than `width`; its own line breaks stay.
std::string Wrapped(std::string_view text, size_t width) {
  std::string lines;
  size_t column = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(" \n"), text.size());
    if (column > 0 && column + 1 + end > width) {
      lines += '\n';
      column = 0;
    } else if (column > 0) {
      lines += ' ';
      ++column;
    }
    lines += text.substr(0, end);
    column += end;
    if (end < text.size() && text[end] == '\n') {
      lines += '\n';
      column = 0;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

std::string HelpFormatter::make_description(const CLI::App* app) const {
  return Wrapped(app->get_description(), kColumns) + "\n";
}

// Examples stay on their line, to be copied.
std::string HelpFormatter::make_footer(const CLI::App* app) const {
  const std::string footer = app->get_footer();
  const size_t examples = std::min(footer.find("Example"), footer.size());
  return Wrapped(footer.substr(0, examples), kColumns) + footer.substr(examples) + "\n";
}

std::string HelpFormatter::make_subcommand(const CLI::App* verb) const {
  std::stringstream out;
  CLI::detail::format_help(out, verb->get_display_name(true),
                           Wrapped(verb->get_description(), kColumns - get_column_width()),
                           get_column_width());
  return out.str();
}

// CLI11 says them as TEXT:{a,b}.
std::vector<std::string> ChoicesOf(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t begin = type.find(":{"), end = type.rfind('}');
  std::vector<std::string> choices;
  if (begin == std::string::npos || end == std::string::npos) return choices;
  std::istringstream list(type.substr(begin + 2, end - begin - 2));
  for (std::string choice; std::getline(list, choice, ',');) choices.push_back(choice);
  return choices;
}

// CLI11 shows choices as TEXT:{a,b}.
std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
  static const std::regex kChoices("\\w+:\\{[^}]*\\}");
  return std::regex_replace(CLI::Formatter::make_option_opts(option), kChoices,
                            fmt::format("{}", fmt::join(ChoicesOf(*option), "|")));
}

std::string HelpFormatter::make_option_desc(const CLI::Option* option) const {
  return Wrapped(option->get_description(), kColumns - get_column_width());
}

}  // namespace tenon::tools

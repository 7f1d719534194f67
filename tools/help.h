// The form of --help: 80 columns, choices as a|b.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::tools {

// `text` with line breaks instead of the blanks where a line would get longer than `width`; its own line breaks stay.
std::string Wrapped(std::string_view text, size_t width);

// What the option's value is one of; empty where any will do.
std::vector<std::string> ChoicesOf(const CLI::Option& option);

class HelpFormatter : public CLI::Formatter {
 protected:
  std::string make_description(const CLI::App* app) const override;
  std::string make_footer(const CLI::App* app) const override;
  std::string make_subcommand(const CLI::App* verb) const override;
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option_desc(const CLI::Option* option) const override;
};

}  // namespace tenon::tools

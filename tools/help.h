// The form of --help: 80 columns, choices as a|b.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::tools {

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

// What options accept, as validators of CLI11: not what a word for a number can smuggle in, and with the nearest right one.
#pragma once

#include <CLI/App.hpp>
#include <limits>
#include <string>
#include <vector>

namespace tenon::tools {

// A number that is not below `low` nor above `high`, nor nan.
CLI::Validator Between(double low, double high = std::numeric_limits<double>::max());
// One of these words. Its description is that of CLI::IsMember: see ChoicesOf.
CLI::Validator OneOf(std::vector<std::string> words);
// 64000000, 64MB, 1.5GiB: becomes the number of bytes.
CLI::Validator AsBytes();

}  // namespace tenon::tools

#include "options.h"

#include <charconv>

#include "tenon/backend_api/sdk/status.h"

namespace tenon::simulator {
namespace {

[[noreturn]] void Malformed(const std::string& name, std::string_view value,
                            const std::string& expected) {
  throw sdk::Failure(TENON_INVALID_ARGUMENT,
                     "option " + name + " is \"" + std::string(value) + "\": expected " + expected);
}

uint64_t Number(const std::string& name, std::string_view value) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size())
    Malformed(name, value, "a number from 0 on");
  return number;
}

// FNV-1a with a final mix (splitmix64), so that each bit depends on all characters.
uint64_t Hash(uint64_t seed, std::string_view a, std::string_view b) {
  uint64_t hash = 14695981039346656037ULL ^ (seed * 0x9E3779B97F4A7C15ULL);
  const auto add = [&](char c) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  };
  for (const char c : a) add(c);
  add('\n');
  for (const char c : b) add(c);
  hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9ULL;
  hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBULL;
  return hash ^ (hash >> 31);
}

}  // namespace

Claim::Claim(std::string_view text) : text_(text) {
  if (text == "all") return;
  if (text == "none") {
    kind_ = Kind::kNone;
  } else if (text.starts_with("seed:")) {
    kind_ = Kind::kSeed;
    seed_ = Number("claim", text.substr(5));
  } else if (text.starts_with("ops:")) {
    kind_ = Kind::kOperators;
    text.remove_prefix(4);
    while (!text.empty()) {
      const std::string_view op = text.substr(0, text.find(','));
      operators_.emplace(op);
      text.remove_prefix(std::min(op.size() + 1, text.size()));
    }
  } else {
    Malformed("claim", text, "all, none, seed:N or ops:NAME,NAME");
  }
}

bool Claim::Takes(std::string_view node, std::string_view op) const {
  switch (kind_) {
    case Kind::kAll:
      return true;
    case Kind::kNone:
      return false;
    case Kind::kSeed:
      return (Hash(seed_, node, op) & 1) != 0;
    case Kind::kOperators:
      return operators_.contains(op);
  }
  return false;
}

Options ReadOptions(sdk::Host host) {
  const auto number = [&](const char* name) { return Number(name, host.Option(name)); };
  Options options;
  options.memory = host.Option("memory");
  options.largest_allocation = number("largest_allocation");
  if (options.largest_allocation == 0) Malformed("largest_allocation", "0", "at least 1 byte");
  options.capacity = number("capacity");
  options.seed = number("seed");
  options.delay_us = number("delay_us");
  options.poison = host.Flag("poison");
  options.blocked = host.Option("layout") == "blocked";
  options.compile = host.Flag("compile");
  options.claim = Claim(host.Option("claim"));
  options.fault = host.Option("fault");
  return options;
}

}  // namespace tenon::simulator

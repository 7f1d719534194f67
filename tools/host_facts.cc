#include "host_facts.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include "tenon/runtime/tenon.hpp"

namespace tenon::tools {
namespace {

constexpr std::array kSets = {"sse4_2",      "avx",         "avx2",     "fma",      "f16c",
                              "avx_vnni",    "avx512f",     "avx512bw", "avx512vl", "avx512_vnni",
                              "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16",
                              "asimd",       "asimdhp",     "asimddp",  "i8mm",     "bf16",
                              "sve",         "sve2"};

}  // namespace

HostFacts ParseCpuInfo(std::string_view text) {
  HostFacts facts;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line) && !line.empty();) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string value = colon + 2 <= line.size() ? line.substr(colon + 2) : "";
    if (line.starts_with("model name")) facts.processor = value;
    if (!line.starts_with("flags") && !line.starts_with("Features")) continue;
    std::istringstream words(value);
    for (std::string word; words >> word;) {
      if (std::ranges::find(kSets, word) != kSets.end()) facts.instruction_sets.push_back(word);
    }
  }
  return facts;
}

namespace {

HostFacts Read() {
  std::ifstream file("/proc/cpuinfo");
  std::ostringstream text;
  text << file.rdbuf();
  HostFacts facts = ParseCpuInfo(text.str());
  facts.cores = Runtime({.backends_only = true}).threads();  // as many as it uses by itself
  facts.memory_bytes =
      static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return facts;
}

}  // namespace

const HostFacts& ReadHostFacts() {
  static const HostFacts facts = Read();
  return facts;
}

}  // namespace tenon::tools

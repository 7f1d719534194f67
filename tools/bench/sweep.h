// What `tenon bench` measures: one point for each combination of its lists.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "session_flags.h"

namespace tenon::tools {

struct BenchFlags : SessionFlags {
  double seconds = 3;
  double warmup = 0.5;
  std::string thread_list = "0";
  uint32_t streams = 1;
  double rate = 0;  // runs a second at which they arrive; 0: the next begins when one ends
  std::string arrivals = "poisson";
  std::string output_dir;
  std::string save, against;
  double margin = 5;  // per cent that count as the same
};

// Flags of one point, and what tells it from the others of the sweep: the lists of more than one.
struct Point {
  BenchFlags flags;
  uint32_t threads = 0;
  std::string label;  // "threads 2, N=8"; "" where there is one point only
};

// `backends` of the flags holds one list a line. Throws Failure(kUsage) that names the option that is no list.
std::vector<Point> SweepPoints(const BenchFlags& flags);

}  // namespace tenon::tools

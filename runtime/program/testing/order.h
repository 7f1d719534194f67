// What of a program surely comes before what: an independent reading of queues and fences, by
// reachability over all steps. For tests that check lowering and memory plans against it.
#pragma once

#include <vector>

#include "tenon/program/plan.h"

namespace tenon::program::testing {

class Order {
 public:
  explicit Order(const Program& program);
  // The work of step `a` is done before the work of step `b` begins, whatever the queues do.
  bool DoneBefore(uint32_t a, uint32_t b) const;

 private:
  std::vector<std::vector<bool>> reach_;
};

// Complaints, one a line: a value that may be read before it is written.
std::vector<std::string> FindRaces(const Program& program);
// Complaints: two values in the same bytes whose uses are not in order, or that a kernel may not
// reuse in place.
std::vector<std::string> FindOverlaps(const Program& program, const MemoryPlan& plan);

}  // namespace tenon::program::testing

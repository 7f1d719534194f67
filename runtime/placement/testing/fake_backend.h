// Backends made of a description, linked in: for tests of placement and lowering. Nothing in them
// can run.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tenon/backend/backend.h"

namespace tenon::placement::testing {

struct FakeKernel {
  std::string op = {};
  std::string name = {};  // "fake_<op>" where empty
  std::string domain = {};
  uint32_t revision_min = 1, revision_max = 99;
  tenon_dtypes input_types = 0;  // 0: any
  int32_t rank_min = 0, rank_max = 0;
  std::vector<tenon_layout> input_layouts = {}, output_layouts = {};
  std::vector<uint32_t> input_memory = {}, output_memory = {};
  std::vector<tenon_in_place> in_place = {};
  std::vector<tenon_attribute_rule> rules = {};
  tenon_numerics numerics = TENON_NUMERICS_STRICT;
  uint32_t efficiency = 500;
  tenon_kernel_flags flags = 0;
};

struct FakeSpec {
  std::string name;
  std::vector<FakeKernel> kernels = {};
  bool own_memory = false, queue = false;
  uint64_t largest_allocation = UINT64_MAX;
  double gflops = 0, gbytes = 0;
  std::vector<tenon_layout> layouts = {};
  // May refuse what the descriptors take: gives a reason, or "".
  std::function<std::string(const tenon_node&)> refuses = {};
  // With it the backend compiles: the colour of a node. Artifacts say how many nodes they hold. Nodes that
  // are not coloured are refused as `refuses` says.
  std::function<uint32_t(const tenon_node&)> colour = {};
  tenon_code compile_code = TENON_OK, check_code = TENON_OK;
};

// A kernel for each of `ops`, with the same other facts.
std::vector<FakeKernel> KernelsFor(const std::vector<std::string>& ops, FakeKernel like = {});

// At most 8 at a time. Fails the test where the backend is refused.
std::shared_ptr<backend::Backend> MakeFake(
    FakeSpec spec, std::shared_ptr<backend::HostServices> services = nullptr);
int CompileCount(const backend::Backend& backend);  // how often it compiled a segment

}  // namespace tenon::placement::testing

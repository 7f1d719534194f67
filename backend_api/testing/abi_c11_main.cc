// Runs abi_c11_test.c on the backend of complete.h, through Backend::Create, without and with the
// layer that checks every call.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "abi_c11_test.h"
#include "tenon/backend/backend.h"

namespace {

namespace backend = tenon::backend;

class EightFloats final : public backend::RunOutputs {
 public:
  tenon::Result<const tenon_argument*> AllocateOutput(uint32_t index, int32_t rank,
                                                      const int64_t* dims) override {
    if (index != 0 || rank != 1 || dims[0] > 8) {
      return tenon::Status(tenon::Code::kInvalidArgument, "not what the test expects");
    }
    dim_ = dims[0];
    argument_.struct_size = sizeof argument_;
    argument_.bytes = static_cast<uint64_t>(dim_) * sizeof(float);
    argument_.dtype = TENON_FLOAT32;
    argument_.tensor = {values_, {kDLCPU, 0}, 1, {kDLFloat, 32, 1}, &dim_, &stride_, 0};
    return static_cast<const tenon_argument*>(&argument_);
  }
  tenon_run_context* handle() {
    return reinterpret_cast<tenon_run_context*>(static_cast<RunOutputs*>(this));
  }

 private:
  float values_[8] = {};
  int64_t dim_ = 0, stride_ = 1;
  tenon_argument argument_{};
};

void CallEverything(const std::vector<std::string>& layers) {
  auto services = std::make_shared<backend::HostServices>();
  const auto cache =
      std::filesystem::temp_directory_path() / ("abi_c11_" + std::to_string(getpid()));
  services->cache_directory = cache.string();
  services->segment_to_onnx = [](const tenon_segment*, uint32_t) -> tenon::Result<std::string> {
    return std::string("onnx");
  };
  {
    backend::LoadOptions options;
    options.layers = layers;
    auto made = backend::Backend::Create(complete_negotiate, options, services);
    ASSERT_TRUE(made.ok()) << made.status().ToString();
    EightFloats outputs;
    backend::HostTimeline timeline;
    timeline.Signal(1);
    backend::CancelToken cancel;
    const abi_c11_objects objects = {outputs.handle(), timeline.handle(),
                                     const_cast<tenon_cancel*>(cancel.handle())};
    EXPECT_EQ(abi_c11_call_everything((*made)->handle(), (*made)->host(), &objects), 0)
        << "the line of abi_c11_test.c whose check failed";
    EXPECT_EQ((*made)->violations(), std::vector<std::string>());
    EXPECT_EQ((*made)->host_bytes(), 0u);
  }
  std::filesystem::remove_all(cache);
}

TEST(Abi, EverySlotIsCalledFromC11) { CallEverything({}); }
TEST(Abi, EverySlotIsCalledFromC11UnderValidation) { CallEverything({"validate"}); }

}  // namespace

// The interfaces "queue", "compile" and "profile" from members of a class: a backend whose queue
// works at once.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "tenon/backend_api/sdk/backend.h"
#include "tenon/backend_api/sdk/testing/backend.h"
#include "tenon/backend_api/sdk/testing/host.h"
#include "tenon/backend_api/sdk/testing/node.h"

namespace tenon::sdk_test {
namespace {

using namespace sdk::testing;  // NOLINT

class Whole : public sdk::Backend<Whole> {
 public:
  using Backend::Backend;
  static std::vector<sdk::DeviceRow> Devices() {
    return {{.name = "whole", .kind = TENON_DEVICE_ACCELERATOR}};
  }

  class Device : public sdk::Device<Whole> {
   public:
    using sdk::Device<Whole>::Device;

    struct Timeline {
      explicit Timeline(Device&) {}
      tenon_status Query(uint64_t& out_value) const {
        out_value = value;
        return sdk::kOk;
      }
      void Wait(uint64_t wanted, uint64_t) const {
        if (value < wanted) throw sdk::Failure(TENON_DEADLINE_EXCEEDED, "not reached");
      }
      void Notify(uint64_t, void (*reached)(void*, tenon_code), void* context) const {
        reached(context, TENON_OK);
      }
      uint64_t value = 0;
    };

    class Queue {
     public:
      explicit Queue(Device& device) : device_(device) {}
      sdk::Host host() const { return device_.host(); }
      void Wait(sdk::Fences) {}
      void Signal(sdk::Fences fences) {
        for (const tenon_fence& fence : fences)
          reinterpret_cast<Timeline*>(fence.timeline)->value = fence.value;
      }
      void Submit() {}
      void Copy(const tenon_location& from, const tenon_location& to, uint64_t size) {
        std::memcpy(static_cast<char*>(to.host) + to.offset,
                    static_cast<char*>(from.host) + from.offset, size);
      }
      tenon_status Fill(const tenon_location&, uint64_t, const void*, uint32_t) {
        return host().Error(TENON_DEVICE_LOST, "gone");
      }
      struct Recording {
        int replays = 0;
      };
      void RecordBegin() {}
      Recording* RecordEnd() { return new Recording(); }
      void Replay(Recording& recording) { ++recording.replays; }
      void Destroy(Recording* recording) { delete recording; }

     private:
      Device& device_;
    };

    void EnableProfile(bool on) { profiling = on; }
    sdk::Clocks ReadClocks() { return {7, host().ClockNs()}; }
    bool profiling = false;
  };

  void Colour(const tenon_compile_target&, const tenon_segment& graph,
              std::span<uint32_t> colours) {
    for (uint32_t i = 0; i < graph.node_count; ++i)
      colours[i] = std::string(graph.nodes[i]->op) == "Neg" ? 1 : 0;
  }
  std::vector<std::byte> Compile(const tenon_segment& segment, const tenon_compile_request&) {
    return {std::byte{'N'}, static_cast<std::byte>(segment.node_count)};
  }
  tenon_status Check(const tenon_compile_target&, sdk::Bytes artifact) {
    if (artifact.size() == 2 && artifact[0] == std::byte{'N'}) return sdk::kOk;
    return host().Error(TENON_DATA_LOSS, "no artifact of this backend");
  }
  // Negates as often as the segment had nodes.
  class Program {
   public:
    Program(tenon_device*, sdk::Bytes artifact) : count_(static_cast<int>(artifact[1])) {}
    int64_t Prepare(sdk::Shapes& shapes) const { return shapes.Input(0).Count(); }
    void Run(int64_t size, const sdk::Run& run) const {
      for (int64_t i = 0; i < size; ++i) {
        run.Output<float>(0)[i] = count_ % 2 ? -run.Input<float>(0)[i] : run.Input<float>(0)[i];
      }
    }

   private:
    int count_;
  };
};

class WholeBackend : public testing::Test {
 protected:
  void SetUp() override {
    devices_ = Table<tenon_device_interface>("device");
    ASSERT_EQ(devices_->open(backend_, 0, &device_).code, TENON_OK);
  }
  void TearDown() override {
    devices_->close(device_);
    backend_->destroy(backend_);
    EXPECT_EQ(host_.live_details, 0);
  }
  template <typename T>
  const T* Table(const char* name) {
    return static_cast<const T*>(backend_->interface(backend_, name, 1));
  }

  TestHost host_;
  tenon_backend* backend_ = new Whole(sdk::Host(&host_));
  const tenon_device_interface* devices_ = nullptr;
  tenon_device* device_ = nullptr;
};

TEST_F(WholeBackend, QueuesSignalTimelines) {
  const auto* queues = Table<tenon_queue_interface>("queue");
  ASSERT_NE(queues, nullptr);
  tenon_queue* queue = nullptr;
  tenon_timeline* timeline = nullptr;
  ASSERT_EQ(queues->create(device_, &queue).code, TENON_OK);
  ASSERT_EQ(queues->timeline_create(device_, &timeline).code, TENON_OK);
  tenon_status status = queues->timeline_wait(device_, timeline, 5, 0);
  EXPECT_EQ(status.code, TENON_DEADLINE_EXCEEDED);
  EXPECT_EQ(host_.Take(status), "not reached");
  const tenon_fence fence{timeline, 5, TENON_ORIGIN_BACKEND, 0};
  EXPECT_EQ(queues->wait(queue, &fence, 1).code, TENON_OK);
  EXPECT_EQ(queues->signal(queue, &fence, 1).code, TENON_OK);
  uint64_t value = 0;
  EXPECT_EQ(queues->timeline_query(device_, timeline, &value).code, TENON_OK);
  EXPECT_EQ(value, 5u);
  tenon_code reached = -1;
  EXPECT_EQ(
      queues
          ->timeline_notify(
              device_, timeline, 5,
              [](void* context, tenon_code code) { *static_cast<tenon_code*>(context) = code; },
              &reached)
          .code,
      TENON_OK);
  EXPECT_EQ(reached, TENON_OK);

  char from[] = "abcd", to[5] = "";
  const tenon_location source{nullptr, from, 1}, destination{nullptr, to, 0};
  EXPECT_EQ(queues->copy(queue, &source, &destination, 3).code, TENON_OK);
  EXPECT_STREQ(to, "bcd");
  status = queues->fill(queue, &destination, 4, from, 1);
  EXPECT_EQ(status.code, TENON_DEVICE_LOST);
  host_.Take(status);

  tenon_recording* recording = nullptr;
  EXPECT_EQ(queues->record_begin(queue).code, TENON_OK);
  ASSERT_EQ(queues->record_end(queue, &recording).code, TENON_OK);
  EXPECT_EQ(queues->replay(queue, recording).code, TENON_OK);
  queues->recording_destroy(queue, recording);
  queues->timeline_destroy(device_, timeline);
  queues->destroy(queue);
}

TEST_F(WholeBackend, ProfileReadsClocks) {
  const auto* profile = Table<tenon_profile_interface>("profile");
  ASSERT_NE(profile, nullptr);
  EXPECT_EQ(profile->flush, nullptr);
  EXPECT_EQ(profile->enable(device_, 1).code, TENON_OK);
  uint64_t device_ns = 0, host_ns = 0;
  EXPECT_EQ(profile->clocks(device_, &device_ns, &host_ns).code, TENON_OK);
  EXPECT_EQ(device_ns, 7u);
  EXPECT_GT(host_ns, 0u);
}

TEST_F(WholeBackend, CompilesChecksAndLoads) {
  const auto* compile = Table<tenon_compile_interface>("compile");
  ASSERT_NE(compile, nullptr);
  const TestValue x("x", TENON_FLOAT32, {2});
  const TestNode neg("Neg", {&x}, {&x}), other("Relu", {&x}, {&x});
  const tenon_node* nodes[] = {&neg, &other};
  tenon_segment segment{};
  segment.struct_size = TENON_SIZE_TO(tenon_segment, symbols);
  segment.node_count = 2;
  segment.name = "s";
  segment.nodes = nodes;
  const tenon_compile_target target{TENON_SIZE_TO(tenon_compile_target, fingerprint),
                                    TENON_NUMERICS_STRICT, "", ""};
  uint32_t colours[2] = {};
  ASSERT_EQ(compile->colour(backend_, &target, &segment, colours).code, TENON_OK);
  EXPECT_EQ(colours[0], 1u);
  EXPECT_EQ(colours[1], 0u);

  segment.node_count = 1;
  tenon_compile_request request{};
  request.struct_size = TENON_SIZE_TO(tenon_compile_request, progress_context);
  request.target = &target;
  tenon_artifact* artifact = nullptr;
  const void* data = nullptr;
  uint64_t size = 0;
  ASSERT_EQ(compile->compile(backend_, &segment, &request, &artifact).code, TENON_OK);
  ASSERT_EQ(compile->artifact_bytes(backend_, artifact, &data, &size).code, TENON_OK);
  EXPECT_EQ(compile->check(backend_, &target, data, size).code, TENON_OK);
  const tenon_status broken = compile->check(backend_, &target, data, 1);
  EXPECT_EQ(broken.code, TENON_DATA_LOSS);
  host_.Take(broken);

  const tenon_kernel_descriptor* d = nullptr;
  tenon_kernel* kernel = nullptr;
  ASSERT_EQ(compile->load(device_, data, size, &d, &kernel).code, TENON_OK);
  compile->artifact_release(backend_, artifact);
  float in[] = {1, 2}, out[2] = {};
  const TestArgument from({2}, in), to({2}, out);
  const tenon_argument* ins[] = {&from};
  const tenon_argument* outs[] = {&to};
  tenon_plan_info info{};
  ASSERT_EQ(d->prepare(d, kernel, ins, 1, outs, 1, &info).code, TENON_OK);
  tenon_run run{};
  run.inputs = ins;
  run.outputs = outs;
  run.input_count = run.output_count = 1;
  ASSERT_EQ(d->run(d, kernel, info.plan, &run).code, TENON_OK);
  EXPECT_EQ(out[1], -2);
  d->plan_release(d, kernel, info.plan);
  d->destroy(d, kernel);
}

}  // namespace
}  // namespace tenon::sdk_test

// Segments: coloured, compiled, stored, found again, checked, loaded and run; and what damage does.
#include <cstring>
#include <filesystem>
#include <fstream>

#include "testing/simulator.h"

namespace tenon::simulator::testing {
namespace {

using sdk::testing::IntsAttribute;
using sdk::testing::TestNode;
using sdk::testing::TestValue;

constexpr char kFingerprint[] = "simulator 0.1.0 artifact 1";

// y = Relu(Conv(x, w, b) + Conv(x, w, b)), z = Neg(y) and y itself: x has a symbolic batch.
struct SegmentCase {
  std::vector<float> w = RandomTensor({4, 3, 3, 3}, 1).data, b = RandomTensor({4}, 2).data;
  std::vector<int64_t> pads_values{1, 1, 1, 1};
  tenon_attribute pads = IntsAttribute("pads", pads_values);
  TestValue x{"x", TENON_FLOAT32, {-2, 3, 8, 8}}, vw{"w", {4, 3, 3, 3}, w}, vb{"b", {4}, b};
  TestValue c{"c", TENON_FLOAT32, {-2, 4, 8, 8}}, d{"d", TENON_FLOAT32, {-2, 4, 8, 8}},
      y{"y", TENON_FLOAT32, {-2, 4, 8, 8}}, z{"z", TENON_FLOAT32, {-2, 4, 8, 8}};
  TestNode conv{"Conv", {&x, &vw, &vb}, {&c}, {&pads}}, add{"Add", {&c, &c}, {&d}},
      relu{"Relu", {&d}, {&y}}, neg{"Neg", {&y}, {&z}};
  std::vector<const tenon_node*> nodes{&conv, &add, &relu, &neg};
  std::vector<const tenon_value*> inputs{&x}, outputs{&z, &y};
  const char* symbols[1] = {"batch"};
  tenon_segment segment{};

  SegmentCase() {
    conv.name = "conv1";
    add.revision = 7;
    uint32_t id = 0;
    for (TestNode* node : {&conv, &add, &relu, &neg}) node->id = id++;
    segment = {TENON_SIZE_TO(tenon_segment, symbols),
               4,
               "segment",
               nodes.data(),
               inputs.data(),
               outputs.data(),
               1,
               2,
               1,
               0,
               symbols};
  }
  Tensor In(int64_t batch) const {
    return RandomTensor({batch, 3, 8, 8}, static_cast<unsigned>(batch));
  }
  static Tensor Out(int64_t batch) { return {{batch, 4, 8, 8}, {}}; }
  // By the kernels, one after the other.
  std::vector<float> Expected(Simulator& simulator, const Tensor& in) const {
    Tensor t = Out(in.dims[0]);
    const Tensor weight{{4, 3, 3, 3}, w}, bias{{4}, b};
    t.data = Compute(simulator, "sim_conv", conv, {&in, &weight, &bias}, t);
    t.data = Compute(simulator, "sim_add", add, {&t, &t}, t);
    t.data = Compute(simulator, "sim_relu", relu, {&t}, t);
    return t.data;
  }
};

class CompileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::path(::testing::TempDir()) /
                 ("simulator_" +
                  std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    std::filesystem::remove_all(directory_);
    services_->cache_directory = directory_.string();
    request_.struct_size = TENON_SIZE_TO(tenon_compile_request, progress_context);
    request_.target = &target_;
    request_.progress = [](void* context, double share) {
      static_cast<CompileTest*>(context)->Progress(share);
    };
    request_.progress_context = this;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  void Progress(double share) {
    shares_.push_back(share);
    if (cancel_at_ != 0 && shares_.size() == cancel_at_) token_.Cancel();
  }

  std::vector<uint32_t> Colours(Simulator& simulator) {
    std::vector<uint32_t> colours(4);
    EXPECT_TRUE(simulator
                    .Take(simulator.backend().compile()->colour(
                        simulator.backend().handle(), &target_, &case_.segment, colours.data()))
                    .ok());
    return colours;
  }
  // The artifact's bytes; empty, with the reason in status_, where it fails.
  std::vector<std::byte> Compile(Simulator& simulator) {
    shares_.clear();
    const tenon_compile_interface& api = *simulator.backend().compile();
    tenon_artifact* artifact = nullptr;
    status_ = simulator.Take(
        api.compile(simulator.backend().handle(), &case_.segment, &request_, &artifact));
    if (!status_.ok()) return {};
    const void* data = nullptr;
    uint64_t size = 0;
    EXPECT_TRUE(
        simulator.Take(api.artifact_bytes(simulator.backend().handle(), artifact, &data, &size))
            .ok());
    const auto* bytes = static_cast<const std::byte*>(data);
    std::vector<std::byte> copy(bytes, bytes + size);
    api.artifact_release(simulator.backend().handle(), artifact);
    return copy;
  }
  Code Check(Simulator& simulator, std::span<const std::byte> bytes) {
    const auto* api = simulator.backend().compile();
    return simulator
        .Take(api->check(simulator.backend().handle(), &target_, bytes.data(), bytes.size()))
        .code();
  }
  std::unique_ptr<KernelRun> Load(Simulator& simulator, std::span<const std::byte> bytes) {
    const tenon_kernel_descriptor* descriptor = nullptr;
    tenon_kernel* kernel = nullptr;
    status_ = simulator.Take(simulator.backend().compile()->load(
        simulator.handle(), bytes.data(), bytes.size(), &descriptor, &kernel));
    return status_.ok() ? std::make_unique<KernelRun>(simulator, descriptor, kernel) : nullptr;
  }
  std::vector<std::filesystem::path> Stored() const {
    std::vector<std::filesystem::path> files;
    if (!std::filesystem::exists(directory_)) return files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    return files;
  }

  SegmentCase case_;
  std::filesystem::path directory_;
  std::shared_ptr<backend::HostServices> services_ = std::make_shared<backend::HostServices>();
  tenon_compile_target target_{TENON_SIZE_TO(tenon_compile_target, fingerprint),
                               TENON_NUMERICS_STRICT, "simulator:0", kFingerprint};
  tenon_compile_request request_{};
  backend::CancelToken token_;
  std::vector<double> shares_;
  size_t cancel_at_ = 0;
  tenon::Status status_;
};

TEST_F(CompileTest, ColoursWhatItClaimsWhenItIsOn) {
  Simulator off, on{{{"compile", "on"}}}, some{{{"compile", "on"}, {"claim", "ops:Conv,Relu"}}};
  EXPECT_STREQ(on.device().info().fingerprint, kFingerprint);
  EXPECT_EQ(Colours(off), (std::vector<uint32_t>{0, 0, 0, 0}));
  EXPECT_EQ(Colours(on), (std::vector<uint32_t>{1, 1, 1, 1}));
  EXPECT_EQ(Colours(some), (std::vector<uint32_t>{1, 0, 1, 0}));
}

TEST_F(CompileTest, AnArtifactRunsLikeItsNodesForSeveralShapes) {
  for (const char* memory : {"locked", "handle", "unified"}) {
    Simulator simulator({{"compile", "on"}, {"memory", memory}, {"delay_us", "20"}}, services_);
    std::vector<std::byte> artifact = Compile(simulator);
    ASSERT_TRUE(status_.ok()) << status_.ToString();
    EXPECT_EQ(Check(simulator, artifact), Code::kOk);
    for (const int64_t batch : {1, 3}) {
      const auto run = Load(simulator, artifact);
      ASSERT_NE(run, nullptr) << status_.ToString();
      const Tensor in = case_.In(batch);
      ASSERT_TRUE(
          (status_ = run->Prepare({&in}, {SegmentCase::Out(batch), SegmentCase::Out(batch)})).ok())
          << status_.ToString();
      std::ranges::fill(artifact, std::byte{0xEE});  // load keeps nothing of the bytes
      Queue queue(simulator);
      ASSERT_TRUE(run->Enqueue(queue.handle()).ok());
      ASSERT_TRUE((status_ = queue.Finish()).ok()) << status_.ToString();
      std::vector<float> expected = case_.Expected(simulator, in);
      EXPECT_EQ(run->Output(1), expected) << "y, which Neg reads, too";
      for (float& v : expected) v = -v;
      EXPECT_EQ(run->Output(0), expected);
      artifact = Compile(simulator);
    }
  }
}

TEST_F(CompileTest, IsStoredAndFoundAgainByItsContent) {
  Simulator simulator({{"compile", "on"}}, services_);
  const auto artifact = Compile(simulator);
  ASSERT_TRUE(status_.ok()) << status_.ToString();
  EXPECT_EQ(shares_, (std::vector<double>{0.25, 0.5, 0.75, 1}));
  ASSERT_EQ(Stored().size(), 1u);
  Simulator later({{"compile", "on"}}, services_);
  EXPECT_EQ(Compile(later), artifact);
  EXPECT_EQ(shares_, (std::vector<double>{1})) << "found, not compiled";
  case_.w[0] += 1;
  EXPECT_NE(Compile(later), artifact);
  EXPECT_EQ(shares_.size(), 4u);
  EXPECT_EQ(Stored().size(), 2u);
}

TEST_F(CompileTest, AStoredArtifactThatIsDamagedIsCompiledAgain) {
  Simulator simulator({{"compile", "on"}}, services_);
  const auto artifact = Compile(simulator);
  ASSERT_EQ(Stored().size(), 1u);
  std::filesystem::resize_file(Stored()[0], 100);
  EXPECT_EQ(Compile(simulator), artifact);
  EXPECT_EQ(shares_.size(), 4u);
  EXPECT_EQ(Compile(simulator), artifact);
  EXPECT_EQ(shares_.size(), 1u);
}

TEST_F(CompileTest, DamageAnywhereIsFound) {
  Simulator simulator{{{"compile", "on"}}};
  const auto artifact = Compile(simulator);
  ASSERT_TRUE(status_.ok());
  for (size_t at = 0; at < artifact.size(); at += at < 64 ? 1 : 13) {
    auto damaged = artifact;
    damaged[at] ^= std::byte{0x10};
    const bool reserved = (at >= 12 && at < 16) || (at >= 40 && at < 48);
    if (reserved) continue;
    EXPECT_NE(Check(simulator, damaged), Code::kOk) << at;
    EXPECT_EQ(Load(simulator, damaged), nullptr) << at;
  }
  for (size_t size = 0; size < artifact.size(); size += size < 64 ? 1 : 101) {
    EXPECT_EQ(Check(simulator, std::span(artifact).first(size)), Code::kDataLoss) << size;
    EXPECT_EQ(Load(simulator, std::span(artifact).first(size)), nullptr) << size;
  }
}

TEST_F(CompileTest, IsForItsTargetOnly) {
  Simulator simulator{{{"compile", "on"}}};
  const auto artifact = Compile(simulator);
  target_.fingerprint = "";
  EXPECT_EQ(Check(simulator, artifact), Code::kOk) << "any";
  target_.fingerprint = "simulator 0.0.9 artifact 1";
  EXPECT_EQ(Check(simulator, artifact), Code::kIncompatible);
  EXPECT_TRUE(Compile(simulator).empty());
  EXPECT_EQ(status_.code(), Code::kIncompatible);
}

TEST_F(CompileTest, HonoursCancellationAndDeadline) {
  Simulator simulator({{"compile", "on"}}, services_);
  request_.cancel = token_.handle();
  cancel_at_ = 2;
  EXPECT_TRUE(Compile(simulator).empty());
  EXPECT_EQ(status_.code(), Code::kCancelled);
  EXPECT_EQ(shares_.size(), 2u);
  EXPECT_TRUE(Stored().empty());
  request_.cancel = nullptr;
  request_.deadline_ns = 1;
  EXPECT_TRUE(Compile(simulator).empty());
  EXPECT_EQ(status_.code(), Code::kDeadlineExceeded);
  request_.deadline_ns = backend::ClockNs() + 60 * kSecond;
  EXPECT_FALSE(Compile(simulator).empty());
}

TEST_F(CompileTest, FailsWhereItIsAskedTo) {
  Simulator simulator{{{"compile", "on"}, {"fault", "compile:1,load:2"}}};
  EXPECT_TRUE(Compile(simulator).empty());
  EXPECT_NE(status_.message().find("injected fault compile:1"), std::string_view::npos)
      << status_.ToString();
  const auto artifact = Compile(simulator);
  EXPECT_NE(Load(simulator, artifact), nullptr);
  EXPECT_EQ(Load(simulator, artifact), nullptr);
  EXPECT_NE(status_.message().find("injected fault load:2"), std::string_view::npos)
      << status_.ToString();
  EXPECT_NE(Load(simulator, artifact), nullptr);
}

TEST_F(CompileTest, DeclinesShapesThatItsMemoryCannotHold) {
  Simulator simulator{{{"compile", "on"}, {"largest_allocation", "4096"}}};
  const auto run = Load(simulator, Compile(simulator));
  ASSERT_NE(run, nullptr);
  const Tensor in = case_.In(4);
  EXPECT_EQ(run->Prepare({&in}, {SegmentCase::Out(4), SegmentCase::Out(4)}).code(),
            Code::kUnsupported);
}

TEST_F(CompileTest, TellsShapesThatDoNotFit) {
  Simulator simulator{{{"compile", "on"}}};
  const auto run = Load(simulator, Compile(simulator));
  ASSERT_NE(run, nullptr);
  const Tensor in = case_.In(2);
  const tenon::Status status = run->Prepare({&in}, {SegmentCase::Out(2), SegmentCase::Out(3)});
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_NE(status.message().find("(y)"), std::string_view::npos) << status.ToString();
}

}  // namespace
}  // namespace tenon::simulator::testing

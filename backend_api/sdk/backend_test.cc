#include "tenon/backend_api/sdk/backend.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tenon/backend_api/sdk/testing/host.h"
#include "tenon/backend_api/sdk/testing/node.h"

namespace tenon::sdk_test {
namespace {

using namespace sdk::testing;  // NOLINT

void Nothing(const sdk::Run&) {}

// Only kernels.
class Small : public sdk::Backend<Small> {
 public:
  using Backend::Backend;
  static constexpr auto kKernels = sdk::Rows(sdk::Row{
      .op = "Neg", .revisions = {1}, .types = sdk::AnyType, .kernel = sdk::Function<Nothing>});
};

// A device with memory, options and an operator.
class Large : public sdk::Backend<Large> {
 public:
  using Backend::Backend;
  static constexpr auto kKernels = Small::kKernels;
  static constexpr sdk::OptionRow kOptions[] = {
      {.name = "mode", .kind = TENON_OPTION_CHOICE, .default_value = "a", .choices = {"a", "b"}}};
  static constexpr sdk::OperatorRow kOperators[] = {
      {.domain = "com.example",
       .name = "Twice",
       .attributes = {"scale"},
       .infer = [](const sdk::Node&, sdk::Inference& shapes) { shapes.SameAsInput(0, 0); }}};

  class Device : public sdk::Device<Large> {
   public:
    using sdk::Device<Large>::Device;
    struct Buffer {
      void* base;
    };
    Buffer* Allocate(uint32_t, uint64_t size, uint64_t, tenon_queue*) {
      if (size > 1000) throw std::bad_alloc();
      return new Buffer{std::malloc(size)};
    }
    void* Base(Buffer& buffer) { return buffer.base; }
    void Free(Buffer* buffer, sdk::Fences) {
      std::free(buffer->base);
      delete buffer;
    }
  };
  std::vector<sdk::DeviceRow> Devices() {
    ++asked;
    return {{.name = "first", .memory = {{.id = 1, .name = "own", .alignment = 256}}},
            {.name = "second"}};
  }
  int asked = 0;
};

template <typename T>
const T* Table(tenon_backend* backend, const char* name) {
  return static_cast<const T*>(backend->interface(backend, name, 1));
}

TEST(Backend, ServesWhatTheClassHas) {
  TestHost host;
  tenon_backend* small = new Small(sdk::Host(&host));
  for (const char* name :
       {"device", "memory", "queue", "compile", "operators", "profile", "other", ""}) {
    EXPECT_EQ(small->interface(small, name, 1), nullptr) << name;
  }
  EXPECT_NE(small->interface(small, "kernel", 1), nullptr);
  EXPECT_EQ(small->interface(small, "kernel", 2), nullptr);
  EXPECT_EQ(small->quiesce, nullptr);
  const tenon_kernel_descriptor* const* list = nullptr;
  uint32_t count = 0;
  const auto* kernels = Table<tenon_kernel_interface>(small, "kernel");
  EXPECT_EQ(kernels->layouts, nullptr);
  EXPECT_EQ(kernels->descriptors(small, &list, &count).code, TENON_OK);
  ASSERT_EQ(count, 1u);
  EXPECT_STREQ(list[0]->op, "Neg");
  small->destroy(small);
}

TEST(Backend, ObjectsOfTwoHostsShareNothing) {
  TestHost a, b;
  tenon_backend* first = new Small(sdk::Host(&a));
  tenon_backend* second = new Small(sdk::Host(&b));
  const auto descriptor = [](tenon_backend* backend) {
    const tenon_kernel_descriptor* const* list = nullptr;
    uint32_t count = 0;
    Table<tenon_kernel_interface>(backend, "kernel")->descriptors(backend, &list, &count);
    return static_cast<const sdk::HostedDescriptor*>(list[0]);
  };
  EXPECT_EQ(descriptor(first)->host.table(), &a);
  EXPECT_EQ(descriptor(second)->host.table(), &b);
  first->destroy(first);
  second->destroy(second);
}

TEST(Backend, DevicesMemoryAndOptions) {
  TestHost host;
  auto* large = new Large(sdk::Host(&host));
  const auto* devices = Table<tenon_device_interface>(large, "device");
  const tenon_option* const* options = nullptr;
  const tenon_device_info* const* infos = nullptr;
  uint32_t count = 0;
  devices->options(large, &options, &count);
  ASSERT_EQ(count, 1u);
  EXPECT_STREQ(options[0]->choices[1], "b");
  for (int i = 0; i < 2; ++i) ASSERT_EQ(devices->enumerate(large, &infos, &count).code, TENON_OK);
  EXPECT_EQ(large->asked, 1);
  ASSERT_EQ(count, 2u);
  ASSERT_EQ(infos[0]->memory_kind_count, 1u);
  EXPECT_EQ(infos[0]->memory_kinds[0]->alignment, 256u);
  EXPECT_EQ(infos[1]->memory_kind_count, 0u);

  tenon_device* device = nullptr;
  const tenon_status none = devices->open(large, 2, &device);
  EXPECT_EQ(none.code, TENON_NOT_FOUND);
  EXPECT_EQ(host.Take(none), "there is no device 2");
  ASSERT_EQ(devices->open(large, 0, &device).code, TENON_OK);

  const auto* memory = Table<tenon_memory_interface>(large, "memory");
  EXPECT_EQ(memory->trim, nullptr);
  tenon_buffer* buffer = nullptr;
  void* base = nullptr;
  EXPECT_EQ(memory->allocate(device, 1, 2000, 64, nullptr, &buffer, &base).code,
            TENON_OUT_OF_MEMORY);
  ASSERT_EQ(memory->allocate(device, 1, 100, 64, nullptr, &buffer, &base).code, TENON_OK);
  void* mapped = nullptr;
  EXPECT_EQ(memory->map(device, buffer, 8, 8, TENON_ACCESS_WRITE, nullptr, 0, 0, &mapped).code,
            TENON_OK);
  EXPECT_EQ(mapped, static_cast<char*>(base) + 8);
  EXPECT_EQ(memory->unmap(device, buffer, mapped, nullptr).code, TENON_OK);
  memory->free(device, buffer, nullptr, 0);
  memory->free(device, nullptr, nullptr, 0);
  devices->close(device);
  large->destroy(large);
}

TEST(Backend, OperatorsInferShapes) {
  TestHost host;
  tenon_backend* large = new Large(sdk::Host(&host));
  const tenon_operator* const* list = nullptr;
  uint32_t count = 0;
  ASSERT_EQ(
      Table<tenon_operators_interface>(large, "operators")->operators(large, &list, &count).code,
      TENON_OK);
  ASSERT_EQ(count, 1u);
  EXPECT_STREQ(list[0]->attributes[0], "scale");
  const TestValue x("x", TENON_FLOAT16, {4, -2});
  const TestNode node("Twice", {&x}, {&x});
  tenon_shape shape{};
  ASSERT_EQ(list[0]->infer(list[0], large, &node, &shape).code, TENON_OK);
  EXPECT_EQ(shape.dtype, TENON_FLOAT16);
  ASSERT_EQ(shape.rank, 2);
  EXPECT_EQ(shape.dims[1], -2);
  large->destroy(large);
}

class Negotiation : public testing::Test {
 protected:
  int32_t Offer(uint32_t major, uint32_t least, uint32_t most) {
    const tenon_offer offer{
        TENON_SIZE_TO(tenon_offer, host_version), major, least, most, TENON_SANITIZER, 0, "test"};
    answer_.struct_size = TENON_SIZE_TO(tenon_answer, reason_size);
    answer_.reason = reason_;
    answer_.reason_size = sizeof(reason_);
    return sdk::Negotiate<Small>(&offer, &answer_, {"small", "1.2", "somebody"});
  }
  tenon_answer answer_{};
  char reason_[64] = "";
};

TEST_F(Negotiation, ChoosesTheNewestThatBothKnow) {
  EXPECT_EQ(Offer(0, 1, 99), 0);
  EXPECT_EQ(answer_.abi_minor, TENON_ABI_MINOR);
  EXPECT_STREQ(answer_.name, "small");
  TestHost host;
  tenon_backend* backend = nullptr;
  ASSERT_EQ(answer_.create(&host, &backend).code, TENON_OK);
  backend->destroy(backend);
}

TEST_F(Negotiation, RefusesWithAReasonThatFits) {
  EXPECT_NE(Offer(1, 0, 5), 0);
  EXPECT_EQ(std::string(reason_).substr(0, 29), "small 1.2 is built for Tenon'");
  EXPECT_EQ(std::string(reason_).size(), sizeof(reason_) - 1);  // cut to the buffer
  EXPECT_NE(Offer(0, TENON_ABI_MINOR + 1, TENON_ABI_MINOR + 3), 0);
  EXPECT_EQ(answer_.create, nullptr);
}

}  // namespace
}  // namespace tenon::sdk_test

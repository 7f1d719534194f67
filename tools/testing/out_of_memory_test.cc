// A host without memory: each allocation of opening a model and of running it fails in turn, alone or with all that follow.
// Each ends in an error, nothing ends the process or hangs, and what comes after it is right.
// TENON_TEST_MODELS is the folder that control_flow.py writes; TENON_TEST_FAULT_STEP=N takes each N-th allocation only.
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <new>

#include "fault_step.h"
#include "tenon/runtime/tenon.hpp"

namespace {

constexpr int64_t kNever = -1;
// Of this thread: how many allocations succeed before the one that fails. Threads of queues and pools are not meant.
thread_local int64_t before_failure = kNever;
thread_local bool stays = false;  // all that follow fail, too
thread_local bool failed = false;

void* Allocate(size_t size, size_t alignment) noexcept {
  if (before_failure == 0) {
    failed = true;
    if (!stays) before_failure = kNever;
    return nullptr;
  }
  if (before_failure != kNever) --before_failure;
  return alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__
             ? std::malloc(size)
             : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

void* AllocateOrThrow(size_t size, size_t alignment = 1) {
  void* memory = Allocate(size, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(size_t size) { return AllocateOrThrow(size); }
void* operator new[](size_t size) { return AllocateOrThrow(size); }
void* operator new(size_t size, const std::nothrow_t&) noexcept { return Allocate(size, 1); }
void* operator new[](size_t size, const std::nothrow_t&) noexcept { return Allocate(size, 1); }
void* operator new(size_t size, std::align_val_t alignment) {
  return AllocateOrThrow(size, static_cast<size_t>(alignment));
}
void* operator new[](size_t size, std::align_val_t alignment) {
  return AllocateOrThrow(size, static_cast<size_t>(alignment));
}
void* operator new(size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return Allocate(size, static_cast<size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }

namespace tenon {
namespace {

// Calls `action` until it runs through: allocation 0 fails, then that of the next step. Returns how many failed.
int FailEach(bool all_that_follow, const std::function<void()>& action,
             const std::function<void(int64_t)>& afterwards) {
  const int step = FaultStep();
  for (int count = 0;; ++count) {
    const int64_t allocation = int64_t{count} * step;
    std::string message;
    failed = false;
    stays = all_that_follow;
    before_failure = allocation;
    bool refused = false;
    try {
      action();
    } catch (const Error& error) {
      before_failure = kNever;
      refused = true;
      // A backend that has no memory to say what it takes, takes nothing; the message says so.
      const bool named = std::string(error.what()).find("OUT_OF_MEMORY") != std::string::npos;
      EXPECT_TRUE(error.code() == TENON_OUT_OF_MEMORY || named)
          << "allocation " << allocation << ": " << error.code() << " " << error.what();
    } catch (const std::bad_alloc&) {  // of the C++ layer, which stands in this program
      refused = true;
    }
    before_failure = kNever;
    if (!failed) {
      EXPECT_FALSE(refused);
      return count;
    }
    afterwards(allocation);
    if (::testing::Test::HasFailure()) return count;
  }
}

struct Case {
  const char* model;
  const char* backends;
  bool all_that_follow;
};

class OutOfMemoryTest : public ::testing::TestWithParam<Case> {
 protected:
  Session Open() {
    const char* folder = std::getenv("TENON_TEST_MODELS");
    SessionOptions options;
    options.backends = GetParam().backends;
    return Session(runtime_, std::string(folder ? folder : ".") + "/" + GetParam().model + ".onnx",
                   options);
  }
  // The bytes of all outputs but strings.
  static std::string Values(const Session& session, const Binding& binding) {
    std::string values;
    for (uint32_t o = 0; o < session.outputs().size(); ++o) {
      const tenon_tensor_info info = binding.output_info(o);
      std::string some(info.bytes, '\0');
      if (info.bytes != 0) Check(tenon_tensor_read(binding.output(o), some.data(), info.bytes));
      values += some;
    }
    return values;
  }
  Binding Bind(const Session& session) {
    Binding binding(session);
    const std::vector<ValueInfo> inputs = session.inputs();
    for (uint32_t i = 0; i < inputs.size(); ++i) {
      binding.SetInput(i,
                       inputs[i].dims.empty() ? Tensor::Wrap(limit_, {}) : Tensor::Wrap(x_, {3}));
    }
    return binding;
  }
  std::string RunAnew() {
    const Session session = Open();
    Binding binding = Bind(session);
    binding.Run();
    return Values(session, binding);
  }

  std::vector<float> x_{1, -2, 3}, limit_{0.5f};
  Runtime runtime_{RuntimeOptions{.threads = 1}};
};

TEST_P(OutOfMemoryTest, EachAllocationEndsInAnErrorAndWhatFollowsIsRight) {
  const std::string expected = RunAnew();
  ASSERT_FALSE(expected.empty());

  const int opened = FailEach(
      GetParam().all_that_follow, [&] { Open(); }, [](int64_t) {});
  EXPECT_EQ(RunAnew(), expected);

  // First runs, which plan: each in a session of its own.
  auto session = std::make_unique<Session>(Open());
  auto binding = std::make_unique<Binding>(Bind(*session));
  const int ran = FailEach(
      GetParam().all_that_follow, [&] { binding->Run(); },
      [&](int64_t allocation) {
        binding->Run();
        EXPECT_EQ(Values(*session, *binding), expected) << "after allocation " << allocation;
        session = std::make_unique<Session>(Open());
        binding = std::make_unique<Binding>(Bind(*session));
      });
  EXPECT_EQ(Values(*session, *binding), expected);
  std::printf("%s on %s: %d allocations of opening it failed, %d of running it\n", GetParam().model,
              GetParam().backends, opened, ran);
  EXPECT_GT(opened, 0);
  EXPECT_GT(ran, 0);
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const char* model : {"branch", "loop_that_grows", "loops_in_branches", "sequence_in_loop",
                            "texts_of_numbers", "function_with_branches"}) {
    for (const char* backends : {"reference", "simulator,reference"}) {
      for (const bool all_that_follow : {false, true})
        cases.push_back({model, backends, all_that_follow});
    }
  }
  return cases;
}
INSTANTIATE_TEST_SUITE_P(Models, OutOfMemoryTest, ::testing::ValuesIn(Cases()),
                         [](const auto& info) {
                           const bool queue = std::string(info.param.backends) != "reference";
                           return std::string(info.param.model) + (queue ? "_simulator" : "") +
                                  (info.param.all_that_follow ? "_from_then_on" : "");
                         });

}  // namespace
}  // namespace tenon

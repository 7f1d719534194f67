// From the second run of a program of known shapes on, nothing is allocated: operator new and
// malloc are counted.
#include <dlfcn.h>

#include <cstdlib>
#include <new>

#include "fixture.h"

namespace {

std::atomic<bool> counting{false};
std::atomic<int64_t> allocations{0};
// Not used where a sanitizer owns malloc.
[[maybe_unused]] void Count() {
  if (counting.load(std::memory_order_relaxed)) allocations.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define TENON_COUNTS_ALLOCATIONS 1
extern "C" void* __libc_malloc(size_t size);
extern "C" void* __libc_calloc(size_t count, size_t size);
extern "C" void* __libc_realloc(void* memory, size_t size);
extern "C" void* __libc_memalign(size_t alignment, size_t size);
extern "C" void* malloc(size_t size) noexcept {
  Count();
  return __libc_malloc(size);
}
extern "C" void* calloc(size_t count, size_t size) noexcept {
  Count();
  return __libc_calloc(count, size);
}
extern "C" void* realloc(void* memory, size_t size) noexcept {
  Count();
  return __libc_realloc(memory, size);
}
extern "C" void* aligned_alloc(size_t alignment, size_t size) noexcept {
  Count();
  return __libc_memalign(alignment, size);
}
#endif

namespace tenon::execution::testing {
namespace {

TEST_F(ExecutionTest, AllocatesNothingFromTheSecondRunOn) {
#ifndef TENON_COUNTS_ALLOCATIONS
  GTEST_SKIP() << "the sanitizer owns malloc";
#endif
  auto executable = Make(NegChain("fake", 50, {16}));
  std::vector<float> x(16, 1.0f), y(16);
  Binding binding(executable);
  TENON_EXPECT_OK(binding.SetInput(0, Wrap(x, {16})));
  TENON_EXPECT_OK(binding.SetOutput(0, Wrap(y, {16})));
  TENON_EXPECT_OK(binding.Run({}));
  allocations = 0;
  counting = true;
  int failed = 0;
  for (int run = 0; run < 10; ++run) failed += !binding.Run({}).ok();
  counting = false;
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(allocations.load(), 0);
  counting = true;
  std::free(std::malloc(1));
  counting = false;
  EXPECT_GE(allocations.load(), 1);  // the hook works
}

// Sizes that are data, too, where they are the same again.
TEST_F(ExecutionTest, AllocatesNothingWhereSizesRepeat) {
#ifndef TENON_COUNTS_ALLOCATIONS
  GTEST_SKIP() << "the sanitizer owns malloc";
#endif
  ProgramBuilder builder("fake");
  const uint32_t few = builder.Few(builder.Input("x", {16}), "few");
  const uint32_t negative = builder.Kernel("Neg", {few}, "v", {1, kUnknownDim});
  builder.Output(builder.Kernel("Add", {negative, few}, "y", {1, kUnknownDim}));
  builder.Output(few);
  auto executable = Make(builder.Build());
  std::vector<float> x(16, 1.0f);
  Binding binding(executable);
  TENON_EXPECT_OK(binding.SetInput(0, Wrap(x, {16})));
  TENON_EXPECT_OK(binding.Run({}));
  TENON_EXPECT_OK(binding.Run({}));
  allocations = 0;
  counting = true;
  int failed = 0;
  for (int run = 0; run < 10; ++run) failed += !binding.Run({}).ok();
  counting = false;
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(allocations.load(), 0);
  EXPECT_EQ(Output(binding, 0), std::vector<float>(16, 0.0f));
}

}  // namespace
}  // namespace tenon::execution::testing

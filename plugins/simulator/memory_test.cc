// The three memory kinds: what the host may touch and when, limits, reuse, frees behind fences.
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <numeric>

#include "testing/simulator.h"

namespace tenon::simulator::testing {
namespace {

constexpr uint32_t kLocked = 1, kHandle = 2, kUnified = 3;

// Whether this process may read a byte, found out by the kernel reading it: no signal is raised.
bool CanRead(const void* address) {
  int ends[2];
  if (pipe(ends) != 0) return false;
  const bool readable = write(ends[1], address, 1) == 1;
  if (!readable) {
    EXPECT_EQ(errno, EFAULT);
  }
  close(ends[0]);
  close(ends[1]);
  return readable;
}

class EachKind : public ::testing::TestWithParam<const char*> {
 protected:
  Simulator simulator_{{{"memory", GetParam()}}};
};
INSTANTIATE_TEST_SUITE_P(Kinds, EachKind, ::testing::Values("locked", "handle", "unified"));

TEST_P(EachKind, IsTheDefaultAndTheOthersAreListed) {
  EXPECT_STREQ(simulator_.device().default_memory()->name, GetParam());
  EXPECT_EQ(simulator_.device().info().memory_kind_count, 3u);
  for (const uint32_t kind : {kLocked, kHandle, kUnified})
    EXPECT_NE(simulator_.device().FindMemory(kind), nullptr);
}

TEST_P(EachKind, GivesABaseWhereItIsAddressable) {
  Buffer buffer(simulator_, 1000);
  const bool addressable =
      (simulator_.device().default_memory()->flags & TENON_MEMORY_ADDRESSABLE) != 0;
  EXPECT_EQ(buffer.base() != nullptr, addressable);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.base()) % 256, 0u);
}

TEST_P(EachKind, KeepsWhatIsWrittenThroughMappings) {
  Buffer buffer(simulator_, 10'000);
  std::vector<uint8_t> all(10'000), part(100, 0xAB);
  std::iota(all.begin(), all.end(), uint8_t{0});
  buffer.Write(all.data(), all.size());
  buffer.Write(part.data(), part.size(), 4090);
  std::copy(part.begin(), part.end(), all.begin() + 4090);
  EXPECT_EQ(buffer.Read<uint8_t>(all.size()), all);
}

TEST_P(EachKind, IsPoisonedWhenItIsNew) {
  Buffer buffer(simulator_, 64);
  EXPECT_EQ(buffer.Read<uint8_t>(64), std::vector<uint8_t>(64, 0xFF));
}

TEST_P(EachKind, RefusesWhatIsTooLargeOrMakesNoSense) {
  const auto allocate = [&](uint64_t size, uint64_t alignment, uint32_t kind) {
    tenon_buffer* buffer = nullptr;
    void* base = nullptr;
    return simulator_.Take(simulator_.memory().allocate(simulator_.handle(), kind, size, alignment,
                                                        nullptr, &buffer, &base));
  };
  const uint32_t kind = simulator_.default_kind();
  const uint64_t largest = simulator_.device().default_memory()->largest_allocation;
  EXPECT_EQ(allocate(largest + 1, 64, kind).code(), Code::kOutOfMemory);
  EXPECT_EQ(allocate(0, 64, kind).code(), Code::kInvalidArgument);
  EXPECT_EQ(allocate(64, 48, kind).code(), Code::kInvalidArgument);
  EXPECT_EQ(allocate(64, 64, 4).code(), Code::kInvalidArgument);
}

TEST_P(EachKind, AlignsBeyondPages) {
  tenon_buffer* buffer = nullptr;
  void* base = nullptr;
  ASSERT_TRUE(simulator_
                  .Take(simulator_.memory().allocate(simulator_.handle(), simulator_.default_kind(),
                                                     5000, 65536, nullptr, &buffer, &base))
                  .ok());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(base) % 65536, 0u);
  simulator_.memory().free(simulator_.handle(), buffer, nullptr, 0);
}

TEST_P(EachKind, CountsAndReusesAndTrims) {
  const uint32_t kind = simulator_.default_kind();
  const auto stats = [&] {
    tenon_memory_stats stats{};
    stats.struct_size = TENON_SIZE_TO(tenon_memory_stats, allocation_count);
    EXPECT_TRUE(simulator_.Take(simulator_.memory().stats(simulator_.handle(), kind, &stats)).ok());
    return stats;
  };
  {
    Buffer a(simulator_, 1000), b(simulator_, 500);
    EXPECT_EQ(stats().bytes_in_use, 1500u);
  }
  EXPECT_EQ(stats().bytes_in_use, 0u);
  EXPECT_EQ(stats().peak_bytes_in_use, 1500u);
  EXPECT_EQ(stats().allocation_count, 2u);
  EXPECT_EQ(stats().bytes_reserved, kind == kUnified ? 0u : 1500u);
  {
    Buffer again(simulator_, 1000);
    EXPECT_EQ(again.Read<uint8_t>(8), std::vector<uint8_t>(8, 0xFF));
  }
  ASSERT_TRUE(simulator_.Take(simulator_.memory().trim(simulator_.handle())).ok());
  EXPECT_EQ(stats().bytes_reserved, 0u);
}

TEST_P(EachKind, FreesBehindTheFence) {
  Timeline timeline(simulator_);
  Queue queue(simulator_);
  Buffer buffer(simulator_, 4096), result(simulator_, 4096);
  ASSERT_TRUE(queue.Fill(buffer, 7).ok());
  ASSERT_TRUE(queue.Copy(buffer.At(), result.At(), 4096).ok());
  ASSERT_TRUE(queue.Signal(timeline.At(1)).ok());
  const tenon_fence fence = timeline.At(1);
  simulator_.memory().free(simulator_.handle(), buffer.release(), &fence, 1);
  tenon_memory_stats stats{};
  ASSERT_TRUE(
      simulator_
          .Take(simulator_.memory().stats(simulator_.handle(), simulator_.default_kind(), &stats))
          .ok());
  EXPECT_EQ(stats.bytes_in_use, 8192u);
  ASSERT_TRUE(queue.Submit().ok());
  ASSERT_TRUE(timeline.Wait(1).ok());
  EXPECT_EQ(result.Read<uint32_t>(1024), std::vector<uint32_t>(1024, 7));
  ASSERT_TRUE(simulator_.Take(simulator_.memory().trim(simulator_.handle())).ok());
  ASSERT_TRUE(
      simulator_
          .Take(simulator_.memory().stats(simulator_.handle(), simulator_.default_kind(), &stats))
          .ok());
  EXPECT_EQ(stats.bytes_in_use, 4096u);
}

TEST_P(EachKind, WorkOnAFreedBufferFails) {
  Queue queue(simulator_);
  Buffer kept(simulator_, 64);
  auto freed = std::make_unique<Buffer>(simulator_, 64);
  ASSERT_TRUE(queue.Copy(freed->At(), kept.At(), 64).ok());
  freed.reset();
  const tenon::Status status = queue.Finish();
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_NE(status.message().find("freed before"), std::string_view::npos) << status.ToString();
}

TEST_P(EachKind, MapWaitsForFencesAndNoLongerThanItIsTold) {
  Timeline timeline(simulator_);
  Buffer buffer(simulator_, 64);
  const tenon_fence fence = timeline.At(1);
  void* pointer = nullptr;
  const auto map = [&](uint64_t timeout_ns) {
    return simulator_.Take(simulator_.memory().map(simulator_.handle(), buffer.handle(), 0, 64,
                                                   TENON_ACCESS_READ, &fence, 1, timeout_ns,
                                                   &pointer));
  };
  EXPECT_EQ(map(1'000'000).code(), Code::kDeadlineExceeded);
  EXPECT_EQ(pointer, nullptr);
  Queue queue(simulator_);
  ASSERT_TRUE(queue.Fill(buffer, 9).ok());
  ASSERT_TRUE(queue.Signal(fence).ok());
  ASSERT_TRUE(queue.Submit().ok());
  ASSERT_TRUE(map(UINT64_MAX).ok());
  EXPECT_EQ(*static_cast<uint32_t*>(pointer), 9u);
  EXPECT_TRUE(
      simulator_
          .Take(simulator_.memory().unmap(simulator_.handle(), buffer.handle(), pointer, nullptr))
          .ok());
  EXPECT_EQ(
      simulator_
          .Take(simulator_.memory().unmap(simulator_.handle(), buffer.handle(), pointer, nullptr))
          .code(),
      Code::kInvalidArgument);
}

TEST_P(EachKind, QueuesDoNotTouchWhatTheHostHasMapped) {
  Buffer buffer(simulator_, 3 * 4096), other(simulator_, 64);
  void* pointer = nullptr;
  ASSERT_TRUE(simulator_
                  .Take(simulator_.memory().map(simulator_.handle(), buffer.handle(), 4096 + 8, 8,
                                                TENON_ACCESS_READ, nullptr, 0, 0, &pointer))
                  .ok());
  Queue queue(simulator_);
  const auto copy_at = [&](uint64_t offset) {
    EXPECT_TRUE(queue.Copy(buffer.At(offset), other.At(), 8).ok());
    return queue.Finish().code();
  };
  const bool coherent = simulator_.default_kind() == kUnified;
  const bool pages = simulator_.default_kind() == kLocked;
  EXPECT_EQ(copy_at(4096 + 12), coherent ? Code::kOk : Code::kFailedPrecondition);
  EXPECT_EQ(copy_at(4096 + 64), pages ? Code::kFailedPrecondition : Code::kOk);
  EXPECT_EQ(copy_at(0), Code::kOk);
  EXPECT_EQ(copy_at(8192), Code::kOk);
  ASSERT_TRUE(
      simulator_
          .Take(simulator_.memory().unmap(simulator_.handle(), buffer.handle(), pointer, nullptr))
          .ok());
  EXPECT_EQ(copy_at(4096 + 12), Code::kOk);
}

TEST(Locked, PagesFaultUnlessTheyAreMapped) {
  Simulator simulator{{{"memory", "locked"}}};
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  Buffer buffer(simulator, 3 * page);
  for (uint64_t at = 0; at < 3 * page; at += page) EXPECT_FALSE(CanRead(buffer.base() + at)) << at;
  const auto& api = simulator.memory();
  void *middle = nullptr, *first = nullptr;
  const auto map = [&](uint64_t offset, uint64_t size, void** out) {
    return simulator.Take(api.map(simulator.handle(), buffer.handle(), offset, size,
                                  TENON_ACCESS_READ, nullptr, 0, 0, out));
  };
  ASSERT_TRUE(map(page + 10, 4, &middle).ok());
  EXPECT_EQ(middle, buffer.base() + page + 10);
  EXPECT_FALSE(CanRead(buffer.base()));
  EXPECT_TRUE(CanRead(buffer.base() + page));
  EXPECT_FALSE(CanRead(buffer.base() + 2 * page));
  ASSERT_TRUE(map(page - 4, 8, &first).ok());
  EXPECT_TRUE(CanRead(buffer.base()));
  ASSERT_TRUE(simulator.Take(api.unmap(simulator.handle(), buffer.handle(), middle, nullptr)).ok());
  EXPECT_TRUE(CanRead(buffer.base() + page)) << "the other mapping needs it";
  ASSERT_TRUE(simulator.Take(api.unmap(simulator.handle(), buffer.handle(), first, nullptr)).ok());
  EXPECT_FALSE(CanRead(buffer.base()));
  EXPECT_FALSE(CanRead(buffer.base() + page));
}

TEST(Locked, AMappingForReadingCannotBeWritten) {
  Simulator simulator{{{"memory", "locked"}}};
  Buffer buffer(simulator, 64);
  void* pointer = nullptr;
  ASSERT_TRUE(simulator
                  .Take(simulator.memory().map(simulator.handle(), buffer.handle(), 0, 64,
                                               TENON_ACCESS_READ, nullptr, 0, 0, &pointer))
                  .ok());
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "x", 1), 1);
  EXPECT_EQ(read(ends[0], pointer, 1), -1);
  EXPECT_EQ(errno, EFAULT);
  close(ends[0]);
  close(ends[1]);
  ASSERT_TRUE(
      simulator
          .Take(simulator.memory().unmap(simulator.handle(), buffer.handle(), pointer, nullptr))
          .ok());
}

TEST(Handle, ChargesStagingCopiesToTheHost) {
  Simulator simulator{{{"memory", "handle"}}};
  Buffer buffer(simulator, 1 << 20);
  EXPECT_EQ(simulator.backend().host_bytes(), 0u);
  void* pointer = nullptr;
  const auto& api = simulator.memory();
  ASSERT_TRUE(simulator
                  .Take(api.map(simulator.handle(), buffer.handle(), 0, 4096, TENON_ACCESS_READ,
                                nullptr, 0, 0, &pointer))
                  .ok());
  EXPECT_GE(simulator.backend().host_bytes(), 4096u);
  ASSERT_TRUE(
      simulator.Take(api.unmap(simulator.handle(), buffer.handle(), pointer, nullptr)).ok());
  EXPECT_EQ(simulator.backend().host_bytes(), 0u);
}

TEST(Unified, ImportsAlignedHostMemory) {
  Simulator simulator{{{"memory", "unified"}}};
  alignas(64) static uint32_t memory[64];
  tenon_external_memory external{};
  external.struct_size = TENON_SIZE_TO(tenon_external_memory, size);
  external.kind = TENON_EXTERNAL_HOST_POINTER;
  external.pointer = memory;
  external.size = sizeof memory;
  tenon_buffer* buffer = nullptr;
  void* base = nullptr;
  const auto& api = simulator.memory();
  EXPECT_EQ(
      simulator.Take(api.import_memory(simulator.handle(), kHandle, &external, &buffer, &base))
          .code(),
      Code::kUnsupported);
  ASSERT_TRUE(
      simulator.Take(api.import_memory(simulator.handle(), kUnified, &external, &buffer, &base))
          .ok());
  EXPECT_EQ(base, memory);
  Queue queue(simulator);
  const tenon_location to{buffer, nullptr, 0};
  const uint32_t pattern = 5;
  ASSERT_TRUE(
      simulator.Take(simulator.queue().fill(queue.handle(), &to, sizeof memory, &pattern, 4)).ok());
  ASSERT_TRUE(queue.Finish().ok());
  EXPECT_EQ(memory[63], 5u);
  api.free(simulator.handle(), buffer, nullptr, 0);
  external.pointer = reinterpret_cast<std::byte*>(memory) + 4;
  external.size = 8;
  EXPECT_EQ(
      simulator.Take(api.import_memory(simulator.handle(), kUnified, &external, &buffer, &base))
          .code(),
      Code::kUnsupported);
}

TEST(Memory, HasACapacityAndALargestAllocation) {
  Simulator simulator{{{"capacity", "10000"}, {"largest_allocation", "8192"}}};
  EXPECT_EQ(simulator.device().default_memory()->largest_allocation, 8192u);
  EXPECT_THROW(Buffer(simulator, 8193), std::runtime_error);
  Buffer first(simulator, 8000);
  EXPECT_THROW(Buffer(simulator, 4000), std::runtime_error);
  Buffer second(simulator, 2000);
}

}  // namespace
}  // namespace tenon::simulator::testing

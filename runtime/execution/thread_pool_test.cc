#include "tenon/execution/thread_pool.h"

#include <gtest/gtest.h>

#include <numeric>

namespace tenon::execution {
namespace {

template <typename F>
void For(ThreadPool& pool, int64_t total, int64_t chunk, F f) {
  pool.ParallelFor(
      total, chunk, [](void* c, int64_t b, int64_t e) { (*static_cast<F*>(c))(b, e); }, &f);
}

TEST(ThreadPool, VisitsEveryIndexOnce) {
  for (uint32_t threads : {1u, 2u, 4u, 7u}) {
    ThreadPool pool(threads);
    for (int64_t total : {0, 1, 5, 64, 1000}) {
      std::vector<std::atomic<int>> seen(static_cast<size_t>(total));
      For(pool, total, 3, [&](int64_t b, int64_t e) {
        for (int64_t i = b; i < e; ++i) ++seen[static_cast<size_t>(i)];
      });
      for (auto& s : seen) EXPECT_EQ(s.load(), 1);
    }
  }
}

TEST(ThreadPool, ChunksDoNotDependOnThreads) {
  auto chunks = [](uint32_t threads) {
    ThreadPool pool(threads);
    std::vector<int64_t> ends(100, 0);
    For(pool, 97, 10, [&](int64_t b, int64_t e) { ends[static_cast<size_t>(b)] = e; });
    return ends;
  };
  EXPECT_EQ(chunks(1), chunks(4));
}

TEST(ThreadPool, NestedCallsRunOnTheSameThread) {
  ThreadPool pool(4);
  std::atomic<int> wrong{0};
  For(pool, 8, 1, [&](int64_t, int64_t) {
    const auto me = std::this_thread::get_id();
    For(pool, 8, 1, [&](int64_t, int64_t) { wrong += std::this_thread::get_id() != me; });
  });
  EXPECT_EQ(wrong.load(), 0);
}

TEST(ThreadPool, StartsNoThreadBeforeItHasWork) {
  ThreadPool pool(4);
  EXPECT_EQ(pool.started_threads(), 0u);
  For(pool, 4, 4, [](int64_t, int64_t) {});
  EXPECT_EQ(pool.started_threads(), 0u);
  For(pool, 4, 1, [](int64_t, int64_t) {});
  EXPECT_EQ(pool.started_threads(), 3u);
}

TEST(ThreadPool, ServesSeveralCallersAtOnce) {
  ThreadPool pool(3);
  std::vector<std::thread> callers;
  std::atomic<int64_t> sum{0};
  for (int t = 0; t < 4; ++t) {
    callers.emplace_back([&] {
      for (int round = 0; round < 200; ++round)
        For(pool, 50, 7, [&](int64_t b, int64_t e) { sum += e - b; });
    });
  }
  for (auto& c : callers) c.join();
  EXPECT_EQ(sum.load(), 4 * 200 * 50);
}

TEST(ThreadPool, FinishesTasksBeforeItEnds) {
  std::atomic<int> done{0};
  {
    ThreadPool pool(1);
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(pool.Submit([&] { ++done; }).ok());
  }
  EXPECT_EQ(done.load(), 20);
}

}  // namespace
}  // namespace tenon::execution

#include "bench/load.h"

#include <fmt/format.h>
#include <sys/prctl.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <exception>
#include <system_error>
#include <thread>

#include "bench/core_wait.h"
#include "bench/statistics.h"
#include "failure.h"

namespace tenon::tools {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

double Between(Clock::time_point begin, Clock::time_point end) {
  return Milliseconds(end - begin).count();
}

}  // namespace

struct Streams::Caller {
  Binding& binding;
  Clock::time_point begin;  // of all callers
  std::atomic<bool>& stop;  // one of them has failed
  std::vector<RunSample> runs = {};
  tenon_run_times times = TENON_INIT(tenon_run_times);
  Clock::time_point end = {};
  double core_wait_ms = 0;
  std::exception_ptr failure = nullptr;

  void Run(Clock::time_point from, bool late) {
    RunOptions options;
    options.times = &times;
    const auto start = Clock::now();
    binding.Run(options);
    end = Clock::now();
    runs.push_back({Between(from, end), Between(from, start),
                    static_cast<double>(times.copy_in_ns) * 1e-6,
                    static_cast<double>(times.compute_ns) * 1e-6,
                    static_cast<double>(times.copy_out_ns) * 1e-6, late});
  }
};

std::vector<double> Arrivals(double rate, double seconds, bool poisson) {
  std::vector<double> moments;
  Random random(1);
  const double distance = 1e3 / rate;
  for (double at = poisson ? random.Exponential(distance) : 0; at < seconds * 1e3;) {
    moments.push_back(at);
    at += poisson ? random.Exponential(distance) : distance;
  }
  return moments;
}

Streams::Streams(const Session& session, std::vector<HostTensor>& inputs, uint32_t count) {
  for (uint32_t s = 0; s < count; ++s) {
    bindings_.push_back(std::make_unique<Binding>(session));
    for (uint32_t i = 0; i < inputs.size(); ++i) bindings_[s]->SetInput(i, inputs[i].Wrap());
  }
}

LoadResult Streams::InParallel(const std::function<void(Caller&)>& work) {
  std::atomic<bool> stop = false;
  std::vector<Caller> callers;
  const auto count = static_cast<ptrdiff_t>(bindings_.size());
  for (const auto& binding : bindings_) callers.push_back({*binding, {}, stop});
  const auto call = [&](Caller& caller) {
    try {
      const CoreWait wait;
      const double before = wait.Milliseconds();
      work(caller);
      caller.core_wait_ms = wait.Milliseconds() - before;
    } catch (...) {
      caller.failure = std::current_exception();
      stop = true;
    }
  };
  Clock::time_point begin;
  if (count == 1) {
    begin = callers[0].begin = Clock::now();
    call(callers[0]);
  } else {
    std::barrier together(count, [&]() noexcept {
      begin = Clock::now();
      for (Caller& caller : callers) caller.begin = begin;
    });
    std::vector<std::jthread> threads;
    try {
      for (Caller& caller : callers) {
        threads.emplace_back([&] {
          together.arrive_and_wait();
          call(caller);
        });
      }
    } catch (const std::system_error& error) {
      stop = true;
      for (size_t c = threads.size(); c < callers.size(); ++c) together.arrive_and_drop();
      throw Failure(kBackendFailed, fmt::format("caller {} of {} gets no thread: {}",
                                                threads.size() + 1, count, error.what()));
    }
  }
  LoadResult result;
  Clock::time_point end = begin;
  for (uint32_t c = 0; c < callers.size(); ++c) {
    Caller& caller = callers[c];
    if (caller.failure) std::rethrow_exception(caller.failure);
    result.runs.insert(result.runs.end(), caller.runs.begin(), caller.runs.end());
    if (!caller.runs.empty()) result.busy_ms += Between(begin, caller.end);
    result.core_wait_ms += caller.core_wait_ms;
    if (caller.end <= end) continue;
    end = caller.end;
    last_ = c;
    result.copies = caller.times.copy_count;
    result.copied_bytes = caller.times.copied_bytes;
  }
  result.elapsed_ms = Between(begin, end);
  return result;
}

LoadResult Streams::Closed(double seconds, size_t least) {
  std::atomic<size_t> done = 0;
  return InParallel([&](Caller& caller) {
    auto next = Clock::now();
    do {
      caller.Run(next, false);
      next = caller.end;
      ++done;
    } while (!caller.stop && (done < least || Between(caller.begin, next) < seconds * 1e3));
  });
}

LoadResult Streams::Open(std::span<const double> arrivals_ms, double patience) {
  std::atomic<size_t> next = 0;
  LoadResult result = InParallel([&](Caller& caller) {
    // Sleeping ends up to 50 us late otherwise.
    const int slack = prctl(PR_GET_TIMERSLACK);
    prctl(PR_SET_TIMERSLACK, 1UL);
    for (size_t i; !caller.stop && (i = next.fetch_add(1)) < arrivals_ms.size();) {
      const auto due =
          caller.begin + std::chrono::duration_cast<Clock::duration>(Milliseconds(arrivals_ms[i]));
      const auto now = Clock::now();
      if (Between(caller.begin, now) > patience * 1e3) break;
      std::this_thread::sleep_until(due);
      caller.Run(due, now > due);
    }
    prctl(PR_SET_TIMERSLACK, static_cast<unsigned long>(std::max(slack, 1)));
  });
  for (size_t i = result.runs.size(); i < arrivals_ms.size(); ++i) {
    const double waited = result.elapsed_ms - arrivals_ms[i];
    result.runs.push_back({.total_ms = waited, .wait_ms = waited, .late = true});
    ++result.unserved;
  }
  return result;
}

}  // namespace tenon::tools

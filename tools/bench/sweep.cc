#include "bench/sweep.h"

#include <fmt/format.h>

#include <charconv>
#include <set>

namespace tenon::tools {
namespace {

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// "1,8" of `option`: whole numbers from 0 to the greatest of the type.
template <typename T>
std::vector<T> ReadNumbers(const std::string& option, const std::string& list,
                           const std::string& example) {
  std::vector<T> numbers;
  for (const std::string& part : Split(list, ',')) {
    T number = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    if (error != std::errc() || end != part.data() + part.size() || number < 0) {
      throw Failure(
          kUsage,
          fmt::format("{}: '{}' is no number that it takes (expected a whole number, or a list "
                      "of them: {})",
                      option, part, example));
    }
    numbers.push_back(number);
  }
  return numbers;
}

struct DimList {
  std::string name;
  std::vector<int64_t> values;
};

std::vector<DimList> ReadDims(const std::vector<std::string>& dims) {
  std::vector<DimList> lists;
  std::set<std::string> names;
  for (const std::string& dim : dims) {
    const size_t equals = dim.rfind('=');
    if (equals == std::string::npos || equals == 0)
      throw Failure(kUsage, fmt::format("--dim '{}': expected NAME=V or NAME=V,V", dim));
    const std::string name = dim.substr(0, equals);
    DimList list{name, ReadNumbers<int64_t>(fmt::format("--dim '{}'", dim), dim.substr(equals + 1),
                                            name + "=1,8")};
    if (!names.insert(list.name).second) {
      throw Failure(kUsage, fmt::format("--dim {} is given twice (a sweep is one list: {}=1,8)",
                                        list.name, list.name));
    }
    lists.push_back(std::move(list));
  }
  return lists;
}

}  // namespace

std::vector<Point> SweepPoints(const BenchFlags& flags) {
  const std::vector<std::string> backends = Split(flags.backends, '\n');
  const std::vector<DimList> dims = ReadDims(flags.dims);
  const std::vector<uint32_t> threads = ReadNumbers<uint32_t>(
      fmt::format("--threads '{}'", flags.thread_list), flags.thread_list, "1,2");
  std::vector<Point> points;
  const auto add = [](std::string& label, const std::string& part) {
    label += (label.empty() ? "" : ", ") + part;
  };
  for (const std::string& list : backends) {
    Point base{.flags = flags, .label = {}};
    base.flags.backends = list;
    base.flags.dims.clear();
    if (backends.size() > 1) add(base.label, list);
    std::vector<Point> some = {base};
    for (const DimList& dim : dims) {
      std::vector<Point> longer;
      for (const Point& point : some) {
        for (const int64_t value : dim.values) {
          Point next = point;
          next.flags.dims.push_back(fmt::format("{}={}", dim.name, value));
          if (dim.values.size() > 1) add(next.label, next.flags.dims.back());
          longer.push_back(std::move(next));
        }
      }
      some = std::move(longer);
    }
    for (const Point& point : some) {
      for (const uint32_t count : threads) {
        Point next = point;
        next.threads = count;
        if (threads.size() > 1) add(next.label, fmt::format("threads {}", count));
        points.push_back(std::move(next));
      }
    }
  }
  return points;
}

}  // namespace tenon::tools

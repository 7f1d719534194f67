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

struct DimList {
  std::string name;
  std::vector<std::string> values;
};

std::vector<DimList> ReadDims(const std::vector<std::string>& dims) {
  std::vector<DimList> lists;
  std::set<std::string> names;
  for (const std::string& dim : dims) {
    const size_t equals = dim.rfind('=');
    if (equals == std::string::npos || equals == 0)
      throw Failure(kUsage, fmt::format("--dim '{}': expected NAME=V or NAME=V,V", dim));
    DimList list{dim.substr(0, equals), Split(dim.substr(equals + 1), ',')};
    for (const std::string& value : list.values) {
      int64_t size = -1;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), size);
      if (error != std::errc() || end != value.data() + value.size() || size < 0) {
        throw Failure(kUsage,
                      fmt::format("--dim '{}': '{}' is no size (expected a whole number, as "
                                  "in {}=1,8)",
                                  dim, value, list.name));
      }
    }
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
        for (const std::string& value : dim.values) {
          Point next = point;
          next.flags.dims.push_back(dim.name + "=" + value);
          if (dim.values.size() > 1) add(next.label, next.flags.dims.back());
          longer.push_back(std::move(next));
        }
      }
      some = std::move(longer);
    }
    for (const Point& point : some) {
      for (const uint32_t threads : flags.thread_list) {
        Point next = point;
        next.threads = threads;
        if (flags.thread_list.size() > 1) add(next.label, fmt::format("threads {}", threads));
        points.push_back(std::move(next));
      }
    }
  }
  return points;
}

}  // namespace tenon::tools

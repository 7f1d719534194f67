#include "npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "failure.h"
#include "files.h"

namespace tenon::tools {
namespace {

constexpr size_t kMostDims = 64;

struct NpyType {
  tenon_dtype dtype;
  const char* name;
};
constexpr NpyType kTypes[] = {
    {TENON_FLOAT32, "<f4"},   {TENON_FLOAT64, "<f8"},     {TENON_FLOAT16, "<f2"},
    {TENON_INT8, "|i1"},      {TENON_UINT8, "|u1"},       {TENON_INT16, "<i2"},
    {TENON_UINT16, "<u2"},    {TENON_INT32, "<i4"},       {TENON_UINT32, "<u4"},
    {TENON_INT64, "<i8"},     {TENON_UINT64, "<u8"},      {TENON_BOOL, "|b1"},
    {TENON_COMPLEX64, "<c8"}, {TENON_COMPLEX128, "<c16"},
};

// The header's text, and where the data begins.
std::pair<std::string, size_t> SplitHeader(const std::string& path, const std::string& bytes) {
  if (bytes.size() < 12 || bytes.compare(0, 6, "\x93NUMPY") != 0) {
    throw Failure(kUsage, fmt::format("{}: not an npy file", path));
  }
  const bool wide = bytes[6] != 1;
  const size_t begin = wide ? 12 : 10;
  uint32_t length = 0;
  std::memcpy(&length, bytes.data() + 8, wide ? 4 : 2);
  if (length > bytes.size() - begin)
    throw Failure(kUsage, fmt::format("{}: the header is cut off", path));
  return {bytes.substr(begin, length), begin + length};
}

// What follows 'key': in the text of a Python dict, as NumPy writes it; empty where the key is missing.
std::string_view ValueOf(std::string_view header, std::string_view key) {
  const size_t at = header.find(fmt::format("'{}':", key));
  if (at == std::string_view::npos) return {};
  header.remove_prefix(at + key.size() + 3);
  header.remove_prefix(std::min(header.find_first_not_of(' '), header.size()));
  return header;
}

// What stands between `open`, with which the text begins, and `close`.
std::optional<std::string_view> Between(std::string_view text, char open, char close) {
  const size_t end = text.find(close, 1);
  if (!text.starts_with(open) || end == std::string_view::npos) return std::nullopt;
  return text.substr(1, end - 1);
}

std::vector<int64_t> ParseShape(const std::string& path, std::string_view text) {
  std::vector<int64_t> dims;
  for (size_t at = 0; at < text.size();) {
    if (text[at] == ' ' || text[at] == ',') {
      ++at;
      continue;
    }
    int64_t dim = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), dim);
    if (error != std::errc() || dim < 0 || dims.size() == kMostDims) {
      throw Failure(kUsage, fmt::format("{}: shape ({}) (expected at most {} sizes)", path,
                                        text.substr(0, 100), kMostDims));
    }
    dims.push_back(dim);
    at = static_cast<size_t>(end - text.data());
  }
  return dims;
}

}  // namespace

HostTensor ReadNpy(const std::string& path) {
  const std::string bytes = ReadFile(path);
  const auto [header, begin] = SplitHeader(path, bytes);
  const auto descr = Between(ValueOf(header, "descr"), '\'', '\'');
  const auto shape = Between(ValueOf(header, "shape"), '(', ')');
  const std::string_view fortran = ValueOf(header, "fortran_order");
  if (!descr || !shape || !(fortran.starts_with("True") || fortran.starts_with("False")))
    throw Failure(kUsage, fmt::format("{}: unknown npy header", path));
  if (fortran.starts_with("True"))
    throw Failure(kUsage, fmt::format("{}: Fortran order; save it in C order", path));
  for (const NpyType& type : kTypes) {
    if (*descr != type.name) continue;
    HostTensor tensor = MakeTensor(type.dtype, ParseShape(path, *shape));
    if (tensor.data.size() != bytes.size() - begin) {
      throw Failure(kUsage, fmt::format("{}: holds {} bytes of data, its shape needs {}", path,
                                        bytes.size() - begin, tensor.data.size()));
    }
    std::copy_n(bytes.data() + begin, tensor.data.size(),
                reinterpret_cast<char*>(tensor.data.data()));
    return tensor;
  }
  throw Failure(kUsage, fmt::format("{}: unknown element type {}", path, descr->substr(0, 100)));
}

bool WriteNpy(const std::string& path, tenon_dtype dtype, std::span<const int64_t> dims,
              const void* data, uint64_t bytes) {
  for (const NpyType& type : kTypes) {
    if (type.dtype != dtype) continue;
    std::string shape;
    for (int64_t dim : dims) shape += fmt::format("{}, ", dim);
    std::string text =
        fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", type.name, shape);
    text.append(63 - (10 + text.size()) % 64, ' ');
    text += '\n';
    std::string header = std::string("\x93NUMPY\x01\x00", 8);
    header += static_cast<char>(text.size() & 255);
    header += static_cast<char>(text.size() >> 8);
    WriteFile(path, header + text, data, bytes);
    return true;
  }
  return false;
}

}  // namespace tenon::tools

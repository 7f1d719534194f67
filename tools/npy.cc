#include "npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <regex>
#include <sstream>

#include "failure.h"

namespace tenon::tools {
namespace {

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

std::vector<int64_t> ParseShape(const std::string& path, const std::string& text) {
  std::vector<int64_t> dims;
  static const std::regex number("[0-9]+");
  for (auto it = std::sregex_iterator(text.begin(), text.end(), number);
       it != std::sregex_iterator(); ++it) {
    if (it->length() > 18) throw Failure(kUsage, fmt::format("{}: a dimension is too large", path));
    dims.push_back(std::stoll(it->str()));
  }
  return dims;
}

}  // namespace

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw Failure(kUsage, fmt::format("{}: can't be read: {}", path, std::strerror(errno)));
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return std::move(bytes).str();
}

void WriteFile(const std::string& path, std::string_view header, const void* data, uint64_t bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(header.data(), static_cast<std::streamsize>(header.size()));
  if (bytes) file.write(static_cast<const char*>(data), static_cast<std::streamsize>(bytes));
  file.flush();
  if (!file)
    throw Failure(kNotWritable,
                  fmt::format("{}: can't be written: {}", path, std::strerror(errno)));
}

HostTensor ReadNpy(const std::string& path) {
  const std::string bytes = ReadFile(path);
  const auto [header, begin] = SplitHeader(path, bytes);
  static const std::regex pattern(
      "'descr': *'([^']*)'.*'fortran_order': *(True|False).*'shape': *\\(([0-9, ]*)\\)");
  std::smatch match;
  if (!std::regex_search(header, match, pattern))
    throw Failure(kUsage, fmt::format("{}: unknown npy header", path));
  if (match[2] == "True")
    throw Failure(kUsage, fmt::format("{}: Fortran order; save it in C order", path));
  for (const NpyType& type : kTypes) {
    if (match[1] != type.name) continue;
    HostTensor tensor = MakeTensor(type.dtype, ParseShape(path, match[3]));
    if (tensor.data.size() != bytes.size() - begin) {
      throw Failure(kUsage, fmt::format("{}: holds {} bytes of data, its shape needs {}", path,
                                        bytes.size() - begin, tensor.data.size()));
    }
    std::copy_n(bytes.data() + begin, tensor.data.size(),
                reinterpret_cast<char*>(tensor.data.data()));
    return tensor;
  }
  throw Failure(kUsage, fmt::format("{}: unknown element type {}", path, match[1].str()));
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

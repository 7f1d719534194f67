#include "input_spec.h"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cstring>
#include <random>
#include <sstream>

#include "failure.h"
#include "files.h"
#include "npy.h"
#include "picture.h"
#include "value_pb.h"

namespace tenon::tools {
namespace {

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

template <typename T>
T ParseNumber(const std::string& text, const std::string& what) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) {
    throw Failure(kUsage, fmt::format("{}: '{}' is not a number", what, text));
  }
  return value;
}

std::vector<int64_t> ParseShape(const std::string& text) {
  std::vector<int64_t> dims;
  for (const std::string& dim : Split(text, 'x'))
    dims.push_back(ParseNumber<int64_t>(dim, "shape=" + text + " (sizes joined by x: 2x3)"));
  return dims;
}

std::vector<float> ParseFloats(const std::string& text, const std::string& what) {
  std::vector<float> values;
  for (const std::string& value : Split(text, '/'))
    values.push_back(ParseNumber<float>(value, what));
  if (values.empty()) throw Failure(kUsage, what + ": needs a number");
  return values;
}

// Dimensions that the model leaves open come from NAME=V, else 1.
std::vector<int64_t> DefaultShape(const ValueInfo& input, std::span<const std::string> dims) {
  std::vector<int64_t> shape = input.dims;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] >= 0) continue;
    shape[i] = 1;
    for (const std::string& dim : dims) {
      const size_t equals = dim.find('=');
      if (equals != std::string::npos && dim.substr(0, equals) == input.symbols[i]) {
        shape[i] = ParseNumber<int64_t>(dim.substr(equals + 1), "--dim " + input.symbols[i]);
      }
    }
  }
  return shape;
}

template <typename T>
void FillBits(HostTensor& tensor, std::mt19937_64& random) {
  auto* values = reinterpret_cast<T*>(tensor.data.data());
  for (uint64_t i = 0; i < tensor.ElementCount(); ++i) values[i] = static_cast<T>(random() >> 63);
}

template <typename T>
void FillNormal(HostTensor& tensor, std::mt19937_64& random) {
  std::normal_distribution<T> normal;
  auto* values = reinterpret_cast<T*>(tensor.data.data());
  for (uint64_t i = 0; i < tensor.ElementCount(); ++i) values[i] = normal(random);
}

// Normal floats of 16 bits: those of float32 with the low bits of the mantissa cut off.
void FillNormal16(HostTensor& tensor, std::mt19937_64& random) {
  std::normal_distribution<float> normal;
  auto* values = reinterpret_cast<uint16_t*>(tensor.data.data());
  for (uint64_t i = 0; i < tensor.ElementCount(); ++i) {
    const auto bits = std::bit_cast<uint32_t>(normal(random));
    if (tensor.dtype == TENON_BFLOAT16) {
      values[i] = static_cast<uint16_t>(bits >> 16);
      continue;
    }
    const uint32_t exponent = bits >> 23 & 0xFF, mantissa = bits >> 13 & 0x3FF;
    constexpr uint32_t kRebias =
        127 - 15;  // of the exponents; what is smaller than float16 becomes 0
    values[i] = static_cast<uint16_t>(
        (bits >> 16 & 0x8000) | (exponent > kRebias ? (exponent - kRebias) << 10 | mantissa : 0));
  }
}

// Words of one to eight letters.
void FillWords(HostTensor& tensor, std::mt19937_64& random) {
  for (std::string& word : tensor.strings) {
    word.resize(1 + random() % 8);
    for (char& letter : word) letter = static_cast<char>('a' + random() % 26);
  }
}

void FillRandom(HostTensor& tensor, uint64_t seed, const std::string& name) {
  std::mt19937_64 random(seed);
  switch (tensor.dtype) {
    case TENON_FLOAT16:
    case TENON_BFLOAT16:
      return FillNormal16(tensor, random);
    case kString:
      return FillWords(tensor, random);
    case TENON_FLOAT32:
      return FillNormal<float>(tensor, random);
    case TENON_FLOAT64:
      return FillNormal<double>(tensor, random);
    case TENON_INT8:
    case TENON_UINT8:
    case TENON_BOOL:
      return FillBits<uint8_t>(tensor, random);
    case TENON_INT16:
    case TENON_UINT16:
      return FillBits<uint16_t>(tensor, random);
    case TENON_INT32:
    case TENON_UINT32:
      return FillBits<uint32_t>(tensor, random);
    case TENON_INT64:
    case TENON_UINT64:
      return FillBits<uint64_t>(tensor, random);
    default:
      throw Failure(
          kUsage,
          fmt::format("input {}: no random values for {}; give --input {}=@file.npy or zeros", name,
                      tenon_dtype_name(tensor.dtype), name));
  }
}

PictureOptions ParsePictureOptions(const std::string& text) {
  PictureOptions options;
  for (const std::string& option : Split(text, ',')) {
    const size_t equals = option.find('=');
    const std::string key = option.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : option.substr(equals + 1);
    if (key == "mean")
      options.mean = ParseFloats(value, "mean");
    else if (key == "scale")
      options.scale = ParseFloats(value, "scale");
    else if (key == "layout" && (value == "nchw" || value == "nhwc"))
      options.channels_last = value == "nhwc";
    else if (key == "order" && (value == "rgb" || value == "bgr"))
      options.bgr = value == "bgr";
    else if (key == "channels" && value.size() == 1 && value[0] >= '1' && value[0] <= '4')
      options.channels = value[0] - '0';
    else
      throw Failure(kUsage, fmt::format("picture option '{}': expected mean=, scale=, "
                                        "layout=nchw|nhwc, order=rgb|bgr or channels=1..4",
                                        option));
  }
  return options;
}

// Only pictures have options; paths may have colons.
HostTensor FromFile(const ValueInfo& input, const std::string& spec) {
  if (spec.ends_with(".npy")) return ReadNpy(spec);
  if (spec.ends_with(".pb")) return ReadValuePb(spec, input.kind, input.dtype);
  const size_t colon = spec.rfind(':');
  const std::string path = spec.substr(0, colon);
  const std::string options = colon == std::string::npos ? "" : spec.substr(colon + 1);
  if (path.ends_with(".npy") || path.ends_with(".pb")) {
    throw Failure(kUsage, fmt::format("input {}: '{}' in '@{}': only pictures have options",
                                      input.name, options, spec));
  }
  if (options.find('=') == std::string::npos) return ReadPicture(spec, {});
  return ReadPicture(path, ParsePictureOptions(options));
}

HostTensor FromRaw(tenon_dtype dtype, std::vector<int64_t> shape, const std::string& path) {
  const std::string bytes = ReadFile(path);
  HostTensor tensor = MakeTensor(dtype, std::move(shape));
  if (bytes.size() != tensor.data.size()) {
    throw Failure(kUsage, fmt::format("{}: holds {} bytes, {} needs {}", path, bytes.size(),
                                      Describe(dtype, tensor.dims), tensor.data.size()));
  }
  std::memcpy(tensor.data.data(), bytes.data(), bytes.size());
  return tensor;
}

}  // namespace

HostTensor MakeInput(const ValueInfo& input, const std::string& spec,
                     std::span<const std::string> dims) {
  if (spec.starts_with('@')) return FromFile(input, spec.substr(1));
  if (input.kind != TENON_VALUE_TENSOR) {
    throw Failure(kUsage, fmt::format("input {}: sequences and optionals come from files: "
                                      "--input {}=@file.pb",
                                      input.name, input.name));
  }
  // raw:@file:shape=2x3; the path may have colons.
  const size_t at = std::min(spec.find(":@"), spec.size());
  const size_t end = std::min(spec.find(":shape=", at), spec.size());
  const std::vector<std::string> parts = Split(spec.substr(0, at) + spec.substr(end), ':');
  const std::string kind = parts.empty() ? "" : parts[0];
  std::vector<int64_t> shape = DefaultShape(input, dims);
  uint64_t seed = 0;
  const std::string file = at < end ? spec.substr(at + 2, end - at - 2) : "";
  for (size_t i = 1; i < parts.size(); ++i) {
    if (parts[i].starts_with("shape="))
      shape = ParseShape(parts[i].substr(6));
    else if (parts[i].starts_with("seed="))
      seed = ParseNumber<uint64_t>(parts[i].substr(5), "seed");
    else
      throw Failure(
          kUsage,
          fmt::format("input {}: unknown part '{}' in '{}' (expected shape=AxBxC or seed=N)",
                      input.name, parts[i], spec));
  }
  if (kind == "raw" && !file.empty() && input.dtype != kString)
    return FromRaw(input.dtype, shape, file);
  if ((kind != "zeros" && kind != "rand") || at < spec.size()) {
    const bool file_name = spec.find('.') != std::string::npos && !spec.starts_with("raw");
    throw Failure(
        kUsage,
        fmt::format("input {}: '{}': expected @file.npy, @file.pb, @picture.png, zeros, rand or "
                    "raw:@file{}",
                    input.name, spec, file_name ? "; did you mean '@" + spec + "'?" : ""));
  }
  HostTensor tensor = MakeTensor(input.dtype, shape);
  if (kind == "rand") FillRandom(tensor, seed, input.name);
  return tensor;
}

}  // namespace tenon::tools

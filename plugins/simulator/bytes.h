// Bytes written and read back: what nodes are kept in and artifacts are made of. Little-endian as
// the machine is; arrays start at multiples of 16 from the beginning, so that they can be used in
// place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "tenon/backend_api/sdk/status.h"

namespace tenon::simulator {

inline constexpr size_t kArrayAlignment = 16;

class Writer {
 public:
  template <typename T>
  void Number(T value) {
    static_assert(std::is_arithmetic_v<T>);
    Append(&value, sizeof value);
  }
  void Text(std::string_view text) {
    Number<uint64_t>(text.size());
    Append(text.data(), text.size());
  }
  template <typename T>
  void Array(const T* data, uint64_t count) {
    Number<uint64_t>(count);
    bytes_.resize((bytes_.size() + kArrayAlignment - 1) / kArrayAlignment * kArrayAlignment);
    Append(data, count * sizeof(T));
  }
  const std::vector<std::byte>& bytes() const { return bytes_; }
  std::vector<std::byte> Take() { return std::move(bytes_); }

 private:
  void Append(const void* data, uint64_t size) {
    const size_t at = bytes_.size();
    bytes_.resize(at + size);
    if (size > 0) std::memcpy(bytes_.data() + at, data, size);
  }
  std::vector<std::byte> bytes_;
};

// Reads what a Writer wrote; throws sdk::Failure (TENON_DATA_LOSS) at the end of the bytes. Views
// point into them.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes, size_t start = 0) : bytes_(bytes), at_(start) {}

  template <typename T>
  T Number() {
    T value;
    std::memcpy(&value, Take(sizeof value), sizeof value);
    return value;
  }
  std::string_view Text() {
    const auto size = Number<uint64_t>();
    return {reinterpret_cast<const char*>(Take(size)), size};
  }
  template <typename T>
  std::span<const T> Array() {
    const auto count = Number<uint64_t>();
    if (count > bytes_.size() / sizeof(T)) Truncated();
    Take((kArrayAlignment - at_ % kArrayAlignment) % kArrayAlignment);
    return {reinterpret_cast<const T*>(Take(count * sizeof(T))), count};
  }

 private:
  [[noreturn]] void Truncated() const {
    throw sdk::Failure(TENON_DATA_LOSS, "the bytes end at " + std::to_string(bytes_.size()) +
                                            ", more are expected after " + std::to_string(at_));
  }
  const std::byte* Take(uint64_t size) {
    if (size > bytes_.size() - at_) Truncated();
    const std::byte* data = bytes_.data() + at_;
    at_ += size;
    return data;
  }
  std::span<const std::byte> bytes_;
  size_t at_;
};

}  // namespace tenon::simulator

// An array for the arguments of one node: on the stack where there are few, so that the common case
// allocates nothing.
#pragma once

#include <cstddef>
#include <new>
#include <span>
#include <type_traits>
#include <vector>

namespace tenon::program {

template <typename T, size_t kInline = 8>
class SmallArray {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  explicit SmallArray(size_t size) : size_(size) {
    if (size > kInline) {
      heap_.resize(size);
      data_ = heap_.data();
      return;
    }
    for (size_t i = 0; i < size; ++i) new (storage_ + i * sizeof(T)) T();
    data_ = std::launder(reinterpret_cast<T*>(storage_));
  }
  SmallArray(const SmallArray&) = delete;
  SmallArray& operator=(const SmallArray&) = delete;
  T& operator[](size_t i) { return data_[i]; }
  std::span<T> span() { return {data_, size_}; }

 private:
  alignas(T) std::byte storage_[kInline * sizeof(T)];
  std::vector<T> heap_;
  T* data_;
  size_t size_;
};

}  // namespace tenon::program

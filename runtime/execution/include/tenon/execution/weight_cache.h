// Forms of constants that were made once and are shared by all sessions that use them: copies in a
// device's memory and what kernels prepacked. Entries live as long as somebody uses them.
// Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "tenon/execution/memory.h"
#include "tenon/graph/graph.h"

namespace tenon::execution {

// Names a constant without reading it: by file and range where they are known, else by the blob's
// address.
struct WeightKey {
  graph::BlobIdentity identity;
  const graph::Blob* blob = nullptr;  // null where the identity is known
  DataType type = DataType::kUndefined;
  Shape shape;
  const void* owner = nullptr;  // device, or backend of a kernel without devices
  uint32_t kind = 0;            // memory kind
  std::string format;           // of a prepacked blob; "" for the constant as it is

  static WeightKey Of(const graph::Constant& constant, const void* owner, uint32_t kind,
                      std::string format);
  friend bool operator==(const WeightKey&, const WeightKey&) = default;
};
struct WeightKeyHash {
  size_t operator()(const WeightKey& key) const;
};

struct SharedWeight {
  std::shared_ptr<Block> block;
  std::shared_ptr<const graph::Blob> source;  // kept where its address is the key
};

class WeightCache {
 public:
  using Maker = std::function<Result<std::shared_ptr<Block>>()>;
  // The entry, or what `make` gives. Two that make the same at once both do; one of the results is
  // kept.
  Result<std::shared_ptr<const SharedWeight>> GetOrMake(
      const WeightKey& key, const std::shared_ptr<const graph::Blob>& source, const Maker& make);
  size_t live_entries() const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<WeightKey, std::weak_ptr<const SharedWeight>, WeightKeyHash> entries_;
};

}  // namespace tenon::execution

#include "tenon/execution/weight_cache.h"

namespace tenon::execution {
namespace {

size_t Mix(size_t seed, size_t value) {
  return (seed ^ value) * 0x9E3779B97F4A7C15ull + (seed >> 29);
}

}  // namespace

WeightKey WeightKey::Of(const graph::Constant& constant, const void* owner, uint32_t kind,
                        std::string format) {
  WeightKey key;
  key.identity = constant.blob->identity;
  if (!key.identity.known()) {
    key.identity = {};
    key.blob = constant.blob.get();
  }
  key.type = constant.type;
  key.shape = constant.shape;
  key.owner = owner;
  key.kind = kind;
  key.format = std::move(format);
  return key;
}

size_t WeightKeyHash::operator()(const WeightKey& key) const {
  size_t h = Mix(key.identity.inode, key.identity.offset);
  h = Mix(h, key.identity.length);
  h = Mix(h, reinterpret_cast<size_t>(key.blob));
  h = Mix(h, reinterpret_cast<size_t>(key.owner));
  return Mix(h, std::hash<std::string>()(key.format) + key.kind);
}

Result<std::shared_ptr<const SharedWeight>> WeightCache::GetOrMake(
    const WeightKey& key, const std::shared_ptr<const graph::Blob>& source, const Maker& make) {
  {
    std::lock_guard lock(mutex_);
    if (auto found = entries_.find(key); found != entries_.end()) {
      if (auto weight = found->second.lock()) return weight;
    }
  }
  auto made = std::make_shared<SharedWeight>();
  TENON_ASSIGN(made->block, make());
  if (key.blob != nullptr) made->source = source;
  std::lock_guard lock(mutex_);
  std::erase_if(entries_, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<const SharedWeight>& entry = entries_[key];
  if (auto other = entry.lock()) return other;
  entry = made;
  return std::shared_ptr<const SharedWeight>(std::move(made));
}

size_t WeightCache::live_entries() const {
  std::lock_guard lock(mutex_);
  size_t live = 0;
  for (const auto& [key, entry] : entries_) live += !entry.expired();
  return live;
}

}  // namespace tenon::execution

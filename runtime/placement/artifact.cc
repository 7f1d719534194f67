// Artifacts: what names a segment in the cache, and the way through it.
#include <cstdio>
#include <cstring>

#include "segments.h"
#include "tenon/placement/abi_views.h"

namespace tenon::placement {
namespace {

// Two FNV-1a hashes of 64 bits with different seeds (http://www.isthe.com/chongo/tech/comp/fnv): a
// key, no protection.
class Digest {
 public:
  void Bytes(const void* data, size_t size) {
    const auto* bytes = static_cast<const unsigned char*>(data);
    for (size_t i = 0; i < size; ++i) {
      a_ = (a_ ^ bytes[i]) * 1099511628211ull;
      b_ = (b_ ^ bytes[i]) * 1099511628211ull + 1;
    }
  }
  void Number(uint64_t number) { Bytes(&number, sizeof number); }
  void Text(std::string_view text) {
    Number(text.size());
    Bytes(text.data(), text.size());
  }
  std::string Key() const {
    char text[40];
    std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(a_),
                  static_cast<unsigned long long>(b_));
    return text;
  }

 private:
  uint64_t a_ = 14695981039346656037ull, b_ = 0x9E3779B97F4A7C15ull;
};

void AddShape(const Shape& shape, Digest* digest) {
  digest->Number(static_cast<uint64_t>(shape.rank()));
  for (int64_t dim : shape.dims()) digest->Number(static_cast<uint64_t>(dim));
}

// Weights are named by where they are in their file, so that they need not be read.
void AddConstant(const graph::Constant& constant, Digest* digest) {
  digest->Number(static_cast<uint64_t>(constant.type));
  AddShape(constant.shape, digest);
  if (!constant.blob) return;
  const graph::BlobIdentity& id = constant.blob->identity;
  digest->Number(id.known());
  if (!id.known()) return digest->Bytes(constant.blob->data, constant.blob->size);
  for (uint64_t number : {id.device, id.inode, id.mtime_ns, id.file_size, id.offset, id.length})
    digest->Number(number);
}

void AddGraph(const graph::Graph& graph, std::span<const graph::NodeId> nodes, Digest* digest);

void AddAttribute(const graph::Attribute& attribute, Digest* digest) {
  digest->Text(attribute.name);
  digest->Number(attribute.value.index());
  std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_arithmetic_v<T>) {
          digest->Bytes(&value, sizeof value);
        } else if constexpr (std::is_same_v<T, std::string>) {
          digest->Text(value);
        } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
          for (const std::string& text : value) digest->Text(text);
        } else if constexpr (std::is_same_v<T, graph::Constant>) {
          AddConstant(value, digest);
        } else if constexpr (std::is_same_v<T, graph::Subgraph>) {
          std::vector<graph::NodeId> all(value->nodes.size());
          for (graph::NodeId n = 0; n < all.size(); ++n) all[n] = n;
          AddGraph(*value, all, digest);
        } else {
          digest->Number(value.size());
          digest->Bytes(value.data(), value.size() * sizeof value[0]);
        }
      },
      attribute.value);
}

void AddValue(const graph::Graph& graph, graph::ValueId v, Digest* digest) {
  digest->Number(v);
  if (v == graph::kNone) return;
  const graph::Value& value = graph.values[v];
  digest->Text(value.name);
  digest->Number(static_cast<uint64_t>(value.type));
  AddShape(value.shape, digest);
  if (value.constant) AddConstant(*value.constant, digest);
}

void AddGraph(const graph::Graph& graph, std::span<const graph::NodeId> nodes, Digest* digest) {
  for (graph::NodeId n : nodes) {
    const graph::Node& node = graph.nodes[n];
    digest->Text(node.domain);
    digest->Text(node.op);
    digest->Number(static_cast<uint64_t>(node.revision));
    for (graph::ValueId v : node.inputs) AddValue(graph, v, digest);
    for (graph::ValueId v : node.outputs) AddValue(graph, v, digest);
    for (const graph::Attribute& attribute : node.attributes) AddAttribute(attribute, digest);
  }
}

std::string KeyOf(const graph::Graph& graph, const Segment& segment,
                  const tenon_compile_target& target) {
  Digest digest;
  AddGraph(graph, segment.nodes, &digest);
  for (graph::ValueId v : segment.inputs) digest.Number(v);
  for (graph::ValueId v : segment.outputs) digest.Number(v);
  digest.Number(target.numerics);
  digest.Text(target.device_name);
  digest.Text(target.fingerprint);
  return "segment-" + digest.Key();
}

// Bytes under the key that the backend says it can load; null where there are none.
std::shared_ptr<const std::string> FromCache(const backend::Backend& backend,
                                             const std::string& key,
                                             const tenon_compile_target& target) {
  const tenon_host* host = backend.host();
  const void* data = nullptr;
  uint64_t size = 0;
  if (!backend.Take(host->cache_get(host, key.c_str(), &data, &size)).ok()) return nullptr;
  std::shared_ptr<const std::string> bytes;
  if (backend.Take(backend.compile()->check(backend.handle(), &target, data, size)).ok()) {
    bytes = std::make_shared<const std::string>(static_cast<const char*>(data), size);
  }
  host->cache_release(host, data);
  return bytes;
}

}  // namespace

Result<std::shared_ptr<const std::string>> Compile(const backend::Device& device,
                                                   const Options& options,
                                                   const graph::Graph& graph,
                                                   const Segment& segment) {
  const backend::Backend& backend = device.backend();
  const tenon_compile_interface& compiler = *backend.compile();
  tenon_compile_target target{};
  target.struct_size = sizeof target;
  target.numerics = options.numerics;
  target.device_name = device.info().name;
  target.fingerprint = device.info().fingerprint;
  const std::string key = KeyOf(graph, segment, target);
  if (auto cached = FromCache(backend, key, target)) return cached;
  const std::string& first = graph.nodes[segment.nodes.front()].name;
  const AbiSegment view(graph, first.c_str(), segment.nodes, segment.inputs, segment.outputs);
  tenon_compile_request request{};
  request.struct_size = sizeof request;
  request.target = &target;
  request.cancel = options.cancel;
  request.deadline_ns = options.deadline_ns;
  tenon_artifact* artifact = nullptr;
  TENON_RETURN_IF_ERROR(backend.Call("compile.compile", [&] {
    return compiler.compile(backend.handle(), view.segment(), &request, &artifact);
  }));
  const void* data = nullptr;
  uint64_t size = 0;
  Status status = backend.Take(compiler.artifact_bytes(backend.handle(), artifact, &data, &size));
  std::shared_ptr<const std::string> bytes;
  if (status.ok())
    bytes = std::make_shared<const std::string>(static_cast<const char*>(data), size);
  compiler.artifact_release(backend.handle(), artifact);
  if (!status.ok()) return status;
  // A cache that can't be written costs the next load time, and nothing else.
  const Status put = backend.Take(
      backend.host()->cache_put(backend.host(), key.c_str(), bytes->data(), bytes->size()));
  static_cast<void>(put);
  return bytes;
}

}  // namespace tenon::placement

// Artifacts: what names a segment in the cache, and the way through it.
#include <algorithm>
#include <cstdio>
#include <cstring>

#include "segments.h"
#include "tenon/backend/digest.h"
#include "tenon/placement/abi_views.h"

namespace tenon::placement {
namespace {

// Two digests with different seeds: a key, no protection.
class Digest {
 public:
  void Bytes(const void* data, size_t size) {
    const std::string_view bytes(static_cast<const char*>(data), size);
    a_ = backend::Digest(bytes, a_);
    b_ = backend::Digest(bytes, b_);
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
  uint64_t a_ = 1, b_ = 2;
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

// What the artifact holds, in the graph's order.
std::vector<graph::NodeId> AllNodes(const Segment& segment) {
  std::vector<graph::NodeId> all;
  std::ranges::merge(segment.arithmetic, segment.nodes, std::back_inserter(all));
  return all;
}

// The cache keeps backends and their versions apart; what else decides the artifact is in the key.
std::string KeyOf(const backend::Backend& backend, const graph::Graph& graph,
                  const Segment& segment, const tenon_compile_target& target) {
  Digest digest;
  for (const tenon_option* option : backend.options()) {
    digest.Text(option->name);
    const char* value = backend.host()->option(backend.host(), option->name);
    digest.Text(value != nullptr ? value : "");
  }
  AddGraph(graph, AllNodes(segment), &digest);
  for (graph::ValueId v : segment.inputs) digest.Number(v);
  for (graph::ValueId v : segment.outputs) digest.Number(v);
  digest.Number(target.numerics);
  digest.Text(target.device_name);
  digest.Text(target.fingerprint);
  return "segment-" + digest.Key();
}

// Bytes under the key that the backend says it can load; null where there are none. They keep the backend.
ArtifactBytes FromCache(const std::shared_ptr<backend::Backend>& backend, const std::string& key,
                        const tenon_compile_target& target) {
  const tenon_host* host = backend->host();
  const void* data = nullptr;
  uint64_t size = 0;
  if (!backend->Take(host->cache_get(host, key.c_str(), &data, &size)).ok()) return nullptr;
  const Status loadable = backend->Call("compile.check", [&] {
    return backend->compile()->check(backend->handle(), &target, data, size);
  });
  if (!loadable.ok()) {
    host->cache_release(host, data);
    const std::string line =
        "artifact cache: " + std::string(loadable.message()) + "; the segment is compiled again";
    host->log(host, TENON_LOG_WARNING, line.c_str());
    return nullptr;
  }
  const auto* view = new std::string_view(static_cast<const char*>(data), size);
  return ArtifactBytes(view, [backend](const std::string_view* lent) {
    backend->host()->cache_release(backend->host(), lent->data());
    delete lent;
  });
}

}  // namespace

namespace {

std::shared_ptr<backend::Backend> Shared(const Options& options, const backend::Backend& backend) {
  for (const auto& group : options.backends.groups) {
    for (const auto& shared : group) {
      if (shared.get() == &backend) return shared;
    }
  }
  return nullptr;
}

// What the backend compiled, as its bytes; they keep the backend.
Result<ArtifactBytes> CompileNow(const std::shared_ptr<backend::Backend>& backend,
                                 const Options& options, const graph::Graph& graph,
                                 const Segment& segment, const tenon_compile_target& target) {
  const tenon_compile_interface& compiler = *backend->compile();
  const std::string& first = graph.nodes[segment.nodes.front()].name;
  const std::vector<graph::NodeId> nodes = AllNodes(segment);
  const AbiSegment view(graph, first.c_str(), nodes, segment.inputs, segment.outputs);
  tenon_compile_request request{};
  request.struct_size = sizeof request;
  request.target = &target;
  request.cancel = options.cancel;
  request.deadline_ns = options.deadline_ns;
  tenon_artifact* artifact = nullptr;
  TENON_RETURN_IF_ERROR(backend->Call("compile.compile", [&] {
    return compiler.compile(backend->handle(), view.segment(), &request, &artifact);
  }));
  const auto release = [backend, artifact](const std::string_view* bytes) {
    backend->compile()->artifact_release(backend->handle(), artifact);
    delete bytes;
  };
  const std::shared_ptr<std::string_view> owner(new std::string_view, release);
  const void* data = nullptr;
  uint64_t size = 0;
  TENON_RETURN_IF_ERROR(backend->Call("compile.artifact_bytes", [&] {
    return compiler.artifact_bytes(backend->handle(), artifact, &data, &size);
  }));
  *owner = std::string_view(static_cast<const char*>(data), size);
  return ArtifactBytes(owner);
}

}  // namespace

Result<ArtifactBytes> Compile(const backend::Device& device, const Options& options,
                              const graph::Graph& graph, const Segment& segment) {
  const backend::Backend& backend = device.backend();
  tenon_compile_target target{};
  target.struct_size = sizeof target;
  target.numerics = options.numerics;
  target.device_name = device.info().name;
  target.fingerprint = device.info().fingerprint;
  const auto shared = Shared(options, backend);
  if (!backend.caches()) return CompileNow(shared, options, graph, segment, target);
  const std::string key = KeyOf(backend, graph, segment, target);
  if (ArtifactBytes cached = FromCache(shared, key, target)) return cached;
  TENON_ASSIGN(ArtifactBytes bytes, CompileNow(shared, options, graph, segment, target));
  const tenon_host* host = backend.host();
  const Status put = backend.Take(host->cache_put(host, key.c_str(), bytes->data(), bytes->size()));
  if (put.ok()) {  // the mapped file needs no memory of its own
    if (ArtifactBytes cached = FromCache(shared, key, target)) return cached;
  } else {  // costs the next load time, and nothing else
    const std::string line = "artifact cache: " + std::string(put.message());
    host->log(host, TENON_LOG_WARNING, line.c_str());
  }
  return bytes;
}

}  // namespace tenon::placement

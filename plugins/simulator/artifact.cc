#include "artifact.h"

#include <array>
#include <cstdio>
#include <map>

#include "backend.h"

namespace tenon::simulator {
namespace {

using Digest = std::array<uint64_t, 2>;

struct ArtifactHeader {
  std::array<char, 8> magic;
  uint32_t format;
  uint32_t reserved;
  uint64_t bytes;
  Digest digest;
  uint64_t reserved2;
};
static_assert(sizeof(ArtifactHeader) % kArrayAlignment == 0);
constexpr std::array<char, 8> kMagic = {'T', 'E', 'N', 'O', 'N', 'S', 'I', 'M'};

// Two lanes of multiply and rotate over 8 bytes at a time: finds damage, not attacks.
Digest DigestOf(std::span<const std::byte> bytes) {
  Digest digest = {0x243F6A8885A308D3ULL ^ bytes.size(), 0x13198A2E03707344ULL};
  for (size_t at = 0; at < bytes.size(); at += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, std::min(sizeof word, bytes.size() - at));
    digest[0] = (digest[0] ^ word) * 0x9E3779B97F4A7C15ULL;
    digest[0] ^= digest[0] >> 29;
    digest[1] = ((digest[1] << 23 | digest[1] >> 41) + word) * 0xC2B2AE3D27D4EB4FULL;
  }
  return digest;
}

// Numbers the values of a segment as they are met.
class ValueTable {
 public:
  uint32_t Number(const tenon_value* value) {
    if (!value) return kNoValue;
    const auto [found, added] = numbers_.try_emplace(value, static_cast<uint32_t>(values_.size()));
    if (added) values_.push_back(value);
    return found->second;
  }
  std::vector<uint32_t> Numbers(const tenon_value* const* values, uint32_t count) {
    std::vector<uint32_t> numbers;
    for (uint32_t i = 0; i < count; ++i) numbers.push_back(Number(values[i]));
    return numbers;
  }
  const std::vector<const tenon_value*>& values() const { return values_; }

 private:
  std::map<const tenon_value*, uint32_t> numbers_;
  std::vector<const tenon_value*> values_;
};

void WriteValue(Writer& writer, const tenon_value& value) {
  writer.Text(value.name);
  writer.Number<uint8_t>(value.data != nullptr);
  if (!value.data) return;
  writer.Number(value.dtype);
  writer.Array(value.dims, static_cast<uint64_t>(value.rank));
  writer.Array(static_cast<const std::byte*>(value.data), value.data_bytes);
}

SegmentValue ReadValue(Reader& reader) {
  SegmentValue value;
  value.name = reader.Text();
  value.is_constant = reader.Number<uint8_t>() != 0;
  if (!value.is_constant) return value;
  value.constant.type = static_cast<DataType>(reader.Number<tenon_dtype>());
  const auto dims = reader.Array<int64_t>();
  value.constant.shape = ShapeOf(static_cast<int32_t>(dims.size()), dims.data());
  value.constant.data = const_cast<std::byte*>(reader.Array<std::byte>().data());
  return value;
}

std::vector<uint32_t> ReadNumbers(Reader& reader) {
  const auto numbers = reader.Array<uint32_t>();
  return {numbers.begin(), numbers.end()};
}

ArtifactHeader HeaderOf(std::span<const std::byte> artifact) {
  ArtifactHeader header{};
  std::memcpy(&header, artifact.data(), std::min(sizeof header, artifact.size()));
  return header;
}

}  // namespace

std::vector<std::byte> WriteArtifact(const tenon_segment& segment) {
  ValueTable table;
  const auto inputs = table.Numbers(segment.inputs, segment.input_count);
  const auto outputs = table.Numbers(segment.outputs, segment.output_count);
  std::vector<std::vector<uint32_t>> reads, writes;
  for (uint32_t i = 0; i < segment.node_count; ++i) {
    const tenon_node& node = *segment.nodes[i];
    reads.push_back(table.Numbers(node.inputs, node.input_count));
    writes.push_back(table.Numbers(node.outputs, node.output_count));
  }
  Writer writer;
  for (size_t i = 0; i < sizeof(ArtifactHeader); ++i) writer.Number<uint8_t>(0);
  writer.Text(kFingerprint);
  writer.Number<uint64_t>(table.values().size());
  for (const tenon_value* value : table.values()) WriteValue(writer, *value);
  writer.Array(inputs.data(), inputs.size());
  writer.Array(outputs.data(), outputs.size());
  writer.Number<uint64_t>(segment.node_count);
  for (uint32_t i = 0; i < segment.node_count; ++i) {
    WriteNode(writer, *segment.nodes[i]);
    writer.Array(reads[i].data(), reads[i].size());
    writer.Array(writes[i].data(), writes[i].size());
  }
  std::vector<std::byte> bytes = writer.Take();
  const ArtifactHeader header{kMagic,
                              kArtifactFormat,
                              0,
                              bytes.size(),
                              DigestOf(std::span(bytes).subspan(sizeof(ArtifactHeader))),
                              0};
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

Status CheckArtifact(std::span<const std::byte> artifact, std::string_view fingerprint) {
  const ArtifactHeader header = HeaderOf(artifact);
  if (artifact.size() < sizeof header || header.magic != kMagic) {
    return Status(Code::kDataLoss, "these " + std::to_string(artifact.size()) +
                                       " bytes are no artifact of the simulator");
  }
  if (header.format != kArtifactFormat) {
    return Status(Code::kIncompatible, "the artifact has format " + std::to_string(header.format) +
                                           ", this simulator reads " +
                                           std::to_string(kArtifactFormat) + ": compile it again");
  }
  const auto content = artifact.subspan(sizeof header);
  if (header.bytes != artifact.size() || header.digest != DigestOf(content)) {
    return Status(Code::kDataLoss,
                  "the artifact is damaged: it has " + std::to_string(artifact.size()) + " of " +
                      std::to_string(header.bytes) + " bytes, or its digest differs");
  }
  const std::string_view made_for = Reader(content).Text();
  if (made_for != kFingerprint || (!fingerprint.empty() && fingerprint != made_for)) {
    return Status(Code::kIncompatible,
                  "the artifact was made for \"" + std::string(made_for) + "\", the device is \"" +
                      std::string(fingerprint.empty() ? kFingerprint : fingerprint) +
                      "\": compile it again");
  }
  return {};
}

std::string ArtifactKey(std::span<const std::byte> artifact) {
  const Digest digest = DigestOf(artifact);
  char key[64];
  std::snprintf(key, sizeof key, "segment-%016llx%016llx",
                static_cast<unsigned long long>(digest[0]),
                static_cast<unsigned long long>(digest[1]));
  return key;
}

Segment::Segment(std::span<const std::byte> artifact) {
  if (const Status status = CheckArtifact(artifact, ""); !status.ok()) Device::Throw(status);
  bytes_.assign(artifact.begin(), artifact.end());
  Reader reader(bytes_, sizeof(ArtifactHeader));
  reader.Text();  // the fingerprint, checked
  for (auto left = reader.Number<uint64_t>(); left > 0; --left) values.push_back(ReadValue(reader));
  inputs = ReadNumbers(reader);
  outputs = ReadNumbers(reader);
  for (auto left = reader.Number<uint64_t>(); left > 0; --left) {
    SegmentNode node{std::make_unique<Node>(reader), {}, {}};
    node.inputs = ReadNumbers(reader);
    node.outputs = ReadNumbers(reader);
    nodes.push_back(std::move(node));
  }
}

}  // namespace tenon::simulator

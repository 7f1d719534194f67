#include "artifact.h"

#include <algorithm>
#include <cstring>

#include "device.h"

namespace plugin {
namespace {

// The bytes: this, then the instructions.
struct Header {
  char magic[8];  // another format gets another one
  char fingerprint[40];
  uint32_t checksum;  // of all that follows it
  uint32_t input_count, output_count, value_count, instruction_count;
};
constexpr char kMagic[] = "program1";

// FNV-1a of what is behind the checksum.
uint32_t Checksum(sdk::Bytes bytes) {
  uint32_t sum = 2166136261u;
  for (const std::byte byte : bytes.subspan(offsetof(Header, input_count)))
    sum = (sum ^ static_cast<uint32_t>(byte)) * 16777619u;
  return sum;
}

}  // namespace

std::vector<std::byte> Write(const Artifact& artifact) {
  const auto code = std::as_bytes(std::span(artifact.instructions));
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof header.magic);
  std::strncpy(header.fingerprint, kFingerprint, sizeof header.fingerprint - 1);
  header.input_count = artifact.input_count;
  header.output_count = artifact.output_count;
  header.value_count = artifact.value_count;
  header.instruction_count = static_cast<uint32_t>(artifact.instructions.size());
  std::vector<std::byte> bytes(sizeof header + code.size());
  std::memcpy(bytes.data(), &header, sizeof header);
  std::ranges::copy(code, bytes.begin() + sizeof header);
  header.checksum = Checksum(bytes);
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

Artifact Read(sdk::Bytes bytes) {
  Header header;
  if (bytes.size() < sizeof header) throw sdk::Failure(TENON_DATA_LOSS, "the artifact is cut off");
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.magic, kMagic, sizeof header.magic) != 0)
    throw sdk::Failure(TENON_INCOMPATIBLE, "no artifact of this version");
  if (std::strncmp(header.fingerprint, kFingerprint, sizeof header.fingerprint) != 0)
    throw sdk::Failure(TENON_INCOMPATIBLE, "the artifact is for another device");
  const sdk::Bytes code = bytes.subspan(sizeof header);
  if (code.size() != header.instruction_count * sizeof(Instruction) ||
      header.checksum != Checksum(bytes))
    throw sdk::Failure(TENON_DATA_LOSS, "the artifact is damaged");
  // Each instruction gives one value, so that no count asks for more memory than the bytes are worth.
  const uint64_t outside = uint64_t{header.input_count} + header.output_count;
  if (outside > header.value_count || header.value_count > outside + header.instruction_count)
    throw sdk::Failure(TENON_DATA_LOSS,
                       "the artifact is damaged: its counts contradict each other");
  Artifact artifact{header.input_count, header.output_count, header.value_count, {}};
  artifact.instructions.resize(header.instruction_count);
  if (!code.empty()) std::memcpy(artifact.instructions.data(), code.data(), code.size());
  for (const Instruction& in : artifact.instructions) {
    if (in.op < Opcode::kCount && in.a < artifact.value_count && in.out < artifact.value_count &&
        (in.b == kNoValue || in.b < artifact.value_count))
      continue;
    throw sdk::Failure(TENON_DATA_LOSS, "the artifact has an instruction that is none");
  }
  return artifact;
}

}  // namespace plugin

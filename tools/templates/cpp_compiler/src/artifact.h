// What the compiler writes and the device loads: a list of instructions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tenon/backend_api/sdk/sdk.h"

namespace plugin {

namespace sdk = tenon::sdk;

enum class Opcode : uint32_t { kRelu, kNeg, kAdd, kSub, kMul, kDiv, kCount };
inline constexpr uint32_t kNoValue = UINT32_MAX;

// out = op(a, b), where b is a value or `constant`. Values are numbered: first the segment's inputs, then its outputs,
// then what lives inside. All values of an instruction have one shape.
struct Instruction {
  Opcode op;
  uint32_t a, b, out;  // b: kNoValue for one operand, or the constant
  float constant;
};

struct Artifact {
  uint32_t input_count = 0, output_count = 0, value_count = 0;
  std::vector<Instruction> instructions;
};

std::vector<std::byte> Write(const Artifact& artifact);
// Bytes from anywhere. Throws sdk::Failure: TENON_INCOMPATIBLE for another version or device, TENON_DATA_LOSS.
Artifact Read(sdk::Bytes bytes);

}  // namespace plugin

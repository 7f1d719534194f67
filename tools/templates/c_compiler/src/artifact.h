/* What the compiler writes and the device loads: a list of instructions. */
#ifndef ARTIFACT_H_
#define ARTIFACT_H_

#include "backend.h"

typedef uint32_t Opcode;
enum { OP_RELU, OP_NEG, OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_COUNT };
extern const char* const kOpNames[OP_COUNT]; /* of ONNX */

/* out = op(a, b), where b is a value or `constant`. Values are numbered: first the segment's inputs, then its outputs,
 * then what lives inside. All values of an instruction have one shape. */
typedef struct Instruction {
  Opcode op;
  uint32_t a, b, out; /* b: NO_VALUE for one operand, or the constant */
  float constant;
} Instruction;
#define NO_VALUE UINT32_MAX

typedef struct Artifact {
  char magic[8]; /* MAGIC; another format gets another one */
  char fingerprint[40];
  uint32_t checksum; /* of what follows */
  uint32_t input_count, output_count, value_count, instruction_count;
  Instruction instructions[];
} Artifact;
#define MAGIC "program1"

uint32_t artifact_checksum(const Artifact* artifact);
/* compile.check: whether bytes from anywhere are a whole artifact for the device. */
tenon_status artifact_check(tenon_backend* backend, const tenon_compile_target* target,
                            const void* data, uint64_t size);
/* compile.load (program.c) */
tenon_status program_load(tenon_device* device, const void* data, uint64_t size,
                          const tenon_kernel_descriptor** out_descriptor,
                          tenon_kernel** out_kernel);

#endif /* ARTIFACT_H_ */

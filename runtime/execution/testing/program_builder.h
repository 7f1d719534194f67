// Programs for tests, made by hand: float tensors, one step after the other, as lowering would make
// them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tenon/program/program.h"

namespace tenon::execution::testing {

class ProgramBuilder {
 public:
  // `device` "fake" is synchronous on host memory; "fakeq" is asynchronous with memory of its own.
  explicit ProgramBuilder(const std::string& backend);
  // Values are physical values on the device; inputs and outputs are copied for an asynchronous
  // one.
  uint32_t Input(const std::string& name, const Shape& shape);
  uint32_t Weight(const std::string& name, const Shape& shape, std::vector<float> data);
  uint32_t Kernel(const std::string& op, std::vector<uint32_t> inputs, const std::string& output,
                  const Shape& shape);
  // The kernel Few and the step that plans what is behind it; synchronous only.
  uint32_t Few(uint32_t input, const std::string& output);
  // Kernel in whose node a graph output is written.
  void Output(uint32_t value);
  uint32_t Symbol(const std::string& name);  // id
  std::shared_ptr<const program::Program> Build();

 private:
  uint32_t Logical(const std::string& name, const Shape& shape);
  uint32_t Physical(uint32_t logical, uint32_t memory, program::Home home, uint32_t index);

  bool queue_;
  program::Program program_;
  std::vector<uint32_t> wanted_;
};

// A program of `length` Neg nodes on [elements] floats.
std::shared_ptr<const program::Program> NegChain(const std::string& backend, int length,
                                                 const Shape& shape,
                                                 const std::vector<std::string>& symbols = {});

}  // namespace tenon::execution::testing

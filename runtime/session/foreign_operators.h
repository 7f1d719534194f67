// Shape functions of operators that are a backend's own (interface "operators" of backend.h), for
// the passes and for run-time shapes. Immutable; any thread.
#pragma once

#include <memory>
#include <vector>

#include "tenon/backend/backend.h"
#include "tenon/passes/passes.h"

namespace tenon::session {

class ForeignOperators final : public passes::ForeignOperators {
 public:
  explicit ForeignOperators(std::vector<std::shared_ptr<backend::Backend>> backends)
      : backends_(std::move(backends)) {}
  Status Infer(const graph::Node& node, std::span<const operators::InferInput> inputs,
               std::span<operators::InferOutput> outputs) const override;

 private:
  std::vector<std::shared_ptr<backend::Backend>> backends_;
};

}  // namespace tenon::session

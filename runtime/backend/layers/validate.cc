#include "layers/validate.h"

namespace tenon::backend {
namespace {
class Nothing final : public Layer {
 public:
  tenon_backend* Wrap(tenon_backend* inner) override { return inner; }
};
}  // namespace
std::unique_ptr<Layer> MakeValidateLayer() { return std::make_unique<Nothing>(); }
}  // namespace tenon::backend

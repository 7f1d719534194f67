// The layers that exist, one row each.
#include "layers/layer.h"
#include "layers/validate.h"

namespace tenon::backend {
namespace {

struct Row {
  std::string_view name;
  std::unique_ptr<Layer> (*make)();
};
constexpr Row kLayers[] = {{"validate", MakeValidateLayer}};

}  // namespace

Result<std::unique_ptr<Layer>> MakeLayer(const std::string& name) {
  std::string known;
  for (const Row& row : kLayers) {
    if (row.name == name) return row.make();
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  return Status(Code::kInvalidArgument,
                "there is no layer '" + name + "' (there is: " + known + ")");
}

}  // namespace tenon::backend

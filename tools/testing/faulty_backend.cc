// A backend for tests that computes wrongly where a node's name says so: Mul and Relu of float32 whose name contains
// "wrong:X" give (1 + X) times what is right in their largest element. It takes no other node.
#include <algorithm>
#include <cmath>
#include <string>

#include "tenon/backend_api/sdk/sdk.h"

namespace faulty {

namespace sdk = tenon::sdk;

constexpr std::string_view kMark = "wrong:";

class Wrong {
 public:
  static tenon_status Accepts(const sdk::Node& node) {
    if (node.name().find(kMark) == std::string_view::npos)
      return node.RefuseAttribute("name", std::string(node.name()), std::string(kMark));
    return sdk::kOk;
  }
  explicit Wrong(const sdk::Node& node) {
    const std::string name(node.name());
    factor_ = 1 + std::stof(name.substr(name.find(kMark) + kMark.size()));
  }

 protected:
  void Spoil(const sdk::Tensor<float>& y) const {
    if (y.Count() == 0) return;
    int64_t largest = 0;
    for (int64_t i = 1; i < y.Count(); ++i) {
      if (std::abs(y[i]) > std::abs(y[largest])) largest = i;
    }
    y[largest] *= factor_;
  }

 private:
  float factor_ = 1;
};

class Mul : public Wrong {
 public:
  using Wrong::Wrong;
  static tenon_status Accepts(const sdk::Node& node) {
    if (!std::ranges::equal(node.Input(0).dims(), node.Input(1).dims()))
      return node.RefuseShape(1, "that of input 0");
    return Wrong::Accepts(node);
  }
  void Run(const sdk::Run& run) const {
    const auto a = run.Input<float>(0), b = run.Input<float>(1);
    const auto y = run.Output<float>(0);
    for (int64_t i = 0; i < y.Count(); ++i) y[i] = a[i] * b[i];
    Spoil(y);
  }
};

class Relu : public Wrong {
 public:
  using Wrong::Wrong;
  void Run(const sdk::Run& run) const {
    const auto x = run.Input<float>(0);
    const auto y = run.Output<float>(0);
    for (int64_t i = 0; i < y.Count(); ++i) y[i] = std::max(x[i], 0.0F);
    Spoil(y);
  }
};

class Backend : public sdk::Backend<Backend> {
 public:
  using sdk::Backend<Backend>::Backend;
  using Device = sdk::Device<Backend>;
  static std::vector<sdk::DeviceRow> Devices() { return {{.name = "faulty"}}; }
  static constexpr auto kKernels = sdk::Rows(
      sdk::Row{
          .op = "Mul", .revisions = {7, 14}, .types = sdk::Same<float>, .kernel = sdk::Class<Mul>},
      sdk::Row{.op = "Relu",
               .revisions = {1, 14},
               .types = sdk::Same<float>,
               .kernel = sdk::Class<Relu>});
};

}  // namespace faulty

TENON_SDK_BACKEND(faulty::Backend, "faulty", "1.0", "Tenon");

// Prints GFLOP/s of the reference kernels on convolutions of known networks, on one thread.
#include <chrono>
#include <cstdio>

#include "testing/held_node.h"

namespace tenon::operators::testing {
namespace {

struct Problem {
  const char* what;
  int64_t channels, outputs, groups, size, kernel, stride;
};
constexpr Problem kProblems[] = {
    {"3x3 64 of 56 (resnet50)", 64, 64, 1, 56, 3, 1},
    {"3x3 128 of 28", 128, 128, 1, 28, 3, 1},
    {"3x3 512 of 7", 512, 512, 1, 7, 3, 1},
    {"1x1 256->64 of 56", 256, 64, 1, 56, 1, 1},
    {"1x1 512->2048 of 7", 512, 2048, 1, 7, 1, 1},
    {"7x7/2 3->64 of 224", 3, 64, 1, 224, 7, 2},
    {"3x3 depthwise 96/2 of 112 (mobilenet)", 96, 96, 96, 112, 3, 2},
    {"3x3 depthwise 144 of 56", 144, 144, 144, 56, 3, 1},
    {"3x3 depthwise 960 of 7", 960, 960, 960, 7, 3, 1},
};

void Measure(const Problem& p) {
  std::vector<HeldTensor> tensors;
  tensors.push_back(
      HeldTensor::Make(DataType::kFloat32, Shape{1, p.channels, p.size, p.size}, nullptr));
  tensors.push_back(HeldTensor::Make(
      DataType::kFloat32, Shape{p.outputs, p.channels / p.groups, p.kernel, p.kernel}, nullptr));
  HeldNode node("", "Conv", 1, std::move(tensors), 1);
  const int64_t pads[] = {p.kernel / 2, p.kernel / 2, p.kernel / 2, p.kernel / 2},
                strides[] = {p.stride, p.stride};
  node.SetInt("group", p.groups);
  node.SetInts("pads", pads);
  node.SetInts("strides", strides);
  const auto outputs = node.Infer();
  const auto inputs = node.InferInputs();
  const double flops = FindOperator("", "Conv")->cost(node.node(), inputs, *outputs).flops;
  const std::vector<TensorSpec> specs = {{true, DataType::kFloat32, inputs[0].shape},
                                         {true, DataType::kFloat32, inputs[1].shape}};
  const std::vector<TensorSpec> result = {{true, DataType::kFloat32, (*outputs)[0].shape}};
  auto y = HeldTensor::Make(DataType::kFloat32, result[0].shape, nullptr);
  auto plan = FindKernel("", "Conv", 1, DataType::kFloat32)->Plan(node.node(), specs, result);
  std::vector<void*> in = {inputs[0].value->data, inputs[1].value->data};
  std::vector<void*> out = {y.view.data};
  double best = 1e9;
  for (int i = 0; i < 20; ++i) {
    const auto start = std::chrono::steady_clock::now();
    if (!(*plan)->Run({in, out, nullptr, ParallelFor::Inline()}).ok()) return;
    best = std::min(
        best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::printf("%-40s %7.1f GFLOP/s\n", p.what, flops / best * 1e-9);
}

}  // namespace
}  // namespace tenon::operators::testing

int main() {
  for (const auto& problem : tenon::operators::testing::kProblems)
    tenon::operators::testing::Measure(problem);
}

#include "recurrent/ref_activation.h"

#include <cctype>
#include <cmath>

#include "support/math.h"

namespace tenon::operators {
namespace {

using Kind = Activation::Kind;

struct Named {
  std::string_view name;
  Kind kind;
  bool has_alpha, has_beta;
  float alpha, beta;
};
constexpr Named kNamed[] = {
    {"affine", Kind::kAffine, true, true, 1, 0},
    {"elu", Kind::kElu, true, false, 1, 0},
    {"hardsigmoid", Kind::kHardSigmoid, true, true, 0.2F, 0.5F},
    {"leakyrelu", Kind::kLeakyRelu, true, false, 0.01F, 0},
    {"relu", Kind::kRelu, false, false, 0, 0},
    {"scaledtanh", Kind::kScaledTanh, true, true, 1, 1},
    {"sigmoid", Kind::kSigmoid, false, false, 0, 0},
    {"softplus", Kind::kSoftplus, false, false, 0, 0},
    {"softsign", Kind::kSoftsign, false, false, 0, 0},
    {"tanh", Kind::kTanh, false, false, 0, 0},
    {"thresholdedrelu", Kind::kThresholdedRelu, true, false, 1, 0},
};

// Old exporters write names in other cases.
const Named* FindNamed(std::string_view name) {
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  for (const Named& named : kNamed) {
    if (std::ranges::equal(name, named.name, same)) return &named;
  }
  return nullptr;
}

template <typename T, typename F>
void Loop(const T* from, int64_t count, T* to, const F& f) {
#pragma GCC ivdep
  for (int64_t i = 0; i < count; ++i) to[i] = f(from[i]);
}

}  // namespace

template <typename T>
void Activation::Apply(const T* from, int64_t count, T* to) const {
  const T a = static_cast<T>(alpha_), b = static_cast<T>(beta_);
  switch (kind_) {
    case Kind::kAffine:
      return Loop(from, count, to, [=](T x) { return a * x + b; });
    case Kind::kElu:
      return Loop(from, count, to, [=](T x) { return x >= 0 ? x : a * std::expm1(x); });
    case Kind::kHardSigmoid:
      return Loop(from, count, to, [=](T x) { return std::max(T(0), std::min(T(1), a * x + b)); });
    case Kind::kLeakyRelu:
      return Loop(from, count, to, [=](T x) { return x >= 0 ? x : a * x; });
    case Kind::kRelu:
      return Loop(from, count, to, [](T x) { return x > 0 || x != x ? x : T(0); });
    case Kind::kScaledTanh:
      return Loop(from, count, to, [=](T x) { return a * HyperbolicTangent(b * x); });
    case Kind::kSigmoid:
      return Loop(from, count, to, [](T x) { return Logistic(x); });
    case Kind::kSoftplus:
      return Loop(from, count, to,
                  [](T x) { return std::max(x, T(0)) + std::log1p(Exponential(-std::fabs(x))); });
    case Kind::kSoftsign:
      return Loop(from, count, to, [](T x) { return x / (T(1) + std::fabs(x)); });
    case Kind::kTanh:
      return Loop(from, count, to, [](T x) { return HyperbolicTangent(x); });
    case Kind::kThresholdedRelu:
      return Loop(from, count, to, [=](T x) { return x >= a ? x : T(0); });
  }
}
template void Activation::Apply(const float*, int64_t, float*) const;
template void Activation::Apply(const double*, int64_t, double*) const;

Status ReadActivations(const NodeView& node, int64_t directions,
                       std::span<const Activation::Kind> defaults,
                       std::vector<Activation>& activations) {
  const AttributeView* names = node.Find("activations");
  const auto count = static_cast<size_t>(directions) * defaults.size();
  if (names != nullptr && !names->strings.empty() && names->strings.size() < count) {
    return Invalid(node, "attribute activations has ", static_cast<int>(names->strings.size()),
                   " functions (expected ", static_cast<int>(count), ")");
  }
  const AttributeView* alphas = node.Find("activation_alpha");
  const AttributeView* betas = node.Find("activation_beta");
  size_t alpha = 0, beta = 0;
  const auto next = [](const AttributeView* list, size_t& at, float otherwise) {
    return list != nullptr && at < list->floats.size() ? list->floats[at++] : otherwise;
  };
  for (size_t i = 0; i < count; ++i) {
    if (names == nullptr || names->strings.empty()) {
      activations.emplace_back(defaults[i % defaults.size()], 0.0F, 0.0F);
      continue;
    }
    const Named* named = FindNamed(names->strings[i]);
    if (named == nullptr)
      return Invalid(node, "attribute activations has \"", names->strings[i],
                     "\", which is no activation of ONNX");
    activations.emplace_back(named->kind,
                             named->has_alpha ? next(alphas, alpha, named->alpha) : 0.0F,
                             named->has_beta ? next(betas, beta, named->beta) : 0.0F);
  }
  return {};
}

}  // namespace tenon::operators

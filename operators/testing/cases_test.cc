// Every case of cases.bin: types and shapes as expected, values within the case's tolerance; and
// the same result after the node was rewritten to every older revision that can say it and back.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>
#include <set>

#include "quantization/number_format.h"
#include "support/half.h"
#include "support/types.h"
#include "testing/held_node.h"

namespace tenon::operators::testing {
namespace {

double At(const TensorView& tensor, int64_t i) {
  if (tensor.type == DataType::kFloat16) return FloatFromHalf(tensor.as<uint16_t>()[i]);
  if (tensor.type == DataType::kBfloat16) return FloatFromBfloat16(tensor.as<uint16_t>()[i]);
  if (NumberFormat::Of(tensor.type).type != DataType::kUndefined &&
      tensor.type != DataType::kInt32) {
    float value = 0;
    DecodeNumbers(tensor.type, tensor.data, i, 1, &value);
    return static_cast<double>(value);
  }
  return Dispatch(
      NumbersAndBool{}, tensor.type,
      [&]<typename T>() { return static_cast<double>(tensor.as<T>()[i]); },
      [] { return std::nan(""); });
}

// The first difference beyond the tolerance, or nothing.
std::string Difference(const TensorView& got, const TensorView& expected, double rtol,
                       double atol) {
  if (got.type != expected.type) {
    return std::string("is ") + std::string(DataTypeName(got.type)) + ", expected " +
           std::string(DataTypeName(expected.type));
  }
  if (!(got.shape == expected.shape))
    return "has shape " + got.shape.ToString() + ", expected " + expected.shape.ToString();
  for (int64_t i = 0; i < got.shape.ElementCount(); ++i) {
    const double a = At(got, i), b = At(expected, i);
    if (a == b || (std::isnan(a) && std::isnan(b)) ||
        std::fabs(a - b) <= atol + rtol * std::fabs(b))
      continue;
    return "has " + std::to_string(a) + " at " + std::to_string(i) + ", expected " +
           std::to_string(b);
  }
  return {};
}

class Cases : public ::testing::Test {
 protected:
  static const CaseFile& File() {
    static const CaseFile file = ReadCases(TENON_CASES);
    return file;
  }
  static void Check(const Case& c, const HeldNode& node, const std::string& when,
                    std::map<std::string, int>& skipped) {
    const auto results = node.Run();
    if (!results.ok() && results.status().code() == Code::kUnsupported) {
      ++skipped[std::string(results.status().message())];
      return;
    }
    ASSERT_TRUE(results.ok()) << c.name << when << ": " << results.status().ToString();
    for (size_t i = 0; i < c.outputs.size(); ++i) {
      if (!c.outputs[i].present) continue;
      const std::string difference =
          Difference((*results)[i].view, c.outputs[i].view, c.rtol, c.atol);
      EXPECT_EQ(difference, "") << c.name << when << ", output " << i;
    }
  }
};

TEST_F(Cases, ComputeWhatOthersDo) {
  std::map<std::string, int> skipped;
  int run = 0;
  for (const Case& c : File().cases) {
    HeldNode node(c);
    const Status rewritten = node.Rewrite();
    if (rewritten.code() == Code::kUnsupported) {
      ++skipped[std::string(rewritten.message())];
      continue;
    }
    ASSERT_TRUE(rewritten.ok()) << c.name << ": " << rewritten.ToString();
    Check(c, node, "", skipped);
    ++run;
  }
  EXPECT_GT(run, 0) << "no cases in " << TENON_CASES;
  std::printf("%d cases\n", run);
  for (const auto& [reason, count] : skipped)
    std::printf("skipped %d: %s\n", count, reason.c_str());
  for (const auto& [reason, count] : File().left_out)
    std::printf("left out %u: %s\n", count, reason.c_str());
}

TEST_F(Cases, MeanTheSameInOlderRevisions) {
  std::map<std::string, int> ignored, refused;
  std::set<std::string> rewritten;
  for (const Case& c : File().cases) {
    const Operator& op = *FindOperator(c.domain, c.op);
    for (const Revision& revision : op.revisions) {
      HeldNode node(c);
      if (!node.Rewrite().ok() || node.node().op != c.op || node.node().domain != c.domain) break;
      const auto expected = node.Infer();
      const Status down = node.Rewrite(revision.number);
      if (!down.ok()) {
        ASSERT_EQ(down.code(), Code::kUnsupported) << c.name << ": " << down.ToString();
        ++refused[c.op];
        continue;
      }
      // The shape function takes every revision.
      const auto inferred = node.Infer();
      if (!inferred.ok() && inferred.status().code() == Code::kUnsupported) continue;
      ASSERT_TRUE(inferred.ok()) << c.name << ": " << inferred.status().ToString();
      for (size_t i = 0; i < inferred->size(); ++i) {
        EXPECT_EQ((*inferred)[i].shape.ToString(), (*expected)[i].shape.ToString()) << c.name;
      }
      const Status up = node.Rewrite();
      ASSERT_TRUE(up.ok()) << c.name << ": " << up.ToString();
      Check(c, node, " over revision " + std::to_string(revision.number), ignored);
      if (revision.number != op.newest().number)
        rewritten.insert(c.op + " " + std::to_string(revision.number));
    }
  }
  for (const std::string& name : rewritten) std::printf("%s, ", name.c_str());
  std::printf("\n");
}

// An optional output that nobody reads is absent, whichever it is.
TEST_F(Cases, MeanTheSameWithoutAnOptionalOutput) {
  std::map<std::string, int> skipped;
  std::set<std::string> checked;
  for (const Case& c : File().cases) {
    const auto present = std::ranges::count_if(c.outputs, &HeldTensor::present);
    const Arity& arity = FindOperator(c.domain, c.op)->arity;
    if (present < 2 || arity.max_outputs == kVariadic) continue;
    for (size_t i = arity.min_outputs; i < c.outputs.size(); ++i) {
      Case rest = c;
      rest.outputs[i].present = false;
      HeldNode node(rest);
      if (!c.outputs[i].present || !node.Rewrite().ok()) continue;
      Check(rest, node, " without output " + std::to_string(i), skipped);
      checked.insert(c.op);
    }
  }
  EXPECT_GT(checked.size(), 5u);
  for (const std::string& name : checked) std::printf("%s, ", name.c_str());
  std::printf("\n");
}

// float32 tensors in another type.
HeldTensor Converted(const HeldTensor& from, DataType to) {
  if (!from.present || from.view.type != DataType::kFloat32) return from;
  HeldTensor result = HeldTensor::Make(to, from.view.shape, nullptr);
  for (int64_t i = 0; i < from.view.shape.ElementCount(); ++i) {
    const float value = from.view.as<float>()[i];
    if (to == DataType::kFloat64) {
      result.view.as<double>()[i] = value;
    } else {
      result.view.as<uint16_t>()[i] = HalfFromFloat(value);
    }
  }
  return result;
}

// What float32 kernels compute, those for other floats do too.
TEST_F(Cases, MeanTheSameInFloat64) {
  std::set<std::string> checked;
  for (const Case& c : File().cases) {
    if (c.inputs.empty() || c.inputs[0].view.type != DataType::kFloat32) continue;
    if (FindKernel(c.domain, c.op, FindOperator(c.domain, c.op)->newest().number,
                   DataType::kFloat64) == nullptr)
      continue;
    Case wide = c;
    for (HeldTensor& input : wide.inputs) input = Converted(input, DataType::kFloat64);
    HeldNode node(wide);
    if (!node.Rewrite().ok()) continue;
    const auto results = node.Run();
    if (!results.ok()) continue;  // an argument that is always float32
    checked.insert(c.op);
    for (size_t i = 0; i < c.outputs.size(); ++i) {
      if (!c.outputs[i].present) continue;
      EXPECT_EQ(
          Difference((*results)[i].view, Converted(c.outputs[i], (*results)[i].view.type).view,
                     std::max(c.rtol, 1e-4), std::max(c.atol, 1e-5)),
          "")
          << c.name << " in float64, output " << i;
    }
  }
  for (const std::string& name : checked) std::printf("%s, ", name.c_str());
  std::printf("\n");
}

// With no contents known, a shape function says nothing wrong.
TEST_F(Cases, InferNothingWrongWithoutContents) {
  for (const Case& c : File().cases) {
    HeldNode node(c);
    if (!node.Rewrite().ok()) continue;
    const auto known = node.Infer();
    if (!known.ok()) continue;
    std::vector<InferOutput> outputs(c.outputs.size());
    const Operator& op = *FindOperator(node.node().domain, node.node().op);
    const Status status = op.infer(node.node(), node.InferInputs(false), outputs);
    if (status.code() == Code::kUnsupported) continue;
    ASSERT_TRUE(status.ok()) << c.name << ": " << status.ToString();
    for (size_t i = 0; i < outputs.size(); ++i) {
      const Shape& expected = (*known)[i].shape;
      if (!outputs[i].shape.has_rank()) continue;
      ASSERT_EQ(outputs[i].shape.rank(), expected.rank()) << c.name;
      for (int d = 0; d < expected.rank(); ++d) {
        EXPECT_TRUE(outputs[i].shape[d] < 0 || outputs[i].shape[d] == expected[d]) << c.name;
      }
    }
  }
}

}  // namespace
}  // namespace tenon::operators::testing

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--operators") == 0) {
    for (const auto* kernel : tenon::operators::AllKernels())
      std::puts(std::string(kernel->name).c_str());
    return 0;
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}

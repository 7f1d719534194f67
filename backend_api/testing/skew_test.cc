// Backends of other versions than the host's: which load, and why the others are refused.
#include <gtest/gtest.h>

#include <string>

#include "tenon/backend/backend.h"

namespace {

namespace backend = tenon::backend;

std::string Path(const std::string& variant) {
  return std::string(SKEW_FOLDER) + "/libskew_" + variant + ".so";
}

auto Load(const std::string& variant) {
  return backend::Backend::Load(Path(variant), {}, std::make_shared<backend::HostServices>());
}

std::string Refusal(const std::string& variant) {
  auto loaded = Load(variant);
  if (loaded.ok()) return "it loads";
  EXPECT_EQ(loaded.status().code(), tenon::Code::kIncompatible);
  EXPECT_NE(loaded.status().message().find("libskew_" + variant), std::string::npos);
  return std::string(loaded.status().message());
}

void ExpectItsNodeRuns(const std::string& variant) {
  auto loaded = Load(variant);
  ASSERT_TRUE(loaded.ok()) << loaded.status().ToString();
  ASSERT_EQ((*loaded)->descriptors().size(), 1u);
  const tenon_kernel_descriptor* neg = (*loaded)->descriptors()[0];
  float x[2] = {1, -2}, y[2] = {};
  int64_t dim = 2, stride = 1;
  tenon_argument in{}, out{};
  in.struct_size = out.struct_size = sizeof in;
  in.bytes = out.bytes = sizeof x;
  in.dtype = out.dtype = TENON_FLOAT32;
  in.tensor = {x, {kDLCPU, 0}, 1, {kDLFloat, 32, 1}, &dim, &stride, 0};
  out.tensor = {y, {kDLCPU, 0}, 1, {kDLFloat, 32, 1}, &dim, &stride, 0};
  const tenon_argument* inputs[] = {&in};
  const tenon_argument* outputs[] = {&out};
  tenon_run run{};
  run.struct_size = sizeof run;
  run.inputs = inputs;
  run.outputs = outputs;
  run.input_count = run.output_count = 1;
  EXPECT_TRUE((*loaded)->Take(neg->run(neg, nullptr, nullptr, &run)).ok());
  EXPECT_EQ(y[0], -1);
  EXPECT_EQ(y[1], 2);
}

TEST(Skew, TheSameVersionRuns) { ExpectItsNodeRuns("same"); }
// One for each header in ../recorded; the build defines which.
TEST(Skew, RecordedHeadersRun) {
  std::string list = SKEW_RECORDED;
  if (list.empty()) GTEST_SKIP() << "no version of the ABI is recorded yet";
  for (size_t at = 0; at < list.size();) {
    const size_t end = std::min(list.find(','), list.size());
    ExpectItsNodeRuns(list.substr(at, end - at));
    list.erase(0, end + 1);
  }
}
TEST(Skew, NewerMinorRuns) { ExpectItsNodeRuns("newer"); }
TEST(Skew, WithoutANoteNegotiationDecides) { ExpectItsNodeRuns("no_note"); }

TEST(Skew, OtherMajorIsRefusedBeforeItIsLoaded) {
  EXPECT_NE(Refusal("other_major").find("built for ABI 7.3, this host has 0.2"), std::string::npos)
      << Refusal("other_major");
}
TEST(Skew, MinorThatTheHostLeftBehindIsRefused) {
  EXPECT_NE(Refusal("too_old").find("speaks ABI 0.0 to 0.0, this host accepts 0.1 to 0.2"),
            std::string::npos)
      << Refusal("too_old");
}
TEST(Skew, MinorThatNeedsANewerHostIsRefused) {
  EXPECT_NE(Refusal("needs_newer").find("speaks ABI 0.3 to 0.4, this host accepts 0.1 to 0.2"),
            std::string::npos)
      << Refusal("needs_newer");
}
TEST(Skew, MinorOutsideOfTheOfferIsRefused) {
  EXPECT_NE(Refusal("chooses_old").find("chose ABI 0.0, this host accepts 0.1 to 0.2"),
            std::string::npos)
      << Refusal("chooses_old");
  EXPECT_NE(Refusal("chooses_new").find("chose ABI 0.9, this host accepts 0.1 to 0.2"),
            std::string::npos)
      << Refusal("chooses_new");
}
TEST(Skew, TheBackendsOwnReasonIsGivenOn) {
  EXPECT_NE(Refusal("refuses").find("the backend refuses this host: it is Monday"),
            std::string::npos)
      << Refusal("refuses");
}
TEST(Skew, WithoutTheSymbolItIsNoBackend) {
  EXPECT_NE(Refusal("no_symbol").find("has no function tenon_negotiate"), std::string::npos)
      << Refusal("no_symbol");
}
TEST(Skew, OtherSanitizerIsRefusedBeforeItIsLoaded) {
  EXPECT_NE(Refusal("sanitizer").find("built with the sanitizer"), std::string::npos)
      << Refusal("sanitizer");
}

}  // namespace

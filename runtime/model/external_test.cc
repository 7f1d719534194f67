// External data: what is read, and what a model may not reach.
#include "external.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>

#include "testing.h"

namespace tenon::model {
namespace {

namespace fs = std::filesystem;
using Tensor = testing::onnx::TensorProto;
using Keys = std::vector<std::pair<std::string, std::string>>;

// folder/model.onnx, folder/w.bin (the weights from byte 10 on), folder/sub/, and secret.bin beside the folder.
class ExternalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "tenon_external_XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root_ = name;
    folder_ = root_ / "folder";
    fs::create_directories(folder_ / "sub");
    for (int i = 0; i < 12; ++i) weights_.push_back(static_cast<float>(i) * 0.5f);
    std::string bytes(10, 'x');
    bytes.append(reinterpret_cast<const char*>(weights_.data()), 48);
    bytes += "tail";
    Write(folder_ / "w.bin", bytes);
    Write(root_ / "secret.bin", bytes);
  }
  void TearDown() override { fs::remove_all(root_); }

  static void Write(const fs::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }
  static Keys Place(const std::string& location) {
    return {{"location", location}, {"offset", "10"}, {"length", "48"}};
  }
  static void SetKeys(Tensor* tensor, const Keys& keys) {
    tensor->clear_raw_data();
    tensor->set_data_location(Tensor::EXTERNAL);
    tensor->clear_external_data();
    for (const auto& [key, value] : keys) {
      auto* entry = tensor->add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    }
  }
  Result<graph::Graph> Open(const Keys& keys, const std::function<void(Tensor&)>& change = {},
                            const ImportOptions& options = {}) {
    auto model = testing::SmallModel();
    Tensor* tensor = model.mutable_graph()->mutable_initializer(0);
    SetKeys(tensor, keys);
    if (change) change(*tensor);
    Write(folder_ / "model.onnx", model.SerializeAsString());
    return ImportFile(folder_ / "model.onnx", options);
  }
  void ExpectWeights(const Result<graph::Graph>& graph) {
    ASSERT_TRUE(graph.ok()) << graph.status().ToString();
    const auto& w = *graph->values[graph->FindValue("w")].constant;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(w.blob->data) % alignof(float), 0u);
    EXPECT_EQ(std::memcmp(w.blob->data, weights_.data(), 48), 0);
    EXPECT_TRUE(w.blob->identity.known());
    EXPECT_EQ(w.blob->identity.offset, 10u);
  }
  void ExpectError(const Result<graph::Graph>& graph, Code code, const std::string& says) {
    ASSERT_FALSE(graph.ok()) << says;
    const std::string message = graph.status().ToString();
    EXPECT_EQ(graph.status().code(), code) << message;
    EXPECT_NE(message.find("initializer \"w\": external data: "), std::string::npos) << message;
    EXPECT_NE(message.find(says), std::string::npos) << message;
  }

  fs::path root_, folder_;
  std::vector<float> weights_;
};

TEST_F(ExternalTest, IsReadAtAnyOffsetAndThroughLinksWithinTheFolder) {
  ExpectWeights(Open(Place("w.bin")));
  ExpectWeights(Open(Place(".//w.bin")));
  fs::rename(folder_ / "w.bin", folder_ / "sub" / "data.bin");
  fs::create_symlink("sub/data.bin", folder_ / "w.bin");
  ExpectWeights(Open(Place("w.bin")));
  ExpectWeights(Open({{"basepath", "/home/somebody"},
                      {"offset", "10"},
                      {"location", "sub/data.bin"},
                      {"checksum", "da39a3ee5e6b4b0d3255bfef95601890afd80709"}}));
}

TEST_F(ExternalTest, OneFileIsOpenedOnceAndSharedByItsTensors) {
  auto model = testing::SmallModel();
  SetKeys(model.mutable_graph()->mutable_initializer(0), Place("w.bin"));
  constexpr int64_t kFloats = graph::File::kLargestRead / 4;
  fs::resize_file(folder_ / "w.bin", 10 + 4 * kFloats);
  auto* large = testing::AddWeight(model, "large", {kFloats}, {});
  SetKeys(large, {{"location", "./w.bin"}, {"offset", "10"}});
  testing::AddNode(model, "Neg", {"large"}, {"n"});
  testing::SetType(model.mutable_graph()->add_output(), "n", {kFloats});
  Write(folder_ / "model.onnx", model.SerializeAsString());
  Result<graph::Graph> graph = ImportFile(folder_ / "model.onnx");
  ExpectWeights(graph);
  const auto& blob = *graph->values[graph->FindValue("large")].constant->blob;
  EXPECT_TRUE(blob.mapped);
  EXPECT_EQ(std::memcmp(blob.data, weights_.data(), 48), 0);
  ASSERT_EQ(graph->files.size(), 2u);
  EXPECT_EQ(graph->files[1].get(), blob.owner.get());
  EXPECT_TRUE(graph->files[1]->Check().ok());
  // A file that is cut later: nobody reads what is gone.
  fs::resize_file(folder_ / "w.bin", 5000);
  EXPECT_EQ(graph->files[1]->Check().code(), Code::kDataLoss);
  std::byte bytes[16];
  EXPECT_EQ(graph->files[1]->Read(6000, bytes).code(), Code::kDataLoss);
}

TEST_F(ExternalTest, CopiesSurviveWhatHappensToTheFile) {
  fs::resize_file(folder_ / "w.bin", 2 * graph::File::kLargestRead);
  ImportOptions options;
  options.copy_files = true;
  const Result<graph::Graph> graph = Open(Place("w.bin"), {}, options);
  fs::resize_file(folder_ / "w.bin", 0);
  ExpectWeights(graph);
  EXPECT_TRUE(graph->files[1]->Check().ok());
  EXPECT_EQ(graph->files[1]->bytes()[2 * graph::File::kLargestRead - 1], std::byte{0});
}

TEST_F(ExternalTest, NothingOutsideTheFolderIsRead) {
  const auto refused = [&](const std::string& location, const std::string& says) {
    ExpectError(Open(Place(location)), Code::kInvalidArgument, says);
  };
  refused("../secret.bin", "\"..\" leads out");
  refused("sub/../../secret.bin", "\"..\" leads out");
  refused("sub/..", "\"..\" leads out");
  refused((root_ / "secret.bin").string(), "absolute path");
  refused("", "expected the path of a file");
  refused(std::string("w.bin\0/x", 8), "zero byte");
  fs::create_symlink("../secret.bin", folder_ / "out");
  fs::create_symlink(root_ / "secret.bin", folder_ / "out_absolute");
  fs::create_symlink(root_, folder_ / "out_folder");
  fs::create_symlink("loop", folder_ / "loop");
  fs::create_symlink("/proc/self/cwd", folder_ / "magic");
  for (const char* link : {"out", "out_absolute", "out_folder/secret.bin", "loop", "magic/x"})
    refused(link, "link that leads out");
  refused("sub", "not a regular file");
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  refused("pipe", "not a regular file");
}

// What stands in for openat2 is stricter: it follows no links.
TEST_F(ExternalTest, TheWayWithoutOpenat2IsAsStrict) {
  fs::create_symlink("../secret.bin", folder_ / "out");
  fs::create_symlink(root_, folder_ / "out_folder");
  fs::create_symlink("w.bin", folder_ / "in");
  Write(folder_ / "sub" / "s.bin", "x");
  const int folder = open(folder_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  const auto opens = [&](const char* path) {
    const int file = OpenBeneathByParts(folder, path);
    const int error = file < 0 ? errno : 0;
    if (file >= 0) close(file);
    return error;
  };
  EXPECT_EQ(opens("w.bin"), 0);
  EXPECT_EQ(opens("./sub//s.bin"), 0);
  EXPECT_EQ(opens("out"), ELOOP);
  EXPECT_EQ(opens("out_folder/secret.bin"), ELOOP);
  EXPECT_EQ(opens("in"), ELOOP);
  EXPECT_EQ(opens("../secret.bin"), EXDEV);
  EXPECT_EQ(opens("sub/../w.bin"), EXDEV);
  EXPECT_EQ(opens("gone"), ENOENT);
  EXPECT_EQ(opens("w.bin/x"), ELOOP);
  close(folder);
}

TEST_F(ExternalTest, FilesThatAreMissingOrShort) {
  ExpectError(Open(Place("gone.bin")), Code::kNotFound, "\"gone.bin\" can't be opened");
  ExpectError(Open(Place("w.bin/x")), Code::kNotFound, "\"w.bin/x\" can't be opened");
  fs::resize_file(folder_ / "w.bin", 57);
  ExpectError(Open(Place("w.bin")), Code::kDataLoss, "\"w.bin\" has 57 bytes, the tensor needs 48");
  fs::resize_file(folder_ / "w.bin", 0);
  ExpectError(Open(Place("w.bin")), Code::kDataLoss, "\"w.bin\" has 0 bytes");
}

TEST_F(ExternalTest, KeysThatLie) {
  const auto refused = [&](Keys more, const std::string& says, Code code = Code::kInvalidArgument) {
    more.insert(more.begin(), {"location", "w.bin"});
    ExpectError(Open(more), code, says);
  };
  for (const char* number : {"-1", "", "1 ", " 1", "0x10", "1e3", "+1", "9223372036854775808",
                             "99999999999999999999999"}) {
    refused({{"offset", number}}, "key \"offset\" is \"" + std::string(number) + "\"");
    refused({{"length", number}}, "key \"length\" is \"" + std::string(number) + "\"");
  }
  refused({{"length", "47"}}, "key \"length\" is 47, its shape and type need 48 bytes");
  refused({{"length", "1125899906842624"}}, "key \"length\" is 1125899906842624");
  refused({{"offset", "9223372036854775807"}}, "from byte 9223372036854775807", Code::kDataLoss);
  refused({{"offset", "63"}}, "from byte 63", Code::kDataLoss);
  refused({{"offset", "0"}, {"offset", "10"}}, "key \"offset\" stands twice");
  refused({{"location", "w.bin"}}, "key \"location\" stands twice");
  refused({{"__class__", "x"}}, "unknown key \"__class__\"");
  refused({{"Offset\n", "10"}}, "unknown key \"Offset?\"");
  ExpectError(Open({{"offset", "10"}}), Code::kInvalidArgument, "key \"location\" is \"\"");
}

TEST_F(ExternalTest, TensorsThatContradictThemselves) {
  const auto raw = [](Tensor& t) { t.set_raw_data(std::string(48, 'a')); };
  ExpectError(Open(Place("w.bin"), raw), Code::kInvalidArgument, "holds data in the model, too");
  const auto floats = [](Tensor& t) { t.add_float_data(1); };
  ExpectError(Open(Place("w.bin"), floats), Code::kInvalidArgument, "holds data in the model");
  const auto strings = [](Tensor& t) { t.set_data_type(Tensor::STRING); };
  ExpectError(Open(Place("w.bin"), strings), Code::kInvalidArgument, "strings can't be");
}

TEST_F(ExternalTest, ModelsFromMemoryNeedAFolder) {
  auto model = testing::SmallModel();
  SetKeys(model.mutable_graph()->mutable_initializer(0), Place("w.bin"));
  ExpectError(testing::Import(model), Code::kInvalidArgument, "tenon_limits.data_folder");
  ImportOptions options;
  options.data_folder = folder_;
  ExpectWeights(testing::Import(model, options));
  options.data_folder = folder_ / "none";
  ExpectError(testing::Import(model, options), Code::kNotFound, "none can't be opened");
  options.data_folder = folder_;
  options.max_model_bytes = 1000;
  fs::resize_file(folder_ / "w.bin", 1001);
  ExpectError(testing::Import(model, options), Code::kInvalidArgument, "1001 bytes, the limit");
}

}  // namespace
}  // namespace tenon::model

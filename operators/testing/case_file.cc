#include "testing/case_file.h"

#include <cstring>
#include <fstream>
#include <iterator>

namespace tenon::operators::testing {
namespace {

class Reader {
 public:
  explicit Reader(std::string data) : data_(std::move(data)) {}
  template <typename T>
  T Get() {
    T value{};
    Copy(&value, sizeof(T));
    return value;
  }
  std::string Text() {
    std::string text(Get<uint32_t>(), '\0');
    Copy(text.data(), text.size());
    return text;
  }
  void Copy(void* to, size_t size) {
    if (size > data_.size() - at_) size = 0;
    std::memcpy(to, data_.data() + at_, size);
    at_ += size;
  }

 private:
  std::string data_;
  size_t at_ = 0;
};

HeldTensor ReadTensor(Reader& reader) {
  const auto type = static_cast<DataType>(reader.Get<uint8_t>());
  Shape shape;
  for (int rank = reader.Get<uint8_t>(); rank > 0; --rank) shape.Append(reader.Get<int64_t>());
  HeldTensor tensor = HeldTensor::Make(type, shape, nullptr);
  reader.Copy(tensor.bytes.data(), static_cast<size_t>(tensor.byte_size()));
  return tensor;
}

std::vector<HeldTensor> ReadArguments(Reader& reader) {
  std::vector<HeldTensor> arguments(reader.Get<uint32_t>());
  for (HeldTensor& argument : arguments) {
    if (reader.Get<uint8_t>() != 0) argument = ReadTensor(reader);
  }
  return arguments;
}

void ReadAttribute(Reader& reader, HeldAttribute& to) {
  to.name = reader.Text();
  to.view.name = to.name;
  to.view.kind = static_cast<AttributeView::Kind>(reader.Get<uint8_t>());
  switch (to.view.kind) {
    case AttributeView::Kind::kInt:
      to.view.i = reader.Get<int64_t>();
      break;
    case AttributeView::Kind::kFloat:
      to.view.f = reader.Get<float>();
      break;
    case AttributeView::Kind::kString:
      to.text = reader.Text();
      to.view.s = to.text;
      break;
    case AttributeView::Kind::kInts:
      to.ints.resize(reader.Get<uint32_t>());
      for (int64_t& value : to.ints) value = reader.Get<int64_t>();
      to.view.ints = to.ints;
      break;
    case AttributeView::Kind::kFloats:
      to.floats.resize(reader.Get<uint32_t>());
      for (float& value : to.floats) value = reader.Get<float>();
      to.view.floats = to.floats;
      break;
    case AttributeView::Kind::kStrings:
      to.strings.resize(reader.Get<uint32_t>());
      for (std::string& value : to.strings) value = reader.Text();
      to.view.strings = to.strings;
      break;
    case AttributeView::Kind::kTensor:
      to.tensor = ReadTensor(reader);
      to.view.tensor = to.tensor.view;
      break;
  }
}

}  // namespace

HeldTensor HeldTensor::Make(DataType type, const Shape& shape, const void* data) {
  HeldTensor tensor;
  tensor.present = true;
  tensor.view = {type, shape, nullptr};
  tensor.bytes.resize(static_cast<size_t>(tensor.byte_size() + 7) / 8 + 8);
  tensor.view.data = tensor.bytes.data();
  if (data != nullptr && tensor.byte_size() > 0) {
    std::memcpy(tensor.bytes.data(), data, static_cast<size_t>(tensor.byte_size()));
  }
  return tensor;
}

int64_t HeldTensor::byte_size() const {
  return (view.shape.ElementCount() * BitWidth(view.type) + 7) / 8;
}

CaseFile ReadCases(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  Reader reader(std::string(std::istreambuf_iterator<char>(stream), {}));
  CaseFile file;
  std::string magic(8, '\0');
  reader.Copy(magic.data(), magic.size());
  if (magic != "TNCASES1") return file;
  for (auto n = reader.Get<uint32_t>(); n > 0; --n) {
    std::string reason = reader.Text();
    file.left_out.emplace_back(std::move(reason), reader.Get<uint32_t>());
  }
  for (auto n = reader.Get<uint32_t>(); n > 0; --n) {
    Case& to = file.cases.emplace_back();
    to.name = reader.Text();
    to.domain = reader.Text();
    to.op = reader.Text();
    to.opset = reader.Get<int32_t>();
    to.rtol = reader.Get<double>();
    to.atol = reader.Get<double>();
    for (auto k = reader.Get<uint32_t>(); k > 0; --k)
      ReadAttribute(reader, to.attributes.emplace_back());
    to.inputs = ReadArguments(reader);
    to.outputs = ReadArguments(reader);
  }
  return file;
}

}  // namespace tenon::operators::testing

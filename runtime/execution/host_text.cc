// Operators on strings that host_text_ranks.cc does not compute, and Identity on whatever the host keeps.
#include <algorithm>
#include <charconv>
#include <clocale>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <cwctype>

#include "host_step.h"

namespace tenon::execution {
namespace {

Status RunIdentity(HostCall& call) { return call.Give(0, call.input(0)); }

// ------------------------------------------------------------------------------------- Conversions

std::string NumberText(double value, int digits) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-INF" : "INF";
  char text[40];
  const auto end =
      std::to_chars(text, text + sizeof text, value, std::chars_format::general, digits).ptr;
  return std::string(text, end);
}

template <typename T>
Status AppendTexts(const HostInput& x, Strings* out, auto&& text) {
  const T* values = static_cast<const T*>(x.data);
  for (int64_t i = 0; i < x.shape.ElementCount(); ++i)
    TENON_RETURN_IF_ERROR(out->Add(text(values[i])));
  return Status();
}

Status AppendNumbers(const HostCall& call, const HostInput& x, Strings* out) {
  const auto integer = [](auto value) { return std::to_string(value); };
  switch (x.type) {
    case DataType::kFloat32:
      return AppendTexts<float>(x, out, [](float v) { return NumberText(v, 8); });
    case DataType::kFloat64:
      return AppendTexts<double>(x, out, [](double v) { return NumberText(v, 17); });
    case DataType::kInt8:
      return AppendTexts<int8_t>(x, out, integer);
    case DataType::kInt16:
      return AppendTexts<int16_t>(x, out, integer);
    case DataType::kInt32:
      return AppendTexts<int32_t>(x, out, integer);
    case DataType::kInt64:
      return AppendTexts<int64_t>(x, out, integer);
    case DataType::kUint8:
      return AppendTexts<uint8_t>(x, out, integer);
    case DataType::kUint16:
      return AppendTexts<uint16_t>(x, out, integer);
    case DataType::kUint32:
      return AppendTexts<uint32_t>(x, out, integer);
    case DataType::kUint64:
      return AppendTexts<uint64_t>(x, out, integer);
    case DataType::kBool:
      return AppendTexts<uint8_t>(x, out, [](uint8_t v) { return std::string(v ? "1" : "0"); });
    default:
      return call.Error(Code::kUnsupported,
                        "no text is made of " + std::string(DataTypeName(x.type)));
  }
}

Status CastToText(HostCall& call, const HostInput& x) {
  TENON_ASSIGN(Strings out, Strings::Make(call, static_cast<uint64_t>(x.shape.ElementCount())));
  TENON_RETURN_IF_ERROR(AppendNumbers(call, x, &out));
  return call.SetObject(0, out.Take(x.shape));
}

// As strtod reads it where the process has set no locale.
Result<double> Number(const HostCall& call, const std::string& text) {
  static const locale_t kPlain = newlocale(LC_ALL_MASK, "C", nullptr);
  char* end = nullptr;
  const double value = strtod_l(text.c_str(), &end, kPlain);
  if (!text.empty() && end == text.c_str() + text.size()) return value;
  return call.Error(Code::kInvalidArgument, "\"" + text.substr(0, 40) + "\" is no number");
}

template <typename T>
Status FillNumbers(HostCall& call, const std::vector<std::string>& texts, std::byte* out) {
  T* values = reinterpret_cast<T*>(out);
  for (size_t i = 0; i < texts.size(); ++i) {
    if constexpr (std::is_integral_v<T> && sizeof(T) == 8) {
      char* end = nullptr;
      values[i] = static_cast<T>(
          std::is_signed_v<T> ? std::strtoll(texts[i].c_str(), &end, 10)
                              : static_cast<long long>(std::strtoull(texts[i].c_str(), &end, 10)));
      if (!texts[i].empty() && *end == 0) continue;
    }
    TENON_ASSIGN(const double value, Number(call, texts[i]));
    if constexpr (std::is_integral_v<T>) {
      if (!(std::abs(value) < 9e18))
        return call.Error(Code::kInvalidArgument, "\"" + texts[i] + "\" is too large");
      values[i] = static_cast<T>(static_cast<int64_t>(value));
    } else {
      values[i] = static_cast<T>(value);
    }
  }
  return Status();
}

Status CastFromText(HostCall& call, const HostInput& x) {
  const std::vector<std::string>& texts = x.object->strings;
  const DataType to = call.output_type(0);
  TENON_ASSIGN(std::byte* const out, call.Allocate(0, x.shape));
  switch (to) {
    case DataType::kFloat32:
      return FillNumbers<float>(call, texts, out);
    case DataType::kFloat64:
      return FillNumbers<double>(call, texts, out);
    case DataType::kInt8:
      return FillNumbers<int8_t>(call, texts, out);
    case DataType::kInt16:
      return FillNumbers<int16_t>(call, texts, out);
    case DataType::kInt32:
      return FillNumbers<int32_t>(call, texts, out);
    case DataType::kInt64:
      return FillNumbers<int64_t>(call, texts, out);
    case DataType::kUint8:
      return FillNumbers<uint8_t>(call, texts, out);
    case DataType::kUint16:
      return FillNumbers<uint16_t>(call, texts, out);
    case DataType::kUint32:
      return FillNumbers<uint32_t>(call, texts, out);
    case DataType::kUint64:
      return FillNumbers<uint64_t>(call, texts, out);
    case DataType::kBool:
      return FillNumbers<uint8_t>(call, texts, out);
    default:
      return call.Error(Code::kUnsupported,
                        "no " + std::string(DataTypeName(to)) + " is read from text");
  }
}

Status RunCast(HostCall& call) {
  const HostInput x = call.input(0);
  if (!x.object) return CastToText(call, x);
  return call.output_type(0) == DataType::kString ? call.Give(0, x) : CastFromText(call, x);
}

// ------------------------------------------------------------------------------- StringNormalizer

// UTF-8 to wide characters and back, in the C.UTF-8 locale of its own: no global state.
class Letters {
 public:
  Letters() : locale_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {}
  ~Letters() {
    if (locale_) freelocale(locale_);
  }
  Letters(const Letters&) = delete;
  Letters& operator=(const Letters&) = delete;

  // Each code point through `change`; what is no UTF-8 stays as it is.
  std::string Change(const std::string& text, bool upper) const {
    std::string out;
    for (size_t at = 0; at < text.size();) {
      uint32_t point = 0;
      const size_t length = Decode(text, at, &point);
      if (length == 0) {
        out += text[at++];
        continue;
      }
      const auto wide = static_cast<wint_t>(point);
      const wint_t changed = !locale_ ? wide
                             : upper  ? towupper_l(wide, locale_)
                                      : towlower_l(wide, locale_);
      Encode(static_cast<uint32_t>(changed), &out);
      at += length;
    }
    return out;
  }

 private:
  static size_t Decode(const std::string& text, size_t at, uint32_t* point) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const size_t length = lead < 0x80       ? 1
                          : lead >> 5 == 6  ? 2
                          : lead >> 4 == 14 ? 3
                          : lead >> 3 == 30 ? 4
                                            : 0;
    if (length == 0 || at + length > text.size()) return 0;
    *point = length == 1 ? lead : lead & (0x7F >> length);
    for (size_t i = 1; i < length; ++i) {
      const auto next = static_cast<unsigned char>(text[at + i]);
      if (next >> 6 != 2) return 0;
      *point = *point << 6 | (next & 0x3F);
    }
    return length;
  }
  static void Encode(uint32_t point, std::string* out) {
    if (point < 0x80) {
      *out += static_cast<char>(point);
    } else if (point < 0x800) {
      *out += static_cast<char>(0xC0 | point >> 6);
      *out += static_cast<char>(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
      *out += static_cast<char>(0xE0 | point >> 12);
      *out += static_cast<char>(0x80 | (point >> 6 & 0x3F));
      *out += static_cast<char>(0x80 | (point & 0x3F));
    } else {
      *out += static_cast<char>(0xF0 | point >> 18);
      *out += static_cast<char>(0x80 | (point >> 12 & 0x3F));
      *out += static_cast<char>(0x80 | (point >> 6 & 0x3F));
      *out += static_cast<char>(0x80 | (point & 0x3F));
    }
  }
  locale_t locale_;
};

Status RunNormalizer(HostCall& call) {
  const HostInput x = call.input(0);
  const std::string_view action = call.node().String("case_change_action", "NONE");
  const bool sensitive = call.node().Int("is_case_sensitive", 0) != 0;
  const AttributeView* stop = call.node().Find("stopwords");
  const Letters letters;
  std::vector<std::string> stopwords;
  for (const std::string& word : stop != nullptr ? stop->strings : std::span<const std::string>())
    stopwords.push_back(sensitive ? word : letters.Change(word, false));
  TENON_ASSIGN(Strings kept, Strings::Make(call, std::max<size_t>(x.object->strings.size(), 1)));
  for (const std::string& text : x.object->strings) {
    const std::string compared = sensitive ? text : letters.Change(text, false);
    if (std::ranges::find(stopwords, compared) != stopwords.end()) continue;
    TENON_RETURN_IF_ERROR(kept.Add(action == "UPPER"   ? letters.Change(text, true)
                                   : action == "LOWER" ? letters.Change(text, false)
                                                       : text));
  }
  if (kept.size() == 0) TENON_RETURN_IF_ERROR(kept.Add(""));
  const int64_t count = kept.size();
  return call.SetObject(0, kept.Take(x.shape.rank() == 2 ? Shape{1, count} : Shape{count}));
}

// --------------------------------------------------------------------------- StringConcat and Split

// The element of a tensor of `shape` that broadcasts to element `index` of `whole`.
size_t BroadcastIndex(const Shape& shape, const Shape& whole, int64_t index) {
  size_t at = 0, stride = 1;
  for (int i = whole.rank() - 1, j = shape.rank() - 1; i >= 0; --i, --j) {
    const int64_t here = index % whole[i];
    index /= whole[i];
    if (j < 0) continue;
    if (shape[j] != 1) at += static_cast<size_t>(here) * stride;
    stride *= static_cast<size_t>(shape[j]);
  }
  return at;
}

Status RunStringConcat(HostCall& call) {
  const HostInput a = call.input(0), b = call.input(1);
  const operators::InferInput inputs[] = {{true, DataType::kString, a.shape},
                                          {true, DataType::kString, b.shape}};
  operators::InferOutput whole;
  TENON_RETURN_IF_ERROR(call.graph_node().definition->infer(
      call.node(), std::span<const operators::InferInput>(inputs), std::span(&whole, 1)));
  const int64_t count = whole.shape.ElementCount();
  TENON_ASSIGN(Strings out, Strings::Make(call, static_cast<uint64_t>(count)));
  for (int64_t i = 0; i < count; ++i) {
    TENON_RETURN_IF_ERROR(out.Add(a.object->strings[BroadcastIndex(a.shape, whole.shape, i)],
                                  b.object->strings[BroadcastIndex(b.shape, whole.shape, i)]));
  }
  return call.SetObject(0, out.Take(whole.shape));
}

// At `delimiter`, or where that is empty at runs of white space; `most` splits from the left, -1: all.
std::vector<std::string_view> SplitText(std::string_view text, std::string_view delimiter,
                                        int64_t most) {
  static constexpr std::string_view kSpace = " \t\n\v\f\r";
  std::vector<std::string_view> pieces;
  size_t at = 0;
  const bool space = delimiter.empty();
  if (space) at = std::min(text.find_first_not_of(kSpace), text.size());
  if (text.empty() || (space && at == text.size())) return pieces;
  while (true) {
    const size_t end = space ? text.find_first_of(kSpace, at) : text.find(delimiter, at);
    const bool full = most >= 0 && static_cast<int64_t>(pieces.size()) == most;
    if (end == std::string::npos || full) {
      std::string_view rest = text.substr(at);
      if (space) rest = rest.substr(0, rest.find_last_not_of(kSpace) + 1);
      pieces.push_back(rest);
      return pieces;
    }
    pieces.push_back(text.substr(at, end - at));
    at = space ? text.find_first_not_of(kSpace, end) : end + delimiter.size();
    if (at == std::string::npos) return pieces;
  }
}

Status RunStringSplit(HostCall& call) {
  const HostInput x = call.input(0);
  const std::string_view delimiter = call.node().String("delimiter", "");
  const int64_t most = call.node().Int("maxsplit", -1);
  TENON_ASSIGN(Charge charge, Charge::Make(call.budget(), 0, "a table of strings"));
  std::vector<std::vector<std::string_view>> all;
  size_t widest = 0;
  for (const std::string& text : x.object->strings) {
    const auto& pieces = all.emplace_back(SplitText(text, delimiter, most));
    TENON_RETURN_IF_ERROR(
        charge.Grow(sizeof pieces + pieces.size() * sizeof pieces[0], "a table of strings"));
    widest = std::max(widest, pieces.size());
  }
  if (x.shape.rank() == kMaxRank) return call.Error(Code::kUnsupported, "its result has rank 9");
  Shape shape = x.shape;
  shape.Append(static_cast<int64_t>(widest));
  TENON_ASSIGN(const int64_t whole, CheckedElementCount(shape.dims()));
  TENON_ASSIGN(Strings out, Strings::Make(call, static_cast<uint64_t>(whole)));
  std::vector<int64_t> counts;
  for (const auto& pieces : all) {
    counts.push_back(static_cast<int64_t>(pieces.size()));
    for (size_t i = 0; i < widest; ++i)
      TENON_RETURN_IF_ERROR(out.Add(i < pieces.size() ? pieces[i] : std::string_view()));
  }
  TENON_RETURN_IF_ERROR(call.SetObject(0, out.Take(shape)));
  if (!call.wants(1)) return Status();
  TENON_ASSIGN(std::byte* const data, call.Allocate(1, x.shape));
  if (!counts.empty()) std::memcpy(data, counts.data(), counts.size() * sizeof counts[0]);
  return Status();
}

}  // namespace

HostFunction FindTextFunction(std::string_view op) {
  if (op == "StringNormalizer") return RunNormalizer;
  if (op == "StringConcat") return RunStringConcat;
  if (op == "StringSplit") return RunStringSplit;
  if (op == "Cast" || op == "CastLike") return RunCast;
  if (op == "Identity") return RunIdentity;
  return RunOnRanks;
}

}  // namespace tenon::execution

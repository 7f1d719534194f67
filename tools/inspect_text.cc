#include "inspect_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "table.h"

namespace tenon::tools {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kLargest = 3, kMetadata = 60;

std::string Text(const Json& value) { return value.get<std::string>(); }

std::string DimsText(const Json& shape) {
  if (shape.is_null()) return "[...]";
  std::string dims;
  for (const Json& dim : shape) {
    dims += dims.empty() ? "" : ", ";
    dims += dim.is_null() ? "?" : dim.is_string() ? Text(dim) : std::to_string(dim.get<int64_t>());
  }
  return "[" + dims + "]";
}

std::string TypeText(const Json& value) {
  const std::string type = Text(value["dtype"]) + DimsText(value["shape"]);
  const std::string kind = value.value("kind", "tensor");
  return kind == "tensor" ? type : fmt::format("{} of {}", kind, type);
}

std::string Counted(uint64_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

// Lines under one title, which stands before the first.
class Lines {
 public:
  explicit Lines(std::string title) : title_(std::move(title)) {}
  void Add(const std::string& line) {
    text_ += fmt::format("{:<12}{}\n", title_, line);
    title_.clear();
  }
  const std::string& text() const { return text_; }

 private:
  std::string title_, text_;
};

std::string Head(const Json& summary) {
  const Json& file = summary["file"];
  std::string opsets;
  for (const auto& [domain, version] : summary["opsets"].items())
    opsets += fmt::format("{}opset {}{}", opsets.empty() ? "" : ", ", version.get<int>(),
                          domain.empty() ? "" : " of " + domain);
  Lines model("model");
  model.Add(fmt::format("{}, {}, IR version {}, {}", Text(summary["model"]),
                        Bytes(file["bytes"].get<double>()), file["ir_version"].get<int>(), opsets));
  const std::string producer = Text(file["producer"]), version = Text(file["producer_version"]);
  if (!producer.empty()) model.Add("by " + producer + (version.empty() ? "" : " " + version));
  if (summary["stage"] != "imported")
    model.Add(fmt::format("as it is at the stage \"{}\"", Text(summary["stage"])));
  return model.text();
}

std::string Values(const Json& summary) {
  std::string text;
  size_t width = 0;
  for (const char* list : {"inputs", "outputs"}) {
    for (const Json& value : summary[list]) width = std::max(width, Text(value["name"]).size());
  }
  width = std::min<size_t>(width, 40);
  for (const auto& [list, title] :
       {std::pair("inputs", "inputs"), std::pair("outputs", "outputs")}) {
    Lines lines(title);
    for (const Json& value : summary[list])
      lines.Add(fmt::format("{:<{}}  {}", Text(value["name"]), width, TypeText(value)));
    text += lines.text();
  }
  Lines symbols("symbols");
  for (const Json& symbol : summary["symbols"]) {
    std::string places;
    for (const Json& place : symbol["places"]) places += (places.empty() ? "" : ", ") + Text(place);
    symbols.Add(fmt::format("{:<{}}  {}{}", Text(symbol["name"]), width,
                            symbol["of_input"].get<bool>() ? "" : "of a run: ", places));
  }
  return text + symbols.text();
}

std::string Parameters(const Json& parameters) {
  Lines lines("parameters");
  lines.Add(fmt::format("{} in {}, {}", Count(parameters["elements"]),
                        Counted(parameters["tensors"], "tensor"),
                        Bytes(parameters["bytes"].get<double>())));
  std::string types;
  for (const auto& [type, sum] : parameters["by_dtype"].items()) {
    types += fmt::format("{}{} {}, {}", types.empty() ? "" : "; ", Count(sum["elements"]), type,
                         Bytes(sum["bytes"].get<double>()));
  }
  if (!types.empty()) lines.Add(types);
  const Json& largest = parameters["largest"];
  for (size_t i = 0; i < std::min(largest.size(), kLargest); ++i) {
    lines.Add(fmt::format("{}{} {}, {}", i ? "" : "largest: ", Text(largest[i]["name"]),
                          TypeText(largest[i]), Bytes(largest[i]["bytes"].get<double>())));
  }
  return lines.text();
}

std::string Rest(const Json& summary) {
  Lines functions("functions"), data("data"), metadata("metadata");
  for (const Json& function : summary["file"]["functions"]) {
    functions.Add(fmt::format("{}.{}, {}, expanded", Text(function["domain"]),
                              Text(function["name"]), Counted(function["nodes"], "node")));
  }
  for (const Json& file : summary["file"]["external_data"])
    data.Add(fmt::format("{}, {}", Text(file["location"]), Bytes(file["bytes"].get<double>())));
  for (const auto& [key, value] : summary["metadata"].items()) {
    const std::string text = Text(value);
    const std::string first = text.substr(0, std::min(text.find('\n'), kMetadata));
    metadata.Add(key + " = " + first + (first.size() < text.size() ? "..." : ""));
  }
  return functions.text() + data.text() + metadata.text();
}

std::string Work(const Json& summary) {
  const Json& work = summary["work"];
  Lines lines("a run");
  std::string dims, assumed;
  for (const auto& [name, size] : work["dims"].items()) {
    const bool given = std::ranges::none_of(
        work["assumed"], [&](const Json& assumed_name) { return assumed_name == name; });
    std::string& list = given ? dims : assumed;
    list += fmt::format("{}{}{}", list.empty() ? "" : ", ", name,
                        given ? fmt::format(" = {}", size.get<int64_t>()) : "");
  }
  const double flops = work["flops"];
  if (const std::string problem = Text(work["problem"]); !problem.empty()) {
    lines.Add("with these sizes the model can't run: " + problem);
    if (!assumed.empty()) lines.Add("1 for what --dim does not give: " + assumed);
    return lines.text();
  }
  lines.Add(fmt::format("{}FLOP, {} read and written{}{}",
                        Count(flops) + (flops < 999.5 ? " " : ""),
                        Bytes(work["bytes"].get<double>()), dims.empty() ? "" : " with ", dims));
  if (!assumed.empty()) lines.Add("1 for what --dim does not give: " + assumed);
  const uint64_t subgraphs = summary["subgraphs"]["count"];
  if (subgraphs != 0) {
    lines.Add(fmt::format("{} with {} nodes: a body counts once, both branches of an If do",
                          Counted(subgraphs, "subgraph"),
                          summary["subgraphs"]["nodes"].get<uint64_t>()));
  }
  const uint64_t unknown = work["nodes_without_cost"];
  if (unknown != 0)
    lines.Add(fmt::format("without {}, whose shapes are not known", Counted(unknown, "node")));
  return lines.text();
}

std::string Operators(const Json& summary) {
  const double flops = summary["work"]["flops"];
  Table table({"operator", "nodes", "FLOP", "", "bytes"}, "lrrrr");
  for (const Json& op : summary["operators"]) {
    const std::string domain = Text(op["domain"]);
    const double own = op["flops"], bytes = op["bytes"];
    table.Add({(domain.empty() ? "" : domain + ".") + Text(op["op"]),
               std::to_string(op["nodes"].get<uint64_t>()), own > 0 ? Count(own) : "",
               flops > 0 && own / flops >= 0.005 ? fmt::format("{:.0f} %", 100 * own / flops) : "",
               bytes > 0 ? Bytes(bytes) : ""});
  }
  return table.Text();
}

}  // namespace

std::string InspectText(const Json& summary) {
  return Head(summary) + Values(summary) + Parameters(summary["parameters"]) + Rest(summary) +
         Work(summary) + "\n" + Operators(summary);
}

std::vector<DumpNode> NodesOf(const std::string& dump) {
  std::vector<DumpNode> nodes;
  for (size_t begin = 0; begin < dump.size();) {
    const size_t end = std::min(dump.find('\n', begin), dump.size());
    const std::string line = dump.substr(begin, end - begin);
    begin = end + 1;
    // %y:float32[1, 3] = Conv.2 "conv1" (%x, @w:float32[8, 3])
    const size_t equals = line.find(" = ");
    const size_t quote = equals == std::string::npos ? equals : line.find(" \"", equals);
    if (quote == std::string::npos) continue;
    std::string op = line.substr(equals + 3, quote - equals - 3);
    const size_t revision = op.find_last_not_of("0123456789");
    if (revision != std::string::npos && op[revision] == '.') op.resize(revision);
    const size_t close = std::min(line.find("\" (", quote), line.size());
    nodes.push_back({std::move(op), line.substr(quote + 2, close - quote - 2), line});
  }
  return nodes;
}

}  // namespace tenon::tools

// Einsum: products of elements of the inputs, summed over the labels that the output lacks.
#include "linear/einsum.h"

#include <algorithm>
#include <cctype>

#include "support/definition.h"

namespace tenon::operators {
namespace {

uint8_t LabelOf(char letter) {
  return static_cast<uint8_t>(letter >= 'a' ? letter - 'a' + 26 : letter - 'A');
}
char LetterOf(uint8_t label) {
  return static_cast<char>(label < 26 ? label + 'A' : label - 26 + 'a');
}

Status Infer(const NodeView& node, std::span<const InferInput> inputs,
             std::span<InferOutput> outputs) {
  TENON_RETURN_IF_ERROR(SameTypes(node, inputs, 0, inputs.size()));
  outputs[0].type = inputs[0].type;
  EinsumReader reader(node);
  EinsumTerm term;
  for (const InferInput& input : inputs) TENON_RETURN_IF_ERROR(reader.AddInput(input.shape, term));
  TENON_RETURN_IF_ERROR(reader.ReadOutput(term));
  if (term.rank < 0) return {};
  Shape y;
  for (const uint8_t label : term.span()) y.Append(reader.dim(label));
  outputs[0].shape = y;
  return {};
}

// As if all inputs met at once; two at a time is less where there are more than two.
Cost EinsumCost(const NodeView& node, std::span<const InferInput> inputs,
                std::span<const InferOutput> outputs) {
  EinsumReader reader(node);
  EinsumTerm term;
  std::array<bool, kEinsumLabels> seen{};
  for (const InferInput& input : inputs) {
    if (!reader.AddInput(input.shape, term).ok() || term.rank < 0) return {};
    for (const uint8_t label : term.span()) seen[label] = true;
  }
  auto flops = static_cast<double>(inputs.size());
  for (size_t i = 0; i < seen.size(); ++i) {
    if (seen[i]) flops *= static_cast<double>(reader.dim(static_cast<uint8_t>(i)));
  }
  return CostOf(flops, inputs, outputs);
}

constexpr Operator kRows[] = {
    Define<Infer, Arity{1, kVariadic}, kOnce<12>>({.name = "Einsum", .cost = EinsumCost})};

}  // namespace

EinsumReader::EinsumReader(const NodeView& node)
    : node_(node), equation_(node.String("equation", "")) {}

char EinsumReader::Peek() {
  while (at_ < equation_.size() && equation_[at_] == ' ') ++at_;
  return at_ < equation_.size() ? equation_[at_] : '\0';
}

bool EinsumReader::SkipArrow() {
  if (Peek() != '-' || at_ + 1 >= equation_.size() || equation_[at_ + 1] != '>') return false;
  at_ += 2;
  return true;
}

Status EinsumReader::Append(uint8_t label, EinsumTerm& term) {
  if (term.rank >= kMaxRank)
    return Invalid(node_, "equation \"", equation_, "\" has a term of more than ", kMaxRank,
                   " dimensions");
  term.labels[static_cast<size_t>(term.rank++)] = label;
  return {};
}

// Letters up to the next comma, arrow or end; `ellipsis`: the place of `...` among them, or -1.
Status EinsumReader::ReadTerm(EinsumTerm& term, int& ellipsis) {
  term.rank = 0;
  ellipsis = -1;
  for (char next = Peek(); next != '\0' && next != ',' && next != '-'; next = Peek()) {
    if (std::isalpha(static_cast<unsigned char>(next)) != 0) {
      TENON_RETURN_IF_ERROR(Append(LabelOf(next), term));
      ++at_;
    } else if (equation_.substr(at_, 3) == "..." && ellipsis < 0) {
      ellipsis = term.rank;
      at_ += 3;
    } else {
      return Invalid(node_, "equation \"", equation_, "\" is not understood at ",
                     static_cast<int>(at_),
                     " (expected letters, one \"...\" a term, \",\", \"->\")");
    }
  }
  return {};
}

// Puts the labels of `count` dimensions at place `at`.
Status EinsumReader::AppendEllipsis(EinsumTerm& term, int at, int count) {
  EinsumTerm whole;
  for (int i = 0; i < at; ++i)
    TENON_RETURN_IF_ERROR(Append(term.labels[static_cast<size_t>(i)], whole));
  for (int i = count; i-- > 0;)
    TENON_RETURN_IF_ERROR(Append(static_cast<uint8_t>(kEinsumLetters + i), whole));
  for (int i = at; i < term.rank; ++i)
    TENON_RETURN_IF_ERROR(Append(term.labels[static_cast<size_t>(i)], whole));
  term = whole;
  return {};
}

Status EinsumReader::Join(uint8_t label, int64_t dim) {
  if (uses_[label] == 0) {
    dims_[label] = dim;
  } else if (!BroadcastDim(dims_[label], dim, dims_[label])) {
    return Invalid(node_, "input ", inputs_, " has size ", dim, " where an input before has ",
                   dims_[label], " in equation \"", equation_, "\"");
  }
  if (uses_[label] < 2) ++uses_[label];
  return {};
}

Status EinsumReader::AddInput(const Shape& shape, EinsumTerm& term) {
  if (inputs_ > 0 && Peek() == ',') {
    ++at_;
  } else if (inputs_ > 0) {
    return Invalid(node_, "equation \"", equation_, "\" has ", inputs_, " terms for more inputs");
  }
  int ellipsis = -1;
  TENON_RETURN_IF_ERROR(ReadTerm(term, ellipsis));
  if (!shape.has_rank()) {
    for (const uint8_t label : term.span()) TENON_RETURN_IF_ERROR(Join(label, kUnknownDim));
    ellipsis_unknown_ = ellipsis_unknown_ || ellipsis >= 0;
    if (ellipsis >= 0) term.rank = -1;
    ++inputs_;
    return {};
  }
  const int rest = shape.rank() - term.rank;
  if (rest < 0 || (rest > 0 && ellipsis < 0)) {
    return Invalid(node_, "input ", inputs_, " has shape ", shape, " for ", term.rank,
                   " letters of equation \"", equation_, "\"");
  }
  if (ellipsis >= 0) TENON_RETURN_IF_ERROR(AppendEllipsis(term, ellipsis, rest));
  ellipsis_rank_ = std::max(ellipsis_rank_, rest);
  for (int i = 0; i < term.rank; ++i) {
    const uint8_t label = term.labels[static_cast<size_t>(i)];
    for (int k = 0; k < i; ++k) {  // a diagonal: no broadcasting
      int64_t merged = 0;
      if (term.labels[static_cast<size_t>(k)] == label && !MergeDim(shape[i], shape[k], merged))
        return Invalid(node_, "input ", inputs_, " has shape ", shape, ", whose axes ", k, " and ",
                       i, " are one label of equation \"", equation_, "\"");
    }
    TENON_RETURN_IF_ERROR(Join(label, shape[i]));
  }
  ++inputs_;
  return {};
}

Status EinsumReader::ReadOutput(EinsumTerm& term) {
  term = {};
  int ellipsis = 0;
  if (SkipArrow()) {
    TENON_RETURN_IF_ERROR(ReadTerm(term, ellipsis));
    std::array<bool, kEinsumLetters> seen{};
    for (const uint8_t label : term.span()) {
      if (uses_[label] == 0 || seen[label]) {
        return Invalid(node_, "the output of equation \"", equation_, "\" has the letter ",
                       std::string_view(std::array{LetterOf(label)}.data(), 1),
                       seen[label] ? " twice" : ", which no input has");
      }
      seen[label] = true;
    }
    if (ellipsis < 0 && ellipsis_rank_ > 0)
      return Invalid(node_, "the output of equation \"", equation_, "\" lacks \"...\"");
  } else {
    for (uint8_t label = 0; label < kEinsumLetters; ++label) {
      if (uses_[label] == 1) TENON_RETURN_IF_ERROR(Append(label, term));
    }
  }
  if (Peek() != '\0')
    return Invalid(node_, "equation \"", equation_, "\" is not understood at ",
                   static_cast<int>(at_), " (", inputs_, " inputs)");
  if (ellipsis >= 0) TENON_RETURN_IF_ERROR(AppendEllipsis(term, ellipsis, ellipsis_rank_));
  if (ellipsis >= 0 && ellipsis_unknown_) term.rank = -1;
  return {};
}

Rows einsum_rows() { return kRows; }

}  // namespace tenon::operators

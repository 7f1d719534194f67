// What the layer finds wrong with the structs that cross as values: arguments, nodes, segments.
#include "layers/validate_arguments.h"

#include <cstring>

#include "layers/testing/misdeed.h"
#include "layers/testing/node.h"

namespace tenon::backend::testing {
namespace {

/* ------------------------------------------------------------------------ In plain host memory */
// A run of "broken" whose input the row changes: a tensor 1 x 2 x 3 x 4 of float32.
struct Tensor4 {
  Tensor4() {
    x.struct_size = sizeof x;
    x.bytes = sizeof data;
    x.dtype = TENON_FLOAT32;
    x.tensor = {data, {kDLCPU, 0}, 4, {kDLFloat, 32, 1}, dims, strides, 0};
  }
  tenon_code Run(const Patched& p) const {
    const tenon_argument* const input = &x;
    const tenon_argument* const output = nullptr;
    return p.Code(RunKernel(p, "broken", input, output));
  }
  float data[24] = {};
  int64_t dims[4] = {1, 2, 3, 4}, strides[4] = {24, 12, 4, 1};
  tenon_argument x{};
};
using Change = std::function<void(Tensor4&)>;
Misdeed Argument(const char* name, const char* complaint, const Change& change,
                 tenon_code code = TENON_OK) {
  return {.name = name,
          .complaint = std::string("R13: kernel.run: input 0: ") + complaint,
          .act =
              [change, code](const Patched& p) {
                Tensor4 tensor;
                change(tensor);
                EXPECT_EQ(tensor.Run(p), code);
              },
          .patch = {.kernel = OneKernel([](tenon_kernel_descriptor&) {})}};
}

std::vector<Misdeed> Arguments() {
  constexpr tenon_code kRefused = TENON_INVALID_ARGUMENT;
  std::vector<Misdeed> rows = {
      Argument(
          "RankTooHigh", "rank 9, expected 0 to 8", [](Tensor4& t) { t.x.tensor.ndim = 9; },
          kRefused),
      Argument(
          "RankNegative", "rank -1, expected 0 to 8", [](Tensor4& t) { t.x.tensor.ndim = -1; },
          kRefused),
      Argument(
          "NoShape", "shape or strides is NULL", [](Tensor4& t) { t.x.tensor.shape = nullptr; },
          kRefused),
      Argument(
          "NoStrides", "shape or strides is NULL", [](Tensor4& t) { t.x.tensor.strides = nullptr; },
          kRefused),
      Argument(
          "NegativeDimension", "dimension 2 is -3", [](Tensor4& t) { t.dims[2] = -3; }, kRefused),
      Argument("ByteOffset", "byte_offset is 4, expected 0",
               [](Tensor4& t) { t.x.tensor.byte_offset = 4; }),
      Argument("OtherBits", "tensor.dtype has 16 bits, dtype 1 has 32",
               [](Tensor4& t) { t.x.tensor.dtype.bits = 16; }),
      Argument("Lanes", "tensor.dtype has 32 bits", [](Tensor4& t) { t.x.tensor.dtype.lanes = 4; }),
      Argument("TooFewBytes", "bytes is 92, expected 96", [](Tensor4& t) { t.x.bytes = 92; }),
      Argument("BytesOfHalfBytes", "bytes is 96, expected 12",
               [](Tensor4& t) {
                 t.x.dtype = TENON_INT4;
                 t.x.tensor.dtype = {kDLInt, 4, 1};
               }),
      Argument("OtherStride", "stride 1 is 6, expected 12 in its layout",
               [](Tensor4& t) { t.strides[1] = 6; }),
      Argument("RowMajorIsNotChannelsLast", "stride 1 is 12, expected 1 in its layout",
               [](Tensor4& t) {
                 t.x.layout = TENON_LAYOUT_CHANNELS_LAST;
                 t.strides[2] = 8, t.strides[3] = 2;
               }),
      Argument("UnknownLayout", "unknown layout 4097",
               [](Tensor4& t) { t.x.layout = TENON_LAYOUT_OWN + 1; }),
      Argument("OtherBytesInItsLayout", "bytes is 96, expected 0",
               [](Tensor4& t) { t.x.layout = TENON_LAYOUT_OWN; }),
      Argument(
          "BufferInHostMemory", "buffer is not NULL in plain host memory",
          [](Tensor4& t) { t.x.buffer = reinterpret_cast<tenon_buffer*>(&t); }, kRefused),
      Argument(
          "NoData", "data is NULL in plain host memory",
          [](Tensor4& t) { t.x.tensor.data = nullptr; }, kRefused),
      Argument(
          "OddData", "data is not aligned to its element",
          [](Tensor4& t) { t.x.tensor.data = reinterpret_cast<char*>(t.data) + 2; }, kRefused),
  };
  Misdeed small = Argument(
      "TooSmall", "", [](Tensor4& t) { t.x.struct_size = 40; }, kRefused);
  small.complaint = "R1: kernel.run: tenon_argument: struct_size is 40, expected";
  rows.push_back(small);
  for (Misdeed& row : rows) {
    // A layout that is not declared is complained of in its own words.
    if (row.name.find("Layout") != std::string::npos ||
        row.name.find("Channels") != std::string::npos)
      row.also = "R14: kernel.run: kernel broken, input 0: layout";
  }
  return rows;
}

/* ----------------------------------------------------------------------------- In a buffer */
// A run of "neg" whose input the row changes.
struct Placed {
  explicit Placed(const Patched& of, uint32_t kind = COMPLETE_POINTERS)
      : p(of),
        in(of, kind, 256),
        out(of, kind, 256),
        x(8, in.base, in.buffer, kind),
        y(8, out.base, out.buffer, kind) {}
  tenon_code Run() const {
    const tenon_kernel_descriptor* d = p.Kernel("neg");
    Node node("Neg");
    tenon_kernel* kernel = nullptr;
    EXPECT_EQ(p.Code(d->create(d, p->handle(), p.device().handle(), &node.node, &kernel)),
              TENON_OK);
    const tenon_argument* const input = &x.argument;
    const tenon_argument* const output = &y.argument;
    tenon_run run{};
    run.struct_size = sizeof run;
    run.input_count = run.output_count = 1;
    run.inputs = &input;
    run.outputs = &output;
    const tenon_code code = p.Code(d->run(d, kernel, nullptr, &run));
    d->destroy(d, kernel);
    return code;
  }
  const Patched& p;
  HeldBuffer in, out;
  Floats x, y;
};
Misdeed InBuffer(const char* name, const char* complaint,
                 const std::function<void(Placed&)>& change,
                 tenon_code code = TENON_INVALID_ARGUMENT, uint32_t kind = COMPLETE_POINTERS) {
  return {.name = name, .complaint = complaint, .act = [change, code, kind](const Patched& p) {
            Placed placed(p, kind);
            change(placed);
            EXPECT_EQ(placed.Run(), code);
          }};
}

std::vector<Misdeed> Buffers() {
  std::vector<Misdeed> rows = {
      InBuffer("Freed", "R4: kernel.run: input 0: buffer * is no live buffer",
               [](Placed& at) { at.in.Free(); }),
      InBuffer("NoBuffer", "R4: kernel.run: input 0: buffer 0x0 is no live buffer",
               [](Placed& at) { at.x.argument.buffer = nullptr; }),
      InBuffer("OtherKind", "R13: kernel.run: input 0: memory_kind is 2, the buffer's is 1",
               [](Placed& at) { at.x.argument.memory_kind = COMPLETE_HANDLES; }),
      InBuffer("BeyondTheEnd",
               "R13: kernel.run: output 0: 32 bytes at 240 do not fit into the buffer's 256",
               [](Placed& at) { at.y.argument.offset = 240; }),
      InBuffer("FarBeyondTheEnd",
               "R13: kernel.run: output 0: 32 bytes at 18446744073709551608 do not fit",
               [](Placed& at) { at.y.argument.offset = UINT64_MAX - 7; }),
      InBuffer("NotTheBase", "R13: kernel.run: input 0: data is not the buffer's base plus offset",
               [](Placed& at) { at.x.argument.offset = 64; }),
      InBuffer(
          "OddOffset", "R13: kernel.run: input 0: offset 32 is not aligned to 64",
          [](Placed& at) {
            at.x.argument.offset = 32;
            at.x.argument.tensor.data = static_cast<char*>(at.in.base) + 32;
          },
          TENON_OK),
      InBuffer(
          "DataOfAHandle",
          "R13: kernel.run: input 0: data is not NULL though the memory is not addressable",
          [](Placed& at) { at.x.argument.tensor.data = &at; }, TENON_INVALID_ARGUMENT,
          COMPLETE_HANDLES),
  };
  Misdeed elsewhere =
      InBuffer("OfAnotherDevice", "R13: kernel.run: input 0: the buffer belongs to another device",
               [](Placed&) {});
  elsewhere.act = [](const Patched& p) {
    tenon_device* other = p->devices()[1]->handle();
    tenon_buffer* buffer = nullptr;
    void* base = nullptr;
    EXPECT_EQ(p.Code(p.memory().allocate(other, 1, 256, 64, nullptr, &buffer, &base)), TENON_OK);
    Placed placed(p);
    placed.x.argument.buffer = buffer;
    placed.x.argument.tensor.data = base;
    EXPECT_EQ(placed.Run(), TENON_INVALID_ARGUMENT);
    p.memory().free(other, buffer, nullptr, 0);
  };
  elsewhere.patch.device = TwoDevices;
  rows.push_back(elsewhere);
  return rows;
}

/* -------------------------------------------------------------------------- Nodes and segments */
// Something is wrong with a node; the backend is asked whether it takes it.
Misdeed OfANode(const char* name, const char* complaint, const std::function<void(Node&)>& change,
                tenon_code code = TENON_INVALID_ARGUMENT) {
  return {.name = name, .complaint = complaint, .act = [change, code](const Patched& p) {
            Node node("Neg");
            change(node);
            const tenon_kernel_descriptor* d = p.Kernel("neg");
            EXPECT_EQ(p.Code(d->supports(d, p->handle(), p.device().handle(), &node.node)), code);
          }};
}
Misdeed OfASegment(const char* name, const char* complaint,
                   const std::function<void(Node&)>& change,
                   tenon_code code = TENON_INVALID_ARGUMENT) {
  return {.name = name, .complaint = complaint, .act = [change, code](const Patched& p) {
            Node node("Neg");
            change(node);
            uint32_t colours[1] = {};
            EXPECT_EQ(
                p.Code(p->compile()->colour(p->handle(), &node.target, &node.segment, colours)),
                code);
          }};
}
// An attribute of a kind, and what is missing then.
Misdeed OfAnAttribute(const char* name, tenon_attribute_kind kind, const char* complaint) {
  return OfANode(name, complaint, [kind](Node& node) {
    node.attribute.kind = kind;
    node.attribute.count = 1;
  });
}

std::vector<Misdeed> Nodes() {
  return {
      OfANode("TooSmall", "R1: kernel.supports: tenon_node: struct_size is 8",
              [](Node& n) { n.node.struct_size = 8; }),
      OfANode("NoDomain", "R7: kernel.supports: node's domain is NULL",
              [](Node& n) { n.node.domain = nullptr; }),
      OfANode("NoOperator", "R7: kernel.supports: node's op is NULL",
              [](Node& n) { n.node.op = nullptr; }),
      OfANode("NoName", "R7: kernel.supports: node's name is NULL",
              [](Node& n) { n.node.name = nullptr; }),
      OfANode("NoInputs", "R7: kernel.supports: the list of input is NULL but has a count of 2",
              [](Node& n) { n.node.inputs = nullptr; }),
      OfANode("NoOutputs", "R7: kernel.supports: the list of output is NULL but has a count of 1",
              [](Node& n) { n.node.outputs = nullptr; }),
      OfANode("NoAttributes", "R7: kernel.supports: the list of attributes is NULL",
              [](Node& n) { n.node.attributes = nullptr; }),
      OfANode(
          "ValueTooSmall", "R1: kernel.supports: tenon_value: struct_size is 8",
          [](Node& n) { n.y.struct_size = 8; }, TENON_OK),
      OfANode(
          "ValueWithoutName", "R7: kernel.supports: input 0's name is NULL",
          [](Node& n) { n.x.name = nullptr; }, TENON_OK),
      OfANode(
          "ValueWithReserved", "R1: kernel.supports: tenon_value: a reserved field is not 0",
          [](Node& n) { n.x.reserved2 = 1; }, TENON_OK),
      OfANode(
          "ValueOfAWildRank", "R13: kernel.supports: output 0: rank 9",
          [](Node& n) { n.y.rank = 9; }, TENON_OK),
      OfANode(
          "ValueWithoutDims", "R7: kernel.supports: input 0: dims is NULL",
          [](Node& n) { n.x.dims = nullptr; }, TENON_OK),
      OfANode(
          "ConstantOfOtherBytes",
          "R13: kernel.supports: input 1: a constant of 31 bytes, expected 32",
          [](Node& n) { n.w.data_bytes = 31; }, TENON_OK),
      OfANode("NoAttribute", "R7: kernel.supports: an attribute is NULL",
              [](Node& n) { n.attributes[0] = nullptr; }),
      OfANode("AttributeTooSmall", "R1: kernel.supports: tenon_attribute: struct_size is 8",
              [](Node& n) { n.attribute.struct_size = 8; }),
      OfANode("AttributeWithoutName", "R7: kernel.supports: an attribute's name is NULL",
              [](Node& n) { n.attribute.name = nullptr; }),
      OfAnAttribute("NoText", TENON_ATTRIBUTE_STRING,
                    "R7: kernel.supports: attribute axis's text is NULL"),
      OfAnAttribute("NoInts", TENON_ATTRIBUTE_INTS,
                    "R7: kernel.supports: the list of attribute axis is NULL"),
      OfAnAttribute("NoFloats", TENON_ATTRIBUTE_FLOATS,
                    "R7: kernel.supports: the list of attribute axis is NULL"),
      OfAnAttribute("NoStrings", TENON_ATTRIBUTE_STRINGS,
                    "R7: kernel.supports: the list of attribute axis is NULL"),
      OfAnAttribute("NoTensor", TENON_ATTRIBUTE_TENSOR,
                    "R7: kernel.supports: attribute axis's tensor is NULL"),
      OfAnAttribute("NoGraph", TENON_ATTRIBUTE_GRAPH, "R7: kernel.supports: segment is NULL"),
      OfANode(
          "TensorWithoutDims", "R7: kernel.supports: attribute axis: dims is NULL",
          [](Node& n) {
            n.attribute.kind = TENON_ATTRIBUTE_TENSOR;
            static tenon_value tensor;
            tensor = n.x;
            tensor.dims = nullptr;
            n.attribute.tensor = &tensor;
          },
          TENON_OK),
  };
}

std::vector<Misdeed> Segments() {
  return {
      OfASegment("TooSmall", "R1: compile.colour: tenon_segment: struct_size is 8",
                 [](Node& n) { n.segment.struct_size = 8; }),
      OfASegment("NoName", "R7: compile.colour: segment's name is NULL",
                 [](Node& n) { n.segment.name = nullptr; }),
      OfASegment("NoNodes", "R7: compile.colour: the list of nodes is NULL but has a count of 1",
                 [](Node& n) { n.segment.nodes = nullptr; }),
      OfASegment("NoNode", "R7: compile.colour: node is NULL",
                 [](Node& n) { n.nodes[0] = nullptr; }),
      OfASegment("NoInputs", "R7: compile.colour: the list of input of the segment is NULL",
                 [](Node& n) { n.segment.inputs = nullptr; }),
      OfASegment("NoOutputs", "R7: compile.colour: the list of output of the segment is NULL",
                 [](Node& n) { n.segment.outputs = nullptr; }),
      OfASegment("NoSymbols", "R7: compile.colour: the list of symbols is NULL",
                 [](Node& n) { n.segment.symbols = nullptr; }),
      OfASegment(
          "SymbolIsNotUtf8", "R7: compile.colour: a symbol's name is not UTF-8",
          [](Node& n) { n.symbols[0] = "\xFF"; }, TENON_OK),
      OfASegment(
          "Reserved", "R1: compile.colour: tenon_segment: a reserved field is not 0",
          [](Node& n) { n.segment.reserved = 1; }, TENON_OK),
      OfASegment(
          "OtherId", "R13: compile.colour: node 0 of the segment has the id 5",
          [](Node& n) { n.node.id = 5; }, TENON_OK),
  };
}

class ValidateArguments : public MisdeedTest {};
TEST_P(ValidateArguments, IsFound) { Check(); }
INSTANTIATE_TEST_SUITE_P(Host, ValidateArguments, ::testing::ValuesIn(Arguments()), NameOf);
INSTANTIATE_TEST_SUITE_P(Buffer, ValidateArguments, ::testing::ValuesIn(Buffers()), NameOf);
INSTANTIATE_TEST_SUITE_P(Node, ValidateArguments, ::testing::ValuesIn(Nodes()), NameOf);
INSTANTIATE_TEST_SUITE_P(Segment, ValidateArguments, ::testing::ValuesIn(Segments()), NameOf);

/* ------------------------------------------------------------------------------- What is right */
// Arguments that the layer lets through: dense ones of every kind that backend.h allows.
TEST(ValidateArgumentsSilent, DenseArguments) {
  const std::vector<Change> rights = {
      [](Tensor4&) {},
      [](Tensor4& t) { t.strides[0] = 7; },  // of one element: any stride
      [](Tensor4& t) { t.dims[1] = 0, t.x.bytes = 0, t.x.tensor.data = nullptr; },
      [](Tensor4& t) { t.x.tensor.ndim = 0, t.x.bytes = 4, t.x.tensor.shape = nullptr; },
      [](Tensor4& t) {
        t.x.dtype = TENON_INT4;
        t.x.tensor.dtype = {kDLInt, 4, 1};
        t.x.bytes = 12;
      },
      [](Tensor4& t) { t.x.dtype = 63, t.x.bytes = 0; },  // unknown: it cannot be sized (R8)
  };
  Patched p({.kernel = OneKernel([](tenon_kernel_descriptor&) {})});
  for (const Change& change : rights) {
    Tensor4 tensor;
    change(tensor);
    EXPECT_EQ(tensor.Run(p), TENON_OK);
  }
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}
TEST(ValidateArgumentsSilent, ChannelsLast) {
  Patched p({.kernel = OneKernel([](tenon_kernel_descriptor& d) {
               static const tenon_layout last = TENON_LAYOUT_CHANNELS_LAST;
               d.input_layouts = &last;
               d.input_layout_count = 1;
             })});
  Tensor4 tensor;
  tensor.x.layout = TENON_LAYOUT_CHANNELS_LAST;
  const int64_t strides[] = {24, 1, 8, 2};
  std::memcpy(tensor.strides, strides, sizeof strides);
  EXPECT_EQ(tensor.Run(p), TENON_OK);
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}
TEST(ValidateArgumentsSilent, AttributesOfEveryKind) {
  Patched p;
  const tenon_kernel_descriptor* d = p.Kernel("neg");
  const int64_t ints[] = {1};
  const float floats[] = {1};
  const char* const strings[] = {"a"};
  Node inner("Neg");
  for (tenon_attribute_kind kind = 0; kind <= TENON_ATTRIBUTE_GRAPH + 1; ++kind) {
    Node node("Neg");
    node.attribute.kind = kind;
    node.attribute.s = "text";
    node.attribute.ints = ints;
    node.attribute.floats = floats;
    node.attribute.strings = strings;
    node.attribute.count = 1;
    node.attribute.tensor = &node.w;
    node.attribute.graph = &inner.segment;
    EXPECT_EQ(p.Code(d->supports(d, p->handle(), p.device().handle(), &node.node)), TENON_OK);
  }
  p.Close();
  EXPECT_TRUE(p.IsSilent());
}

// Texts by the table of well-formed byte sequences in the Unicode standard (3.9, table 3-7).
TEST(ValidateText, Utf8) {
  static const tenon_host quiet = [] {
    tenon_host host{};
    host.log = [](const tenon_host*, tenon_log_level, const char*) {};
    return host;
  }();
  validate::State state;
  state.host = &quiet;
  for (const char* good : {"", "conv", "caf\xC3\xA9", "\xE2\x82\xAC", "\xED\x9F\xBF",
                           "\xEE\x80\x80", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(validate::CheckText(state, "slot", "text", good)) << good;
  }
  for (const char* bad :
       {"\x80", "\xC0\x80", "\xC3", "\xC3\x28", "\xE0\x80\x80", "\xE2\x82", "\xED\xA0\x80",
        "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF"}) {
    EXPECT_FALSE(validate::CheckText(state, "slot", "text", bad)) << bad;
  }
}

}  // namespace
}  // namespace tenon::backend::testing

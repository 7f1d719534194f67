// A node for the slots that want one, and a segment of it: y = op(x, w), w constant.
#pragma once

#include "tenon/backend_api/backend.h"

namespace tenon::backend::testing {

struct Node {
  explicit Node(const char* op, const char* domain = "") {
    x.struct_size = sizeof x;
    x.dtype = TENON_FLOAT32;
    x.name = "x";
    x.rank = 1;
    x.dims = dims;
    w = y = x;
    w.name = "w";
    w.data = contents;
    w.data_bytes = sizeof contents;
    y.name = "y";
    attribute.struct_size = sizeof attribute;
    attribute.kind = TENON_ATTRIBUTE_INT;
    attribute.name = "axis";
    node.struct_size = sizeof node;
    node.revision = 1;
    node.domain = domain;
    node.op = op;
    node.name = "node";
    node.inputs = inputs;
    node.outputs = outputs;
    node.attributes = attributes;
    node.input_count = 2;
    node.output_count = node.attribute_count = 1;
    segment.struct_size = sizeof segment;
    segment.name = "segment";
    segment.nodes = nodes;
    segment.inputs = inputs;
    segment.outputs = outputs;
    segment.symbols = symbols;
    segment.node_count = segment.input_count = segment.output_count = segment.symbol_count = 1;
    target.struct_size = sizeof target;
    target.device_name = "complete";
    target.fingerprint = "";
    request.struct_size = sizeof request;
    request.target = &target;
  }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  int64_t dims[1] = {8};
  float contents[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  tenon_value x{}, w{}, y{};
  tenon_attribute attribute{};
  tenon_node node{};
  tenon_segment segment{};
  tenon_compile_target target{};
  tenon_compile_request request{};
  const tenon_value* inputs[2] = {&x, &w};
  const tenon_value* outputs[1] = {&y};
  const tenon_attribute* attributes[1] = {&attribute};
  const tenon_node* nodes[1] = {&node};
  const char* symbols[1] = {"batch"};
};

}  // namespace tenon::backend::testing

/* Small ONNX models written byte by byte, for tests of the C API: no protobuf needed. C11 and C++.
 */
#ifndef TENON_SESSION_TESTING_ONNX_BYTES_H_
#define TENON_SESSION_TESTING_ONNX_BYTES_H_

#include <stdint.h>
#include <string.h>

typedef struct onnx_bytes {
  unsigned char data[65536];
  size_t size;
} onnx_bytes;

static inline void onnx_varint(onnx_bytes* out, uint64_t value) {
  for (; value >= 128; value >>= 7) out->data[out->size++] = (unsigned char)(value | 128);
  out->data[out->size++] = (unsigned char)value;
}
static inline void onnx_int(onnx_bytes* out, int field, uint64_t value) {
  onnx_varint(out, (uint64_t)field << 3);
  onnx_varint(out, value);
}
static inline void onnx_raw(onnx_bytes* out, int field, const void* data, size_t size) {
  onnx_varint(out, (uint64_t)field << 3 | 2);
  onnx_varint(out, size);
  memcpy(out->data + out->size, data, size);
  out->size += size;
}
static inline void onnx_text(onnx_bytes* out, int field, const char* text) {
  onnx_raw(out, field, text, strlen(text));
}
static inline void onnx_message(onnx_bytes* out, int field, const onnx_bytes* message) {
  onnx_raw(out, field, message->data, message->size);
}

/* ValueInfoProto of a tensor; dims below 0 become the symbol `symbol`. */
static inline void onnx_value(onnx_bytes* graph, int field, const char* name, int type, int rank,
                              const int64_t* dims, const char* symbol) {
  static onnx_bytes dim, shape, tensor, type_proto, value;
  shape.size = tensor.size = type_proto.size = value.size = 0;
  for (int d = 0; d < rank; ++d) {
    dim.size = 0;
    if (dims[d] >= 0)
      onnx_int(&dim, 1, (uint64_t)dims[d]);
    else
      onnx_text(&dim, 2, symbol);
    onnx_message(&shape, 1, &dim);
  }
  onnx_int(&tensor, 1, (uint64_t)type);
  onnx_message(&tensor, 2, &shape);
  onnx_message(&type_proto, 1, &tensor);
  onnx_text(&value, 1, name);
  onnx_message(&value, 2, &type_proto);
  onnx_message(graph, field, &value);
}
static inline void onnx_node(onnx_bytes* graph, const char* op, const char* name, const char* a,
                             const char* b, const char* output) {
  static onnx_bytes node;
  node.size = 0;
  onnx_text(&node, 1, a);
  if (b) onnx_text(&node, 1, b);
  onnx_text(&node, 2, output);
  onnx_text(&node, 3, name);
  onnx_text(&node, 4, op);
  onnx_message(graph, 1, &node);
}
static inline void onnx_floats(onnx_bytes* graph, const char* name, int64_t count,
                               const float* data) {
  static onnx_bytes tensor;
  tensor.size = 0;
  onnx_int(&tensor, 1, (uint64_t)count);
  onnx_int(&tensor, 2, 1);
  onnx_text(&tensor, 8, name);
  onnx_raw(&tensor, 9, data, (size_t)count * sizeof(float));
  onnx_message(graph, 5, &tensor);
}
static inline void onnx_model(onnx_bytes* out, const onnx_bytes* graph) {
  static onnx_bytes opset, pair;
  opset.size = pair.size = out->size = 0;
  onnx_int(out, 1, 8);
  onnx_message(out, 7, graph);
  onnx_int(&opset, 2, 17);
  onnx_message(out, 8, &opset);
  onnx_text(&pair, 1, "author");
  onnx_text(&pair, 2, "test");
  onnx_message(out, 14, &pair);
}

/* y[n] = -(x[n] + w[n]); s = x + w. */
static inline void onnx_add_neg(onnx_bytes* out, int64_t n) {
  static onnx_bytes graph;
  float w[64];
  const int64_t count = n < 0 ? 1 : n;
  for (int64_t i = 0; i < count; ++i) w[i] = (float)(i + 1);
  graph.size = 0;
  onnx_node(&graph, "Add", "add", "x", "w", "s");
  onnx_node(&graph, "Neg", "neg", "s", NULL, "y");
  onnx_text(&graph, 2, "add_neg");
  onnx_floats(&graph, "w", count, w);
  onnx_value(&graph, 11, "x", 1, 1, &n, "n");
  onnx_value(&graph, 12, "y", 1, 1, &n, "n");
  onnx_value(&graph, 12, "s", 1, 1, &n, "n");
  onnx_model(out, &graph);
}

#endif /* TENON_SESSION_TESTING_ONNX_BYTES_H_ */

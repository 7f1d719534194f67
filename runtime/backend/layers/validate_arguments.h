// Checks of the structs that cross the interface as values: rules R1, R7 and R13.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "layers/validate_state.h"

namespace tenon::backend::validate {

// struct_size is at least what the struct had in ABI 0.1, and plausible.
bool CheckSize(State& state, const char* slot, const char* type, uint32_t struct_size,
               uint32_t least);
// Not NULL, and UTF-8.
bool CheckText(State& state, const char* slot, const std::string& what, const char* text);
// R7: an argument that is needed is not NULL.
bool CheckGiven(State& state, const char* slot, const char* what, const void* given);
// R1: a reserved field is 0.
void CheckReserved(State& state, const char* slot, const char* type, uint64_t reserved);
// A list with a count has a pointer.
bool CheckList(State& state, const char* slot, const char* what, const void* list, uint64_t count);
bool IsPowerOfTwo(uint64_t value);

// prepare's arguments have no data; outputs that a kernel allocates have none either, and dimensions
// of which some may be -1.
enum class Contents { kAbsent, kPresent, kAllocated };
// An argument of a kernel. `device` may be null. Complains about everything that is wrong; false
// where it cannot be passed on.
bool CheckArgument(State& state, const char* slot, const std::string& name,
                   const tenon_argument* argument, const Device* device, Contents contents);
// A list of arguments, in which absent ones are NULL.
bool CheckArguments(State& state, const char* slot, const char* what,
                    const tenon_argument* const* list, uint32_t count, const Device* device,
                    Contents contents);
// A node with its values and attributes.
bool CheckNode(State& state, const char* slot, const tenon_node* node);
bool CheckSegment(State& state, const char* slot, const tenon_segment* segment);

// Bytes between two walls, in which a backend's writes beyond the end are found.
class Walled {
 public:
  Walled(uint64_t bytes, uint64_t alignment);
  ~Walled();
  Walled(const Walled&) = delete;
  Walled& operator=(const Walled&) = delete;
  void* data() const { return data_; }  // null where memory is out
  bool Intact() const;

 private:
  unsigned char* whole_ = nullptr;
  unsigned char* data_ = nullptr;
  uint64_t bytes_;
};

}  // namespace tenon::backend::validate

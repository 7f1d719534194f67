#include "tenon/program/program.h"

#include <algorithm>

#include "index.h"

namespace tenon::program {

void Program::MakeIndex() { index = std::make_shared<const ProgramIndex>(*this); }

bool Program::IsStatic() const {
  return std::ranges::all_of(logical,
                             [](const LogicalValue& value) { return value.shape.IsStatic(); });
}

}  // namespace tenon::program

// How a source file offers its operators and kernels: it defines `Rows <file>_rows()` or
// `KernelRows ref_<file>_rows()` with external linkage; CMake writes the list of these functions
// from the list of sources.
#pragma once

#include <span>

#include "tenon/operators/kernel.h"
#include "tenon/operators/operator.h"

namespace tenon::operators {

using Rows = std::span<const Operator>;
using KernelRows = std::span<const Kernel>;
using RowsFunction = Rows (*)();
using KernelRowsFunction = KernelRows (*)();

// Defined in the generated lists.
std::span<const RowsFunction> RowSources();
std::span<const KernelRowsFunction> KernelRowSources();

}  // namespace tenon::operators

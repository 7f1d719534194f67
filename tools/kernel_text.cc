#include "kernel_text.h"

namespace tenon::tools {

std::string QualifiedName(std::string_view domain, std::string_view name) {
  return domain.empty() ? std::string(name) : std::string(domain) + '.' + std::string(name);
}

std::string InputTypes(const tenon_kernel_descriptor& kernel) {
  if (kernel.input_dtype_count == 0 || kernel.input_dtypes[0] == UINT64_MAX) return "any";
  std::string types;
  for (tenon_dtype type = 1; type <= TENON_INT2; ++type) {
    if ((kernel.input_dtypes[0] & TENON_DTYPE_BIT(type)) != 0)
      types += (types.empty() ? "" : " ") + std::string(tenon_dtype_name(type));
  }
  return types;
}

}  // namespace tenon::tools

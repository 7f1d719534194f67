// The files of the templates, as they stand beside this file; templates.cc is made by embed.cmake.
#pragma once

#include <span>

namespace tenon::tools {

struct Template {
  const char* folder;  // "all", "c_kernel" ...
  const char* path;    // in the project: "src/driver.h"
  std::span<const unsigned char> content;
};

std::span<const Template> Templates();

}  // namespace tenon::tools

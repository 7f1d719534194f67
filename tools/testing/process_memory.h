// Memory of this process, for the programs that measure.
#pragma once

#include <unistd.h>

#include <cstdio>

namespace tenon::tools {

// Resident memory in bytes; 0 where the system does not tell.
inline long long ResidentBytes() {
  long long pages = 0, resident = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%lld %lld", &pages, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return resident * sysconf(_SC_PAGESIZE);
}

}  // namespace tenon::tools

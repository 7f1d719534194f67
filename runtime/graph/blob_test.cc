#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <vector>

#include "tenon/graph/graph.h"

namespace tenon::graph {
namespace {

// Of this process: what /proc/self/smaps says of the mapping.
size_t MappedKilobytes(void* data) {
  std::FILE* file = std::fopen("/proc/self/smaps", "r");
  char line[512], want[32];
  std::snprintf(want, sizeof want, "%lx-", reinterpret_cast<unsigned long>(data));
  bool here = false;
  size_t kilobytes = 0;
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (std::strncmp(line, want, std::strlen(want)) == 0) here = true;
    if (here && std::sscanf(line, "Rss: %zu kB", &kilobytes) == 1) break;
  }
  std::fclose(file);
  return kilobytes;
}

TEST(Blob, ReleasedPagesOfAFileComeBackWhenTheyAreRead) {
  constexpr size_t kSize = 1 << 20;
  char path[] = "/tmp/tenon_blob_XXXXXX";
  const int file = mkstemp(path);
  unlink(path);
  const std::vector<char> bytes(kSize, 'x');
  ASSERT_EQ(write(file, bytes.data(), kSize), static_cast<ssize_t>(kSize));
  void* data = mmap(nullptr, kSize, PROT_READ, MAP_PRIVATE, file, 0);
  ASSERT_NE(data, MAP_FAILED);
  ASSERT_EQ(std::memcmp(data, bytes.data(), kSize), 0);
  ASSERT_EQ(MappedKilobytes(data), kSize / 1024);
  Blob blob;
  blob.data = static_cast<const std::byte*>(data) + 100;  // its first and last page are shared
  blob.size = kSize - 200;
  ReleasePages(blob);
  EXPECT_EQ(MappedKilobytes(data), kSize / 1024) << "bytes in memory stay";
  blob.mapped = true;
  ReleasePages(blob);
  EXPECT_EQ(MappedKilobytes(data), 2u * static_cast<size_t>(sysconf(_SC_PAGESIZE)) / 1024);
  EXPECT_EQ(std::memcmp(data, bytes.data(), kSize), 0);
  munmap(data, kSize);
  close(file);
}

}  // namespace
}  // namespace tenon::graph

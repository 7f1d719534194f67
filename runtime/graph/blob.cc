#include <sys/mman.h>
#include <unistd.h>

#include "tenon/graph/graph.h"

namespace tenon::graph {

void ReleasePages(const Blob& blob) {
  if (!blob.mapped) return;
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<uintptr_t>(blob.data);
  const uintptr_t first = (begin + page - 1) / page * page;  // whole pages: neighbours keep theirs
  const uintptr_t last = (begin + blob.size) / page * page;
  if (first < last) madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

}  // namespace tenon::graph

// Bytes that the layer asks for behind each buffer of the backend, so that writes beyond its end
// are found: in memory that the host reads and writes in place, and whose capacity nobody states.
// The host does not see them.
#pragma once

#include "tenon/backend_api/backend.h"

namespace tenon::backend::validate {

struct Buffer;

// Bytes to ask for behind `size`; 0 where the kind does not allow it.
uint64_t TailFor(const tenon_memory_kind& kind, uint64_t size);
// Writes the pattern; says whether it is still there; writes it again. The buffer has a base.
void MendTail(const Buffer& buffer);
bool TailIsIntact(const Buffer& buffer);

// What buffers of one kind of a device hold, with and without tails.
struct TailSums {
  uint64_t asked = 0, most_asked = 0;  // by the host
  uint64_t added = 0, most_both = 0;

  void Add(const Buffer& buffer);
  void Remove(const Buffer& buffer);
  // Takes the tails out; exact where the backend counts bytes as they are asked for.
  void Hide(tenon_memory_stats* stats) const;
};

}  // namespace tenon::backend::validate

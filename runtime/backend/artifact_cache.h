// The artifact cache: files <directory>/<backend>-<version>/<key>, each with a digest that is checked
// when it is read. Any thread, and any number of processes on one directory.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "host_table.h"

namespace tenon::backend {

// Bytes that live as long as their owner.
struct OwnedBytes {
  std::shared_ptr<const void> owner;
  std::string_view bytes;
};

// The file is mapped, not copied. kNotFound: there is nothing, or it can't be used; then the log says why.
Result<OwnedBytes> CacheGet(const HostTable& host, const std::string& key);
// Readers see all of the file or nothing. Nothing is left of it where that fails (a full disk).
Status CachePut(const HostTable& host, const std::string& key, std::string_view bytes);

}  // namespace tenon::backend

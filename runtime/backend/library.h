// Shared objects: what they say of themselves, and loading them.
#pragma once

#include <memory>
#include <string>

#include "tenon/backend/backend.h"

namespace tenon::backend {

// A loaded library. Closed at the end only where `unload` was asked for.
class Library {
 public:
  static Result<std::shared_ptr<Library>> Open(const std::string& path, bool unload);
  ~Library();
  tenon_negotiate_function negotiate() const { return negotiate_; }

 private:
  Library() = default;
  struct Handle;
  std::unique_ptr<Handle> handle_;
  tenon_negotiate_function negotiate_ = nullptr;
};

// Whether the file is a whole shared object for this machine: kNotFound, kIncompatible or kDataLoss
// (cut off: the loader would fault on it).
Status CheckSharedObject(const std::string& library_path);

}  // namespace tenon::backend

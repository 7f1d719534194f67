#include "library.h"

#include <dlfcn.h>

#include <boost/dll/shared_library.hpp>

namespace tenon::backend {

struct Library::Handle {
  boost::dll::shared_library library;  // closed by its destructor
};

Result<std::shared_ptr<Library>> Library::Open(const std::string& path, bool unload) {
  TENON_RETURN_IF_ERROR(CheckSharedObject(path));
  std::shared_ptr<Library> library(new Library());
  library->handle_ = std::make_unique<Handle>();
  // rtld_now | rtld_local: every symbol must be there at once, and nothing of it is seen by others.
  auto mode = boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local;
  // The default is never to unload: what was loaded so stays mapped when it is closed. Boost
  // passes the bit on.
  if (!unload) mode = static_cast<boost::dll::load_mode::type>(mode | RTLD_NODELETE);
  boost::dll::fs::error_code error;
  try {
    library->handle_->library.load(boost::dll::fs::path(path), error, mode);
  } catch (const std::exception& thrown) {
    return Status(Code::kIncompatible, path + ": threw while it was loaded: " + thrown.what());
  } catch (...) {
    return Status(Code::kIncompatible, path + ": threw while it was loaded");
  }
  if (error) {
    const char* said = dlerror();
    return Status(Code::kIncompatible,
                  path + ": the loader says: " + (said ? std::string(said) : error.message()));
  }
  if (!library->handle_->library.has(TENON_NEGOTIATE_SYMBOL)) {
    return Status(Code::kIncompatible, path + ": has no function " TENON_NEGOTIATE_SYMBOL
                                              "; a backend exports it (see backend.h)");
  }
  library->negotiate_ = reinterpret_cast<tenon_negotiate_function>(
      &library->handle_->library.get<int32_t(const tenon_offer*, tenon_answer*)>(
          TENON_NEGOTIATE_SYMBOL));
  return library;
}

Library::~Library() = default;

}  // namespace tenon::backend

// The first words between host and backend: versions, sanitizers, names.
#pragma once

#include <string>

#include "tenon/backend/backend.h"

namespace tenon::backend {

struct Negotiated {
  tenon_answer answer{};
  char reason[512] = {};
};

// Offers this host's range and checks the answer. kIncompatible says who refused what.
Status Negotiate(tenon_negotiate_function negotiate, Negotiated* out);
// Checks what the note section says, before anything of the library runs, and gives the name that stands there. A
// library without a note passes with the name "": negotiation decides. A file that is no shared object of this machine
// does not.
Result<std::string> CheckNote(const std::string& library_path);

}  // namespace tenon::backend

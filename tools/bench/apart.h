// Work in a process of its own, so that what it leaves behind (memory, threads, backends' caches) touches nobody else.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>

namespace tenon::tools {

// What `work` gives, called in a fork of this process, which must have no threads. A Failure in there is thrown here; a
// process that dies is a Failure(kBackendFailed) that says how.
nlohmann::ordered_json RunApart(const std::function<nlohmann::ordered_json()>& work);

}  // namespace tenon::tools

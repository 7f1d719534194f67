// tenon backends new: the project of a new backend.
#pragma once

#include <CLI/App.hpp>
#include <memory>

#include "new_backend.h"

namespace tenon::tools {

// The verb below `backends`; its action returns the exit code, and throws Failure.
struct BackendsNew {
  CLI::App* verb = nullptr;
  NewBackend backend;
  std::string output;
  bool json = false;

  bool parsed() const { return verb->parsed(); }
  int Run() const;
};
std::shared_ptr<BackendsNew> AddBackendsNew(CLI::App& backends);

}  // namespace tenon::tools

// The verbs of the command line: each adds itself to the program and sets `action` when it is chosen.
#pragma once

#include <CLI/App.hpp>
#include <functional>

namespace tenon::tools {

using Action = std::function<int()>;  // gives the exit code; throws Failure

void AddRun(CLI::App& app, Action& action);
void AddBench(CLI::App& app, Action& action);
void AddCompare(CLI::App& app, Action& action);
void AddProfile(CLI::App& app, Action& action);
void AddVerify(CLI::App& app, Action& action);
void AddExplain(CLI::App& app, Action& action);
void AddInspect(CLI::App& app, Action& action);
void AddBackends(CLI::App& app, Action& action);
void AddOps(CLI::App& app, Action& action);
void AddDoctor(CLI::App& app, Action& action);
void AddCompletion(CLI::App& app, Action& action);

}  // namespace tenon::tools

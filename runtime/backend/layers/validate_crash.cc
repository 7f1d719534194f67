// Tells where in a backend the process ends by a signal.
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <mutex>

#include "layers/validate_state.h"

namespace tenon::backend::validate {
namespace {

thread_local const InCall* current = nullptr;

void Say(const char* text) { (void)!write(STDERR_FILENO, text, std::strlen(text)); }

// What a signal handler may do; then the signal does what it does by default.
void Tell(int signal) {
  if (current != nullptr) {
    Say("validate: the process ends by ");
    Say(signal == SIGSEGV  ? "SIGSEGV (an invalid address)"
        : signal == SIGBUS ? "SIGBUS"
        : signal == SIGFPE ? "SIGFPE (an integer division by zero)"
        : signal == SIGILL ? "SIGILL (an instruction that this processor lacks)"
                           : "SIGABRT (abort, a failed assertion, damaged memory)");
    Say(" in the backend: ");
    for (const InCall* at = current; at != nullptr; at = at->outer()) {
      Say(at->what());
      Say(at->outer() != nullptr ? ", of " : "\n");
    }
  }
  std::signal(signal, SIG_DFL);
  raise(signal);
}

void Watch() {
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
    struct sigaction now {};
    if (sigaction(signal, nullptr, &now) != 0 || now.sa_handler != SIG_DFL) continue;
    struct sigaction ours {};
    ours.sa_handler = Tell;
    sigaction(signal, &ours, nullptr);
  }
}

}  // namespace

InCall::InCall(const char* what) : what_(what), outer_(current) {
  static std::once_flag once;
  std::call_once(once, Watch);
  current = this;
}
InCall::~InCall() { current = outer_; }

}  // namespace tenon::backend::validate

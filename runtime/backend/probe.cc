// fork without exec: the child does nothing but load, create, destroy and report, so that whatever
// the library does to its process is seen from outside. A child that hangs is ended by its alarm.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

#include "tenon/backend/backend.h"

namespace tenon::backend {
namespace {

constexpr int kProbeSeconds = 10;

// What the child reports: its code, then the message. A child that ends without it has crashed.
struct Report {
  int fd;
  void Send(Code code, std::string_view message) const {
    std::string said(1, static_cast<char>(code));
    said.append(message);
    (void)!write(fd, said.data(), said.size());
  }
};

// In the child; never returns. What the library prints goes to `output`.
[[noreturn]] void ProbeInChild(const std::string& library_path, Report report, int output) {
  sigset_t alarms;
  sigemptyset(&alarms);
  sigaddset(&alarms, SIGALRM);
  sigprocmask(SIG_UNBLOCK, &alarms, nullptr);
  signal(SIGALRM, SIG_DFL);
  alarm(kProbeSeconds);
  if (output >= 0) {
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
  }
  Status status;
  try {
    auto backend = Backend::Load(library_path, {}, std::make_shared<HostServices>());
    if (!backend.ok()) status = std::move(backend).status();
  } catch (...) {
    status = Status(Code::kInternal, library_path + ": threw while it was probed");
  }
  report.Send(status.code(), status.message());
  _exit(0);
}

std::string ReadAll(int fd) {
  std::string said;
  char buffer[4096];
  for (;;) {
    const ssize_t n = read(fd, buffer, sizeof buffer);
    if (n > 0) said.append(buffer, static_cast<size_t>(n));
    if (n == 0 || (n < 0 && errno != EINTR)) return said;
  }
}

// How a child that reported nothing ended.
std::string Ending(int ended, const std::string& output) {
  std::string how = "ended its process while it was loaded, created or destroyed";
  if (WIFSIGNALED(ended) && WTERMSIG(ended) == SIGALRM) {
    how = "was not done with loading, create and destroy after " + std::to_string(kProbeSeconds) +
          " s";
  } else if (WIFSIGNALED(ended)) {
    how += std::string(" (") + strsignal(WTERMSIG(ended)) + ")";
  } else if (WIFEXITED(ended)) {
    how += " (exit code " + std::to_string(WEXITSTATUS(ended)) + ")";
  }
  if (output.empty()) return how;
  return how + "; it said: " + output.substr(0, output.find_last_not_of('\n') + 1);
}

Status Failed(const char* call) {
  return Status(Code::kIo, std::string("probe: ") + call + ": " + std::strerror(errno));
}

}  // namespace

Status Probe(const std::string& library_path) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Failed("pipe");
  const int output = memfd_create("probe", MFD_CLOEXEC);
  const pid_t child = fork();
  if (child < 0) {
    const Status why = Failed("fork");
    close(ends[0]);
    close(ends[1]);
    if (output >= 0) close(output);
    return why.Clone();
  }
  if (child == 0) {
    close(ends[0]);
    ProbeInChild(library_path, {ends[1]}, output);
  }
  close(ends[1]);
  const std::string said = ReadAll(ends[0]);
  close(ends[0]);
  int ended = 0;
  while (waitpid(child, &ended, 0) < 0 && errno == EINTR) {
  }
  std::string printed;
  if (output >= 0) {
    lseek(output, 0, SEEK_SET);
    printed = ReadAll(output);
    close(output);
  }
  if (said.empty()) {
    return Status(Code::kIncompatible, library_path + ": " + Ending(ended, printed));
  }
  return Status(static_cast<Code>(said[0]), said.substr(1));
}

}  // namespace tenon::backend

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <string>

#include "tenon/backend/backend.h"

namespace tenon::backend {
namespace {

constexpr int kProbeSeconds = 30;

// In the child: loads, creates, destroys; writes what went wrong; never returns.
[[noreturn]] void ProbeInChild(const std::string& library_path, int pipe) {
  alarm(kProbeSeconds);
  std::string said;
  try {
    Result<std::shared_ptr<Backend>> backend = Backend::Load(library_path, {}, std::make_shared<HostServices>());
    if (!backend.ok()) said = std::string(1, static_cast<char>(backend.status().code())) + std::string(backend.status().message());
  } catch (...) {
    said = std::string(1, static_cast<char>(Code::kInternal)) + library_path + ": threw while it was probed";
  }
  (void)!write(pipe, said.data(), said.size());
  _exit(0);
}

std::string ReadAll(int pipe) {
  std::string said;
  char buffer[4096];
  for (ssize_t n; (n = read(pipe, buffer, sizeof buffer)) > 0;) said.append(buffer, static_cast<size_t>(n));
  return said;
}

}  // namespace

// fork without exec: the child runs in a process that may have had threads, so it does nothing but load and report; a
// child that hangs on a lock is ended by its alarm.
Status Probe(const std::string& library_path) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Status(Code::kIo, std::string("pipe: ") + std::strerror(errno));
  const pid_t child = fork();
  if (child < 0) {
    close(ends[0]);
    close(ends[1]);
    return Status(Code::kIo, std::string("fork: ") + std::strerror(errno));
  }
  if (child == 0) {
    close(ends[0]);
    ProbeInChild(library_path, ends[1]);
  }
  close(ends[1]);
  const std::string said = ReadAll(ends[0]);
  close(ends[0]);
  int ended = 0;
  while (waitpid(child, &ended, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(ended)) {
    const int signal = WTERMSIG(ended);
    return Status(Code::kIncompatible,
                  library_path + ": ended its process while it was loaded, created or destroyed: " +
                      (signal == SIGALRM ? "it took longer than " + std::to_string(kProbeSeconds) + " s"
                                         : std::string(strsignal(signal))));
  }
  if (WIFEXITED(ended) && WEXITSTATUS(ended) != 0) {
    return Status(Code::kIncompatible, library_path + ": exited its process with " + std::to_string(WEXITSTATUS(ended)));
  }
  if (said.empty()) return {};
  return Status(static_cast<Code>(said[0]), said.substr(1));
}

}  // namespace tenon::backend

#include "bench/apart.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "failure.h"

namespace tenon::tools {
namespace {

using Json = nlohmann::ordered_json;

[[noreturn]] void Child(int pipe, const std::function<Json()>& work) {
  Json answer;
  try {
    answer["result"] = work();
  } catch (const Failure& failure) {
    answer = {{"code", failure.code()}, {"message", failure.what()}};
  } catch (const std::exception& error) {
    answer = {{"code", kBackendFailed}, {"message", error.what()}};
  }
  const std::string text = answer.dump(-1, ' ', false, Json::error_handler_t::replace);
  for (size_t at = 0; at < text.size();) {
    const ssize_t written = write(pipe, text.data() + at, text.size() - at);
    if (written < 0 && errno != EINTR) break;
    if (written > 0) at += static_cast<size_t>(written);
  }
  std::fflush(nullptr);
  _exit(0);  // what the parent has registered for its end is not the child's to do
}

std::string ReadAll(int pipe) {
  std::string text;
  char part[65536];
  for (ssize_t got = 1; got != 0;) {
    got = read(pipe, part, sizeof part);
    if (got > 0) text.append(part, static_cast<size_t>(got));
    if (got < 0 && errno != EINTR) break;
  }
  return text;
}

}  // namespace

Json RunApart(const std::function<Json()>& work) {
  int ends[2];
  if (pipe(ends) != 0)
    throw Failure(kBackendFailed, fmt::format("no pipe to another process: {}", strerror(errno)));
  std::fflush(nullptr);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0)
    throw Failure(kBackendFailed, fmt::format("no process for it: {}", strerror(errno)));
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(0);  // it was gone before
    close(ends[0]);
    Child(ends[1], work);
  }
  close(ends[1]);
  const std::string text = ReadAll(ends[0]);
  close(ends[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) {
    throw Failure(kBackendFailed, fmt::format("the process that measured died of signal {} ({})",
                                              WTERMSIG(status), strsignal(WTERMSIG(status))));
  }
  const Json answer = Json::parse(text, nullptr, false);
  if (answer.is_discarded() || (WIFEXITED(status) && WEXITSTATUS(status) != 0)) {
    throw Failure(kBackendFailed,
                  fmt::format("the process that measured ended with code {}", WEXITSTATUS(status)));
  }
  if (answer.contains("message")) {
    throw Failure(static_cast<Exit>(answer["code"].get<int>()), answer["message"]);
  }
  return answer.at("result");
}

}  // namespace tenon::tools

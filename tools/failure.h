// How a verb ends when it can't go on: an exit code and a message for stderr.
#pragma once

#include <stdexcept>
#include <string>

namespace tenon::tools {

enum Exit : int {
  kOk = 0,
  kMismatch = 1,       // a comparison failed
  kUsage = 2,          // wrong arguments, inputs that don't fit the model included
  kModelRejected = 3,  // the model's file is missing, broken, or has what Tenon doesn't know
  kBackendFailed =
      4,  // a backend failed or refuses (so that nobody takes a node, or a forbidden fallback would),
          // or the budget is too small
  kNotWritable = 5,  // the output can't be written, or the measurement is inconclusive
};

class Failure : public std::runtime_error {
 public:
  Failure(Exit code, const std::string& message) : std::runtime_error(message), code_(code) {}
  Exit code() const { return code_; }

 private:
  Exit code_;
};

}  // namespace tenon::tools

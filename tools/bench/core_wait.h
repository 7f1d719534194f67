// How long a thread was ready to run while other programs had its core.
#pragma once

namespace tenon::tools {

// Of the thread that makes it, and used by that thread only.
class CoreWait {
 public:
  CoreWait();
  ~CoreWait();
  CoreWait(const CoreWait&) = delete;
  CoreWait& operator=(const CoreWait&) = delete;
  // Milliseconds since the thread began; 0 where the system doesn't tell (Linux: /proc/thread-self/schedstat).
  double Milliseconds() const;

 private:
  int file_;
};

}  // namespace tenon::tools

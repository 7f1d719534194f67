// What slots that are finished when they return have written: run without a queue, and prepack. In
// plain host memory what they write stands between walls meanwhile; in the backend's own memory,
// where the host can read it in place, the bytes around it are compared.
#pragma once

#include <deque>
#include <optional>

#include "layers/validate_backend.h"

namespace tenon::backend::validate {

// Why what is written to memory of the kind is not checked; null where it is.
const char* WhyUnchecked(const tenon_memory_kind& kind);
// Says once in the log, for each memory kind of a device, that what kernels write there is not
// checked: because they work on the device's queue (null: on none), or because of the kind.
// `argument` may be null.
void NoteUnchecked(State& state, const Device* queue, const tenon_argument* argument);

// An argument that is written, in memory between walls, where it is in plain host memory;
// afterwards the bytes go where they belong. Elsewhere the argument itself.
class WalledArgument {
 public:
  // in_place: the bytes are read, too.
  WalledArgument(State& state, const tenon_argument* argument, bool in_place = false);
  const tenon_argument* argument() const { return walled_ ? &copy_ : original_; }
  void* data() const { return walled_ ? walled_->data() : nullptr; }  // null: not between walls
  // The first byte that the call left as it was; none where all are written, or it can't be told.
  std::optional<uint64_t> Untouched() const;
  void Finish(const char* slot, const std::string& complaint) const;

 private:
  State& state_;
  const tenon_argument* original_;
  tenon_argument copy_{};
  std::optional<Walled> walled_;
  uint64_t mark_ = 0;  // 0: the bytes are not marked
};

// An argument that may only be read, in memory that the host can read: whether its (first) bytes
// stay.
class Unwritten {
 public:
  Unwritten(State& state, const tenon_argument* argument);
  bool Changed() const { return data_ && Digest() != digest_; }

 private:
  uint64_t Digest() const;
  const unsigned char* data_ = nullptr;
  uint64_t bytes_ = 0, digest_ = 0;
};

// The bytes around arguments in the backend's own memory. Not compared where somebody else may
// write to the buffer meanwhile: another run, a queue, the host through a mapping, the owner of
// imported memory.
class Surroundings {
 public:
  explicit Surroundings(State& state) : state_(state) {}
  // An argument that may be written, as a complaint calls it. Null and host memory are left out.
  void Add(const tenon_argument* argument, std::string name);
  // An input, of which Unwritten says whether it was written.
  void AddRead(const tenon_argument* argument);
  void Begin();                                             // after the last Add
  void Finish(const char* slot, const std::string& where);  // "kernel relu"

 private:
  struct Written {
    tenon_buffer* buffer;
    uint64_t begin, end;
    std::string name;
  };
  struct Zone {
    const Written* beside;
    uint64_t begin;
    const unsigned char* data;
    std::vector<unsigned char> before;
  };
  struct Watched {
    bool quiet;
    uint64_t touched;
  };
  void Keep(const Buffer& buffer, const Written& written);
  bool Changed(const Zone& zone) const;

  State& state_;
  std::vector<Written> written_, read_;
  std::vector<Zone> zones_;
  std::map<tenon_buffer*, Watched> buffers_;
};

// What a run that is finished when it returns does to memory. Changes the run's arguments to those
// that the kernel gets.
class RunMemory {
 public:
  RunMemory(State& state, tenon_run* run, bool allocates);
  void Finish(const char* slot, const std::string& where, bool done);

 private:
  void Wall(tenon_run* run, uint32_t output);

  State& state_;
  std::vector<Unwritten> inputs_;
  std::vector<std::unique_ptr<WalledArgument>> outputs_;
  std::unique_ptr<WalledArgument> workspace_;
  Surroundings around_;
  std::vector<const tenon_argument*> input_list_, output_list_;
  std::deque<tenon_argument> in_place_;  // inputs that stand in an output's walls
};

// Whether two arguments begin at the same byte, and whether they share one.
bool SamePlace(const tenon_argument& a, const tenon_argument& b);
bool Overlap(const tenon_argument& a, const tenon_argument& b);

}  // namespace tenon::backend::validate

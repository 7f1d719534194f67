#include "layers/validate_written.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "layers/validate_tail.h"

namespace tenon::backend::validate {
namespace {

constexpr uint64_t kMostWalled = uint64_t{64} << 20;  // larger arguments are passed on as they are
constexpr uint64_t kMostAligned = 65536;
constexpr uint64_t kMostRead = uint64_t{1} << 20;  // bytes of an input that are compared
constexpr uint64_t kZone = 4096;                   // bytes on each side of an argument

tenon_argument CopyOf(const tenon_argument& argument, void* data) {
  tenon_argument copy{};
  std::memcpy(&copy, &argument, std::min<size_t>(argument.struct_size, sizeof copy));
  copy.struct_size = sizeof copy;
  copy.tensor.data = data;
  return copy;
}

// Where an argument in the backend's own memory lies. A kernel without state has no device: its
// arguments' buffers do.
struct Place {
  const Device* device = nullptr;
  const tenon_memory_kind* kind = nullptr;
};
Place PlaceOf(State& state, const tenon_argument& argument) {
  std::lock_guard lock(state.mutex);
  const auto found = state.buffers.find(argument.buffer);
  if (found == state.buffers.end()) return {};
  return {found->second.device, found->second.kind};
}

// Nobody but a run that begins now may write to the buffer. The lock is held.
bool IsQuiet(const State& state, const Buffer& buffer) {
  return !buffer.imported && buffer.writers == 0 &&
         std::ranges::none_of(
             buffer.mappings,
             [](const Buffer::Mapping& m) { return (m.access & TENON_ACCESS_WRITE) != 0; }) &&
         std::ranges::all_of(buffer.uses, [&](const auto& use) {
           return state.fences.Done(use.first, use.second, {});
         });
}

}  // namespace

const char* WhyUnchecked(const tenon_memory_kind& kind) {
  if (!(kind.flags & TENON_MEMORY_ADDRESSABLE)) return "buffers are handles";
  if (!(kind.flags & TENON_MEMORY_HOST_ADDRESS) || !(kind.flags & TENON_MEMORY_HOST_READ))
    return "the host cannot read it in place";
  return kind.flags & TENON_MEMORY_COHERENT ? nullptr : "it is not coherent";
}

void NoteUnchecked(State& state, const Device* queue, const tenon_argument* argument) {
  if (!argument) return;
  const bool host = argument->memory_kind == TENON_MEMORY_HOST;
  const Place place = host ? Place{queue, nullptr} : PlaceOf(state, *argument);
  if (!place.device || !place.device->info || !(host || place.kind)) return;
  const char* why = queue ? "work on queues" : host ? nullptr : WhyUnchecked(*place.kind);
  if (!why) return;
  const char* device = place.device->info->name;
  const char* kind = host ? "host" : place.kind->name;
  state.Note(std::string(device ? device : "a device") + ": memory kind " +
                 (kind ? kind : std::to_string(place.kind->id)) +
                 ": what kernels write is not checked",
             why);
}

bool SamePlace(const tenon_argument& a, const tenon_argument& b) {
  return a.buffer == b.buffer && (a.buffer ? a.offset == b.offset : a.tensor.data == b.tensor.data);
}
bool Overlap(const tenon_argument& a, const tenon_argument& b) {
  if (a.bytes == 0 || b.bytes == 0 || a.buffer != b.buffer ||
      (a.memory_kind == 0) != (b.memory_kind == 0))
    return false;
  const auto begin = [](const tenon_argument& x) {
    return x.buffer ? x.offset : reinterpret_cast<uintptr_t>(x.tensor.data);
  };
  return begin(a) < begin(b) + b.bytes && begin(b) < begin(a) + a.bytes;
}

// What eight bytes are before a call: nothing that a kernel computes (splitmix64).
uint64_t Mark(uint64_t mark, uint64_t at) {
  uint64_t x = mark * 0x9E3779B97F4A7C15 + at * 0xD1B54A32D192ED03;
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
  x = (x ^ x >> 27) * 0x94D049BB133111EB;
  return x ^ x >> 31;
}
constexpr uint64_t kLeastTold = 4;  // fewer bytes may be right by chance

WalledArgument::WalledArgument(State& state, const tenon_argument* argument, bool in_place)
    : state_(state), original_(argument) {
  if (!argument || argument->memory_kind != TENON_MEMORY_HOST || argument->bytes == 0 ||
      argument->bytes > kMostWalled)
    return;
  // As aligned as it was.
  const auto place = reinterpret_cast<uintptr_t>(argument->tensor.data);
  walled_.emplace(argument->bytes, std::min<uint64_t>(place & -place, kMostAligned));
  if (!walled_->data()) {
    walled_.reset();
    return;
  }
  copy_ = CopyOf(*argument, walled_->data());
  if (in_place) {
    std::memcpy(walled_->data(), argument->tensor.data, argument->bytes);
    return;
  }
  static std::atomic<uint64_t> marks = 0;
  mark_ = ++marks;
  auto* bytes = static_cast<unsigned char*>(walled_->data());
  for (uint64_t at = 0; at < argument->bytes; at += sizeof(uint64_t)) {
    const uint64_t word = Mark(mark_, at);
    std::memcpy(bytes + at, &word, std::min<uint64_t>(sizeof word, argument->bytes - at));
  }
}
std::optional<uint64_t> WalledArgument::Untouched() const {
  if (mark_ == 0) return std::nullopt;
  const auto* bytes = static_cast<const unsigned char*>(walled_->data());
  for (uint64_t at = 0; at < original_->bytes; at += sizeof(uint64_t)) {
    const uint64_t word = Mark(mark_, at);
    const auto size = std::min<uint64_t>(sizeof word, original_->bytes - at);
    if (size >= kLeastTold && std::memcmp(bytes + at, &word, size) == 0) return at;
  }
  return std::nullopt;
}
void WalledArgument::Finish(const char* slot, const std::string& complaint) const {
  if (!walled_) return;
  if (!walled_->Intact()) state_.Complain("R13", slot, complaint);
  std::memcpy(original_->tensor.data, walled_->data(), original_->bytes);
}

Unwritten::Unwritten(State& state, const tenon_argument* argument) {
  if (!argument || !argument->tensor.data) return;
  if (argument->memory_kind != TENON_MEMORY_HOST) {
    const tenon_memory_kind* kind = PlaceOf(state, *argument).kind;
    if (!kind || WhyUnchecked(*kind)) return;
  }
  data_ = static_cast<const unsigned char*>(argument->tensor.data);
  bytes_ = std::min(argument->bytes, kMostRead);
  digest_ = Digest();
}
uint64_t Unwritten::Digest() const {
  uint64_t hash = 14695981039346656037ull;  // FNV-1a
  for (uint64_t i = 0; i < bytes_; ++i) hash = (hash ^ data_[i]) * 1099511628211ull;
  return hash;
}

void Surroundings::Add(const tenon_argument* argument, std::string name) {
  if (!argument || !argument->buffer || argument->memory_kind == TENON_MEMORY_HOST) return;
  written_.push_back(
      {argument->buffer, argument->offset, argument->offset + argument->bytes, std::move(name)});
}

void Surroundings::AddRead(const tenon_argument* argument) {
  if (!argument || !argument->buffer || argument->memory_kind == TENON_MEMORY_HOST) return;
  const uint64_t bytes = std::min(argument->bytes, kMostRead);
  read_.push_back({argument->buffer, argument->offset, argument->offset + bytes, ""});
}

// The zones end where another argument that is written begins; the bytes between two are shared
// out, so that a complaint names the nearer one.
void Surroundings::Keep(const Buffer& buffer, const Written& written) {
  const uint64_t size = buffer.size + buffer.tail;
  if (written.end > size || written.begin > written.end) return;
  uint64_t low = written.begin - std::min(written.begin, kZone);
  uint64_t high = written.end + std::min(size - written.end, kZone);
  for (const Written& other : written_) {
    if (&other == &written || other.buffer != written.buffer) continue;
    if (other.begin >= written.end) {
      high = std::min(high, written.end + (other.begin - written.end) / 2);
    } else if (other.end <= written.begin) {
      low = std::max(low, other.end + (written.begin - other.end) / 2);
    } else {
      low = written.begin;
      high = written.end;
    }
  }
  const auto* base = static_cast<const unsigned char*>(buffer.base);
  if (low < written.begin)
    zones_.push_back({&written, low, base + low, {base + low, base + written.begin}});
  if (high > written.end)
    zones_.push_back(
        {&written, written.end, base + written.end, {base + written.end, base + high}});
}

void Surroundings::Begin() {
  std::lock_guard lock(state_.mutex);
  for (const Written& written : written_) {
    const auto found = state_.buffers.find(written.buffer);
    if (found == state_.buffers.end()) continue;
    Buffer& buffer = found->second;
    if (!buffer.base || !buffer.kind || WhyUnchecked(*buffer.kind)) continue;
    auto [watched, first] = buffers_.try_emplace(written.buffer);
    if (first) {
      watched->second.quiet = IsQuiet(state_, buffer);
      watched->second.touched = ++buffer.touched;
      ++buffer.writers;
    }
    if (watched->second.quiet) Keep(buffer, written);
  }
}

// Whether a byte of the zone that is no input's has changed.
bool Surroundings::Changed(const Zone& zone) const {
  for (size_t i = 0; i < zone.before.size(); ++i) {
    if (zone.before[i] == zone.data[i]) continue;
    const uint64_t at = zone.begin + i;
    if (std::ranges::none_of(read_, [&](const Written& read) {
          return read.buffer == zone.beside->buffer && at >= read.begin && at < read.end;
        }))
      return true;
  }
  return false;
}

void Surroundings::Finish(const char* slot, const std::string& where) {
  std::vector<const Written*> overrun;
  std::unique_lock lock(state_.mutex);
  for (const Zone& zone : zones_) {
    const auto found = state_.buffers.find(zone.beside->buffer);
    if (found == state_.buffers.end() ||
        found->second.touched != buffers_[zone.beside->buffer].touched || !Changed(zone))
      continue;
    overrun.push_back(zone.beside);
    MendTail(found->second);
  }
  for (const auto& [handle, watched] : buffers_) {
    const auto found = state_.buffers.find(handle);
    if (found != state_.buffers.end() && found->second.writers > 0) --found->second.writers;
  }
  lock.unlock();
  for (const Written* written : overrun)
    state_.Complain("R13", slot, where + ": wrote outside of " + written->name);
}

RunMemory::RunMemory(State& state, tenon_run* run, bool allocates)
    : state_(state),
      around_(state),
      input_list_(run->inputs, run->inputs + run->input_count),
      output_list_(run->outputs, run->outputs + run->output_count) {
  for (const tenon_argument* input : input_list_) {
    const bool overwritten =
        input && std::ranges::any_of(output_list_, [&](const tenon_argument* output) {
          return output && Overlap(*input, *output);
        });
    inputs_.emplace_back(state, overwritten ? nullptr : input);
    if (!overwritten) around_.AddRead(input);
  }
  outputs_.resize(output_list_.size());
  for (uint32_t i = 0; i < run->output_count && !allocates; ++i) {
    NoteUnchecked(state, nullptr, run->outputs[i]);
    around_.Add(run->outputs[i], "output " + std::to_string(i));
    if (run->outputs[i]) Wall(run, i);
  }
  NoteUnchecked(state, nullptr, run->workspace);
  workspace_ = std::make_unique<WalledArgument>(state, run->workspace);
  // What is allocated meanwhile may lie anywhere.
  if (!allocates) {
    around_.Add(run->workspace, "the workspace");
    around_.Begin();
  }
  run->inputs = input_list_.data();
  run->outputs = output_list_.data();
  run->workspace = workspace_->argument();
}

// Puts an output between walls, and the inputs that it overwrites in place with it.
void RunMemory::Wall(tenon_run* run, uint32_t output) {
  const tenon_argument& argument = *run->outputs[output];
  std::vector<uint32_t> overwritten;
  for (uint32_t i = 0; i < run->input_count; ++i) {
    const tenon_argument* input = run->inputs[i];
    if (!input || !Overlap(*input, argument)) continue;
    if (!SamePlace(*input, argument) || input->bytes != argument.bytes) return;
    overwritten.push_back(i);
  }
  outputs_[output] = std::make_unique<WalledArgument>(state_, &argument, !overwritten.empty());
  output_list_[output] = outputs_[output]->argument();
  if (void* data = outputs_[output]->data()) {
    for (const uint32_t i : overwritten)
      input_list_[i] = &in_place_.emplace_back(CopyOf(*run->inputs[i], data));
  }
}

void RunMemory::Finish(const char* slot, const std::string& where, bool done) {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i].Changed())
      state_.Complain("R13", slot, where + ": wrote into input " + std::to_string(i));
  }
  for (size_t i = 0; i < outputs_.size(); ++i) {
    if (!outputs_[i]) continue;
    const std::string output = "output " + std::to_string(i);
    if (const auto from = outputs_[i]->Untouched(); from && done) {
      state_.Complain("R13", slot,
                      where + ": did not write " + output +
                          (*from == 0 ? "" : " from byte " + std::to_string(*from)));
    }
    outputs_[i]->Finish(slot, where + ": wrote outside of " + output);
  }
  workspace_->Finish(slot, where + ": wrote outside of the workspace");
  around_.Finish(slot, where);
}

}  // namespace tenon::backend::validate

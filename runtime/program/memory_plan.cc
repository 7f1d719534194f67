// PlanMemory: sizes and reuse in place first, then one pass in the order of time, then, where it is
// worth it, a search.
#include <algorithm>

#include "arena.h"
#include "index.h"

namespace tenon::program {
namespace {

class Planner {
 public:
  Planner(const Program& program, const ProgramIndex& index,
          std::span<const WorkspaceRequest> workspace, std::span<const uint64_t> physical_bytes,
          uint32_t stage, MemoryPlan* out)
      : program_(program),
        index_(index),
        stages_(index.stages()),
        stage_(stage),
        begin_(stages_.begin[stage]),
        end_(stages_.end(stage)),
        workspace_(workspace),
        bytes_(physical_bytes),
        plan_(*out) {}

  Status Run(bool thorough) {
    Prepare();
    MergeReuses();
    TENON_RETURN_IF_ERROR(CheckSizes());
    PlaceInTime();
    if (thorough) Improve();
    CopyMerged();
    return Status();
  }

 private:
  uint64_t Alignment(uint32_t memory) const {
    return std::max<uint64_t>(program_.memories[memory].alignment, 1);
  }
  uint64_t Room(uint32_t base) const {
    return AlignUp(bytes_[base], Alignment(program_.physical[base].memory));
  }
  uint64_t Room(const WorkspaceRequest& request) const {
    return AlignUp(request.bytes, std::max(request.alignment, Alignment(request.memory)));
  }
  // A queue may still be at a host workspace when its step is over.
  uint32_t WorkspaceEnd(uint32_t s) const {
    const uint32_t device = program_.steps[s].device;
    const bool stays =
        workspace_[s].memory == 0 && device != kNone && program_.devices[device].asynchronous;
    return stays ? static_cast<uint32_t>(program_.steps.size()) : s;
  }

  void Prepare() {
    if (stage_ == 0) {
      plan_.physical.assign(program_.physical.size(), {});
      plan_.workspace.assign(program_.steps.size(), {});
      plan_.arenas.resize(program_.memories.size());
      for (uint32_t m = 0; m < plan_.arenas.size(); ++m) {
        plan_.arenas[m].block_bytes.clear();
        plan_.arenas[m].block_alignment.clear();
        plan_.arenas[m].lower_bound = 0;
        plan_.arenas[m].alignment = Alignment(m);
      }
    }
    owner_.resize(program_.physical.size());
    last_.resize(program_.physical.size());
    merged_.assign(program_.physical.size(), false);
    for (uint32_t base : index_.arena_bases()) {
      owner_[base] = base;
      last_[base] = index_.last(base);
    }
  }

  // Every step consumes an input at most once, and an output takes over at most one.
  void MergeReuses() {
    for (const ProgramIndex::Reuse& reuse : index_.reuses()) {
      if (!InStage(reuse.step)) continue;
      if (bytes_[reuse.input] != bytes_[reuse.output] || owner_[reuse.output] != reuse.output)
        continue;
      const uint32_t owner = owner_[reuse.input];
      if (last_[owner] != reuse.step || merged_[reuse.input]) continue;
      merged_[reuse.input] = true;
      owner_[reuse.output] = owner;
      last_[owner] = index_.last(reuse.output);
    }
  }

  Status CheckSizes() const {
    for (uint32_t base : index_.arena_bases()) {
      if (!InStage(index_.first(base))) continue;
      const uint32_t memory = program_.physical[base].memory;
      if (Room(base) > program_.memories[memory].largest_allocation) {
        return TooLarge("\"" + program_.logical[program_.physical[base].logical].name + "\"",
                        Room(base), memory);
      }
    }
    for (uint32_t s = 0; s < workspace_.size(); ++s) {
      if (workspace_[s].bytes == 0 || !InStage(s)) continue;
      if (Room(workspace_[s]) > program_.memories[workspace_[s].memory].largest_allocation) {
        return TooLarge("the workspace of step " + std::to_string(s), Room(workspace_[s]),
                        workspace_[s].memory);
      }
    }
    return Status();
  }

  Status TooLarge(const std::string& what, uint64_t bytes, uint32_t memory) const {
    const uint32_t device = program_.memories[memory].device;
    return Status(Code::kUnsupported,
                  what + " needs " + std::to_string(bytes) +
                      " bytes, and the largest allocation of " +
                      (device == kNone ? "the host" : program_.devices[device].backend) + " is " +
                      std::to_string(program_.memories[memory].largest_allocation));
  }

  void PlaceInTime() {
    const uint32_t steps = static_cast<uint32_t>(program_.steps.size());
    std::vector<FreeRanges> free;
    for (const MemoryRef& memory : program_.memories) free.emplace_back(memory.largest_allocation);
    alive_.assign(program_.memories.size(), 0);
    ending_.assign(steps + 1, kNone);
    next_ending_.resize(program_.physical.size());
    const std::span<const uint32_t> bases = index_.arena_bases();
    size_t next = 0;
    while (next < bases.size() && index_.first(bases[next]) < begin_) ++next;
    if (stage_ != 0) KeepEarlier(bases.first(next), &free);
    for (uint32_t s = begin_; s < end_; ++s) {
      for (; next < bases.size() && index_.first(bases[next]) == s; ++next)
        Begin(bases[next], &free);
      if (!workspace_.empty() && workspace_[s].bytes != 0) BeginWorkspace(s, &free);
      for (uint32_t base = ending_[s]; base != kNone; base = next_ending_[base]) {
        free[program_.physical[base].memory].Give(plan_.physical[base]);
        alive_[program_.physical[base].memory] -= plan_.physical[base].bytes;
      }
      if (!workspace_.empty() && workspace_[s].bytes != 0 && WorkspaceEnd(s) == s) {
        free[workspace_[s].memory].Give(plan_.workspace[s]);
        alive_[workspace_[s].memory] -= plan_.workspace[s].bytes;
      }
    }
    for (uint32_t m = 0; m < free.size(); ++m) SetBlocks(m, free[m].block_bytes());
  }

  // What the stages before placed: blocks as they are, with what lives on.
  void KeepEarlier(std::span<const uint32_t> bases, std::vector<FreeRanges>* free) {
    for (uint32_t m = 0; m < plan_.arenas.size(); ++m) {
      const Arena& arena = plan_.arenas[m];
      for (size_t b = 0; b < arena.block_bytes.size(); ++b)
        (*free)[m].AddFixed(arena.block_bytes[b], arena.block_alignment[b]);
    }
    for (uint32_t base : bases) {
      Placement& place = plan_.physical[base];
      if (place.block == kNone || index_.last(base) < begin_) continue;
      place.bytes = Room(base);
      (*free)[place.memory].Occupy(place);
      Count(place.memory, place.bytes);
      if (owner_[base] == base) EndWith(base);
    }
    for (uint32_t s = 0; !workspace_.empty() && s < begin_; ++s) {
      if (workspace_[s].bytes == 0 || WorkspaceEnd(s) < begin_) continue;
      Placement place = plan_.workspace[s];
      place.bytes = Room(workspace_[s]);
      (*free)[place.memory].Occupy(place);
      Count(place.memory, place.bytes);
    }
  }

  void EndWith(uint32_t base) {
    uint32_t& ending = ending_[std::min<size_t>(last_[base], ending_.size() - 1)];
    next_ending_[base] = ending;
    ending = base;
  }

  void Begin(uint32_t base, std::vector<FreeRanges>* free) {
    if (owner_[base] != base || bytes_[base] == 0) return;
    const uint32_t memory = program_.physical[base].memory;
    Placement& place = plan_.physical[base];
    place.bytes = Room(base);
    place.memory = memory;
    (*free)[memory].Take(place.bytes, Alignment(memory), &place);
    Count(memory, place.bytes);
    EndWith(base);
  }

  void BeginWorkspace(uint32_t s, std::vector<FreeRanges>* free) {
    const WorkspaceRequest& request = workspace_[s];
    Placement& place = plan_.workspace[s];
    place.bytes = Room(request);
    place.memory = request.memory;
    Arena& arena = plan_.arenas[request.memory];
    arena.alignment = std::max(arena.alignment, request.alignment);
    (*free)[request.memory].Take(place.bytes,
                                 std::max(request.alignment, Alignment(request.memory)), &place);
    Count(request.memory, place.bytes);
  }

  void Count(uint32_t memory, uint64_t bytes) {
    alive_[memory] += bytes;
    plan_.arenas[memory].lower_bound = std::max(plan_.arenas[memory].lower_bound, alive_[memory]);
  }

  void SetBlocks(uint32_t memory, std::vector<uint64_t> blocks) {
    Arena& arena = plan_.arenas[memory];
    arena.block_bytes = std::move(blocks);
    arena.block_alignment.resize(arena.block_bytes.size(), arena.alignment);
    arena.bytes = 0;
    for (uint64_t bytes : arena.block_bytes) arena.bytes += bytes;
  }

  void Improve() {
    for (uint32_t m = 0; m < plan_.arenas.size(); ++m) {
      if (plan_.arenas[m].bytes <= plan_.arenas[m].lower_bound) continue;
      std::vector<Buffer> buffers;
      std::vector<Placement*> places;
      for (uint32_t base : index_.arena_bases()) {
        if (program_.physical[base].memory != m || plan_.physical[base].block == kNone) continue;
        places.push_back(&plan_.physical[base]);
        buffers.push_back(
            {places.back()->bytes, Alignment(m), index_.first(base), last_[base], *places.back()});
      }
      for (uint32_t s = 0; s < workspace_.size(); ++s) {
        if (workspace_[s].bytes == 0 || workspace_[s].memory != m) continue;
        places.push_back(&plan_.workspace[s]);
        buffers.push_back({places.back()->bytes, std::max(workspace_[s].alignment, Alignment(m)), s,
                           WorkspaceEnd(s), *places.back()});
      }
      const Arena& arena = plan_.arenas[m];
      SetBlocks(m, PlaceThoroughly(buffers, program_.memories[m].largest_allocation,
                                   arena.lower_bound, arena.block_bytes));
      for (size_t i = 0; i < places.size(); ++i) {
        places[i]->block = buffers[i].place.block;
        places[i]->offset = buffers[i].place.offset;
      }
    }
  }

  void CopyMerged() {
    for (uint32_t base : index_.arena_bases()) {
      if (owner_[base] != base) plan_.physical[base] = plan_.physical[owner_[base]];
      if (plan_.physical[base].block != kNone) plan_.physical[base].bytes = bytes_[base];
    }
    for (uint32_t s = 0; s < workspace_.size(); ++s) {
      if (plan_.workspace[s].block != kNone) plan_.workspace[s].bytes = workspace_[s].bytes;
    }
  }

  bool InStage(uint32_t step) const { return begin_ <= step && step < end_; }

  const Program& program_;
  const ProgramIndex& index_;
  const Stages& stages_;
  const uint32_t stage_, begin_, end_;  // the steps of the stage
  std::span<const WorkspaceRequest> workspace_;
  std::span<const uint64_t> bytes_;
  MemoryPlan& plan_;
  std::vector<uint32_t> owner_,
      last_;                  // by base: whose place it has; until when an owner's place is taken
  std::vector<bool> merged_;  // by base: its place was taken over
  std::vector<uint32_t> ending_, next_ending_;  // by step: owners that end there, as a list
  std::vector<uint64_t> alive_;                 // by memory
};

}  // namespace

Status PlanMemory(const Program& program, const ResolvedShapes&,
                  std::span<const WorkspaceRequest> workspace,
                  std::span<const uint64_t> physical_bytes, MemoryPlan* out_plan,
                  PlanEffort effort) {
  std::shared_ptr<const ProgramIndex> index = program.index;
  if (!index) index = std::make_shared<const ProgramIndex>(program);
  const bool thorough =
      effort == PlanEffort::kThorough || (effort == PlanEffort::kAuto && index->is_static());
  return Planner(program, *index, workspace, physical_bytes, 0, out_plan)
      .Run(thorough && index->stages().count == 1);
}

Status PlanStage(const Program& program, uint32_t stage,
                 std::span<const WorkspaceRequest> workspace,
                 std::span<const uint64_t> physical_bytes, MemoryPlan* plan) {
  std::shared_ptr<const ProgramIndex> index = program.index;
  if (!index) index = std::make_shared<const ProgramIndex>(program);
  return Planner(program, *index, workspace, physical_bytes, stage, plan).Run(false);
}

}  // namespace tenon::program

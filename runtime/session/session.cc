#include "session.h"

#include <algorithm>

#include "explanation.h"
#include "inspection.h"
#include "tenon/graph/file.h"
#include "tenon/program/lower.h"

namespace tenon::session {
namespace {

// Time since the last mark.
class StageClock {
 public:
  uint64_t Mark() {
    const uint64_t now = backend::ClockNs();
    return now - std::exchange(last_, now);
  }

 private:
  uint64_t last_ = backend::ClockNs();
};

}  // namespace

Session::~Session() { (void)EnableProfile(false); }

Result<std::shared_ptr<Session>> Session::Create(std::shared_ptr<const Model> model,
                                                 const SessionOptions& options) {
  std::shared_ptr<Session> session(new Session);
  session->model_ = std::move(model);
  TENON_RETURN_IF_ERROR(session->Load(options));
  return session;
}

Status Session::Load(const SessionOptions& options) {
  const uint64_t begin = backend::ClockNs();
  Runtime& runtime = *model_->runtime();
  StageClock clock;
  options_ = options;
  keep_stages_ = options.keep_stages;
  load_times_.import_ns = model_->import_ns();
  TENON_ASSIGN(UsedBackends used, LoadBackends(runtime, options));
  load_times_.backends_ns = clock.Mark();

  graph::Graph graph = model_->graph();
  for (const auto& file : graph.files) TENON_RETURN_IF_ERROR(file->Check());
  std::function<void(const char*, const graph::Graph&)> keep;
  if (keep_stages_) keep = [this](const char* stage, const graph::Graph& g) { stages_[stage] = g; };
  TENON_RETURN_IF_ERROR(Optimise(options, used, &graph, keep));
  groups_ = std::move(used.groups);
  backends_ = std::move(used.list);
  foreign_ = std::move(used.foreign);
  inputs_ = std::make_unique<ValueInfos>(graph, graph.inputs);
  outputs_ = std::make_unique<ValueInfos>(graph, graph.outputs);
  load_times_.passes_ns = clock.Mark();

  placement::Options placing;
  placing.backends = backends_;
  placing.numerics = options.numerics;
  placing.forbid_fallback = options.forbid_fallback;
  placing.deadline_ns =
      options.compile_timeout_ns != 0 ? backend::ClockNs() + options.compile_timeout_ns : 0;
  TENON_ASSIGN(placement::PlacedGraph placed, placement::Place(std::move(graph), placing));
  if (keep) keep("placed", placed.graph);
  load_times_.placement_ns = clock.Mark();

  TENON_ASSIGN(auto program, program::Lower(placed, &report_));
  rows_ = std::make_unique<PlacementRows>(report_, groups_);
  load_times_.lower_ns = clock.Mark();

  budget_ = std::make_shared<execution::ByteBudget>(options.budget_bytes);
  execution::ExecutableOptions executing;
  for (const auto& group : backends_.groups) {
    executing.backends.insert(executing.backends.end(), group.begin(), group.end());
  }
  executing.weights = runtime.weights();
  executing.quarantine = runtime.quarantine();
  executing.budget = budget_;
  executing.async = runtime.async();
  executing.foreign = foreign_;
  executing.files = model_->graph().files;
  executing.plan_cache_bytes = options.plan_cache_bytes;
  executing.drain_timeout_ns = options.drain_timeout_ns;
  executing.max_contexts = options.max_contexts;
  TENON_ASSIGN(executable_,
               execution::Executable::Create(std::move(program), std::move(executing)));
  load_times_.kernels_ns = clock.Mark();
  load_times_.load_ns = load_times_.import_ns + (backend::ClockNs() - begin);
  return Status();
}

std::unique_ptr<Session::OneOff> Session::TakeOneOff() {
  {
    std::lock_guard lock(mutex_);
    if (!one_offs_.empty()) {
      auto one_off = std::move(one_offs_.back());
      one_offs_.pop_back();
      return one_off;
    }
  }
  auto one_off = std::make_unique<OneOff>();
  one_off->binding = executable_->CreateBinding();
  return one_off;
}

void Session::ReturnOneOff(std::unique_ptr<OneOff> one_off) {
  one_off->binding->Reset();
  std::lock_guard lock(mutex_);
  if (one_offs_.size() >= executable_->options().max_contexts) return;
  try {
    one_offs_.push_back(std::move(one_off));
  } catch (const std::bad_alloc&) {  // a destructor calls this: the next one-off run makes its own
  }
}

Result<std::string> Session::Explain(tenon_format format) const {
  if (format == TENON_FORMAT_TEXT) return ExplainText(report_, groups_);
  if (format == TENON_FORMAT_JSON) return ExplanationJson(Describe(report_, groups_));
  return Status(Code::kInvalidArgument, "a placement report is text or JSON");
}

Result<std::string> Session::Inspect(std::string_view stage, tenon_format format) const {
  if (stage == "program" || (stage == "placed" && format == TENON_FORMAT_TEXT)) {
    if (format == TENON_FORMAT_ONNX)
      return Status(Code::kUnsupported, "the stage \"program\" is text or JSON");
    if (format == TENON_FORMAT_JSON) return executable_->ProgramJson();
    return stage == "program" ? executable_->program().Dump() : report_.Dump();
  }
  const auto found = stages_.find(stage);
  if (found != stages_.end()) {
    return InspectGraph(found->second, stage, *model_, options_, foreign_.get(), format);
  }
  static constexpr std::string_view kStages[] = {"imported", "canonical", "optimised", "placed"};
  if (std::ranges::find(kStages, stage) != std::end(kStages)) {
    return Status(Code::kFailedPrecondition, "the stage \"" + std::string(stage) +
                                                 "\" is kept with TENON_SESSION_KEEP_STAGES only");
  }
  return Status(Code::kNotFound,
                "there is no stage \"" + std::string(stage) +
                    "\": there are imported, canonical, optimised, placed, program");
}

}  // namespace tenon::session

#include "session.h"

#include <algorithm>

#include "foreign_operators.h"
#include "part.h"
#include "tenon/graph/file.h"
#include "tenon/passes/passes.h"
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
  keep_stages_ = options.keep_stages;
  load_times_.import_ns = model_->import_ns();
  TENON_RETURN_IF_ERROR(LoadBackends(options));
  load_times_.backends_ns = clock.Mark();

  graph::Graph graph = model_->graph();
  for (const auto& file : graph.files) TENON_RETURN_IF_ERROR(file->Check());
  TENON_RETURN_IF_ERROR(Optimise(options, &graph));
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
  KeepStage("placed", placed.graph);
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

Status Session::LoadBackends(const SessionOptions& options) {
  Runtime& runtime = *model_->runtime();
  if (options.backends.empty()) {
    groups_ = {runtime.DefaultGroup()};
    if (groups_[0].empty()) {
      return Status(Code::kNotFound,
                    "there is no backend that runs on the host: " +
                        std::to_string(runtime.backends().size()) +
                        " were found, none was loaded; name one (-b) or install one");
    }
  } else {
    TENON_ASSIGN(groups_, ParseBackendList(options.backends));
  }
  std::map<std::string, BackendOptions> settings;
  for (const std::string& text : options.backend_options) {
    TENON_ASSIGN(BackendSetting setting, ParseBackendSetting(text));
    const bool used = std::ranges::any_of(groups_, [&](const auto& group) {
      return std::ranges::find(group, setting.backend) != group.end();
    });
    if (!used) {
      return Status(Code::kInvalidArgument, "backend option \"" + text +
                                                "\": the session does not use backend \"" +
                                                setting.backend + "\"");
    }
    settings[setting.backend][setting.option] = setting.value;
  }
  std::vector<std::shared_ptr<backend::Backend>> all;
  for (const auto& group : groups_) {
    backends_.groups.emplace_back();
    for (const std::string& name : group) {
      TENON_ASSIGN(auto backend, runtime.Load(name, settings[name], options.threads));
      backends_.groups.back().push_back(backend);
      all.push_back(std::move(backend));
    }
  }
  foreign_ = std::make_shared<ForeignOperators>(std::move(all));
  return Status();
}

Status Session::Optimise(const SessionOptions& options, graph::Graph* graph) {
  KeepStage("imported", *graph);
  TENON_ASSIGN(const auto sizes, ParseDims(options.dims));
  if (!sizes.empty()) TENON_RETURN_IF_ERROR(passes::BindSymbols(*graph, sizes));
  passes::Options passing;
  passing.fold = options.fold;
  passing.foreign = foreign_.get();
  std::function<void(const passes::Pass&, const graph::Graph&)> after;
  if (keep_stages_) {
    after = [this](const passes::Pass& pass, const graph::Graph& g) {
      if (pass.name == "canonicalise") KeepStage("canonical", g);
    };
  }
  TENON_RETURN_IF_ERROR(passes::RunPipeline(*graph, passing, after));
  TENON_RETURN_IF_ERROR(TakePart(options.part_inputs, options.part_outputs, graph));
  if (options.all_outputs) AddAllOutputs(graph);
  KeepStage("optimised", *graph);
  return Status();
}

void Session::KeepStage(const char* stage, const graph::Graph& graph) {
  if (keep_stages_) stages_[stage] = graph;
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
  if (one_offs_.size() < executable_->options().max_contexts)
    one_offs_.push_back(std::move(one_off));
}

Result<std::string> Session::Explain(tenon_format format) const {
  if (format == TENON_FORMAT_TEXT) return ExplainText(report_, groups_);
  if (format == TENON_FORMAT_JSON) return ExplainJson(report_, groups_);
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
  if (found != stages_.end()) return InspectGraph(found->second, stage, format);
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

// tenon.h: sessions, what they tell, and one-off runs.
#include "api.h"
#include "explanation.h"
#include "inspection.h"

using namespace tenon;           // NOLINT
using namespace tenon::session;  // NOLINT

namespace {

Result<SessionOptions> ToOptions(const tenon_session_options* options) {
  const tenon_session_options given = ReadStruct(options);
  SessionOptions out;
  if (given.numerics > TENON_CLASS_FAST) {
    return Status(Code::kInvalidArgument,
                  "there is no numerics class " + std::to_string(given.numerics));
  }
  if (given.numerics != TENON_CLASS_DEFAULT) out.numerics = given.numerics - TENON_CLASS_STRICT;
  out.backends = OrEmpty(given.backends);
  out.backend_options = Strings(given.backend_options, given.backend_option_count);
  out.threads = given.threads;
  out.dims = Strings(given.dims, given.dim_count);
  out.forbid_fallback = given.fallback == TENON_FALLBACK_FORBID;
  out.keep_stages = (given.flags & TENON_SESSION_KEEP_STAGES) != 0;
  out.fold = (given.flags & TENON_SESSION_NO_FOLDING) == 0;
  if (given.max_contexts != 0) out.max_contexts = given.max_contexts;
  out.budget_bytes = given.budget_bytes;
  if (given.plan_cache_bytes != 0) out.plan_cache_bytes = given.plan_cache_bytes;
  if (given.drain_timeout_ns != 0) out.drain_timeout_ns = given.drain_timeout_ns;
  out.compile_timeout_ns = given.compile_timeout_ns;
  out.all_outputs = (given.flags & TENON_SESSION_ALL_OUTPUTS) != 0;
  out.part_inputs = Strings(given.part_inputs, given.part_input_count);
  out.part_outputs = Strings(given.part_outputs, given.part_output_count);
  return out;
}

Status Open(Result<std::shared_ptr<const Model>> model, const tenon_session_options* options,
            tenon_session** out_session) {
  TENON_ASSIGN(auto imported, std::move(model));
  TENON_ASSIGN(const SessionOptions read, ToOptions(options));
  TENON_ASSIGN(auto session, Session::Create(std::move(imported), read));
  *out_session = new tenon_session{std::move(session)};
  return Status();
}

Result<uint32_t> FindValue(const ValueInfos& values, const char* what, const char* name) {
  const uint32_t index = values.Find(name);
  if (index != UINT32_MAX) return index;
  return Status(Code::kNotFound, "the model has no " + std::string(what) + " \"" + name +
                                     "\": it has " + values.Names());
}

// Sets tensors of one run and gives back the binding at the end.
class OneRun {
 public:
  explicit OneRun(std::shared_ptr<Session> session)
      : session_(std::move(session)), state_(session_->TakeOneOff()), binding_(*state_->binding) {}
  ~OneRun() { session_->ReturnOneOff(std::move(state_)); }

  Status Bind(const char* const* input_names, tenon_tensor* const* inputs, uint32_t input_count,
              const char* const* output_names, tenon_tensor* const* outputs,
              uint32_t output_count) {
    const size_t wanted = session_->inputs().infos().size();
    if (input_count != wanted) {
      return Status(Code::kInvalidArgument, "the model has " + std::to_string(wanted) +
                                                " inputs (" + session_->inputs().Names() +
                                                "), got " + std::to_string(input_count));
    }
    for (uint32_t i = 0; i < input_count; ++i) {
      TENON_REQUIRE(inputs[i]);
      TENON_ASSIGN(const uint32_t index, IndexOf(session_->inputs(), "input", input_names, i));
      TENON_RETURN_IF_ERROR(binding_.SetInput(index, inputs[i]->impl));
    }
    std::vector<uint8_t>& listed = state_->listed;
    listed.assign(session_->outputs().infos().size(), 0);
    state_->outputs.clear();
    for (uint32_t o = 0; o < output_count; ++o) {
      TENON_ASSIGN(const uint32_t index, IndexOf(session_->outputs(), "output", output_names, o));
      if (listed[index]) {
        return Status(Code::kInvalidArgument,
                      "output \"" + std::string(session_->outputs().infos()[index]->name) +
                          "\" is listed twice");
      }
      listed[index] = 1;
      state_->outputs.push_back(index);
      if (outputs[o] != nullptr) TENON_RETURN_IF_ERROR(binding_.SetOutput(index, outputs[o]->impl));
    }
    for (uint32_t o = 0; o < listed.size(); ++o) {
      if (!listed[o]) TENON_RETURN_IF_ERROR(binding_.SkipOutput(o));
    }
    return Status();
  }

  Status Run(const tenon_run_options& options) {
    execution::RunTimes times;
    Status status = binding_.Run(ToRunOptions(options, &times));
    WriteTimes(options.times, times);
    return status;
  }

  Status Give(tenon_tensor** outputs) {
    const std::vector<uint32_t>& indices = state_->outputs;
    if (std::count(outputs, outputs + indices.size(), nullptr) == 0) return Status();
    std::vector<std::unique_ptr<tenon_tensor>> made(indices.size());
    for (size_t o = 0; o < indices.size(); ++o) {
      if (outputs[o] != nullptr) continue;
      TENON_ASSIGN(auto tensor, binding_.GetOutput(indices[o]));
      made[o].reset(new tenon_tensor{session_, std::move(tensor)});
    }
    for (size_t o = 0; o < indices.size(); ++o) {
      if (made[o]) outputs[o] = made[o].release();
    }
    return Status();
  }

 private:
  static Result<uint32_t> IndexOf(const ValueInfos& values, const char* what,
                                  const char* const* names, uint32_t i) {
    if (names != nullptr) return FindValue(values, what, names[i]);
    if (i < values.infos().size()) return i;
    return Status(Code::kInvalidArgument,
                  "the model has " + std::to_string(values.infos().size()) + " " + what + "s");
  }
  std::shared_ptr<Session> session_;
  std::unique_ptr<Session::OneOff> state_;
  execution::Binding& binding_;
};

}  // namespace

tenon_status tenon_session_create(tenon_model* model, const tenon_session_options* options,
                                  tenon_session** out_session) {
  return Guard([&] {
    TENON_REQUIRE(model);
    return Open(model->impl, options, out_session);
  });
}

tenon_status tenon_session_open_file(tenon_runtime* runtime, const char* path,
                                     const tenon_session_options* options,
                                     tenon_session** out_session) {
  return Guard([&] {
    TENON_REQUIRE(runtime);
    TENON_REQUIRE(path);
    return Open(Model::OpenFile(runtime->impl, path, {}), options, out_session);
  });
}

tenon_status tenon_session_open_memory(tenon_runtime* runtime, const void* data, uint64_t size,
                                       const tenon_session_options* options,
                                       tenon_session** out_session) {
  return Guard([&] {
    TENON_REQUIRE(runtime);
    if (size != 0) TENON_REQUIRE(data);
    return Open(Model::OpenMemory(runtime->impl, data, size, false, {}), options, out_session);
  });
}

void tenon_session_release(tenon_session* session) { delete session; }

void tenon_session_inputs(const tenon_session* session, const tenon_value_info* const** out_infos,
                          uint32_t* out_count) {
  *out_infos = session->impl->inputs().infos().data();
  *out_count = static_cast<uint32_t>(session->impl->inputs().infos().size());
}
void tenon_session_outputs(const tenon_session* session, const tenon_value_info* const** out_infos,
                           uint32_t* out_count) {
  *out_infos = session->impl->outputs().infos().data();
  *out_count = static_cast<uint32_t>(session->impl->outputs().infos().size());
}
void tenon_session_metadata(const tenon_session* session, const char* const** out_pairs,
                            uint32_t* out_count) {
  *out_pairs = session->impl->model().metadata().pairs().data();
  *out_count = static_cast<uint32_t>(session->impl->model().metadata().pairs().size() / 2);
}

tenon_status tenon_session_find_input(const tenon_session* session, const char* name,
                                      uint32_t* out_index) {
  return Guard([&]() -> Status {
    TENON_REQUIRE(session);
    TENON_REQUIRE(name);
    TENON_ASSIGN(*out_index, FindValue(session->impl->inputs(), "input", name));
    return Status();
  });
}
tenon_status tenon_session_find_output(const tenon_session* session, const char* name,
                                       uint32_t* out_index) {
  return Guard([&]() -> Status {
    TENON_REQUIRE(session);
    TENON_REQUIRE(name);
    TENON_ASSIGN(*out_index, FindValue(session->impl->outputs(), "output", name));
    return Status();
  });
}

tenon_status tenon_session_run(tenon_session* session, const tenon_run_options* options,
                               const char* const* input_names, tenon_tensor* const* inputs,
                               uint32_t input_count, const char* const* output_names,
                               tenon_tensor** outputs, uint32_t output_count) {
  return Guard([&]() -> Status {
    TENON_REQUIRE(session);
    OneRun run(session->impl);
    TENON_RETURN_IF_ERROR(
        run.Bind(input_names, inputs, input_count, output_names, outputs, output_count));
    TENON_RETURN_IF_ERROR(run.Run(ReadStruct(options)));
    return run.Give(outputs);
  });
}

void tenon_session_placement(const tenon_session* session,
                             const tenon_placement_row* const** out_rows, uint32_t* out_count) {
  *out_rows = session->impl->placement().rows().data();
  *out_count = static_cast<uint32_t>(session->impl->placement().rows().size());
}
tenon_status tenon_session_explain(tenon_session* session, tenon_format format,
                                   tenon_blob** out_blob) {
  return Guard([&] {
    TENON_REQUIRE(session);
    return MakeBlob(session->impl->Explain(format), out_blob);
  });
}
tenon_status tenon_model_inspect_stage(tenon_model* model, const char* stage,
                                       const tenon_session_options* options, tenon_format format,
                                       tenon_blob** out_blob) {
  return Guard([&]() -> Status {
    TENON_REQUIRE(model);
    TENON_REQUIRE(stage);
    TENON_ASSIGN(const SessionOptions read, ToOptions(options));
    return MakeBlob(InspectModel(*model->impl, stage, read, format), out_blob);
  });
}
tenon_status tenon_model_explain(tenon_model* model, const tenon_session_options* options,
                                 const char* profile, tenon_format format, tenon_blob** out_blob) {
  return Guard([&]() -> Status {
    TENON_REQUIRE(model);
    TENON_ASSIGN(const SessionOptions read, ToOptions(options));
    return MakeBlob(ExplainModel(*model->impl, read, OrEmpty(profile), format), out_blob);
  });
}
tenon_status tenon_session_inspect(tenon_session* session, const char* stage, tenon_format format,
                                   tenon_blob** out_blob) {
  return Guard([&] {
    TENON_REQUIRE(session);
    TENON_REQUIRE(stage);
    return MakeBlob(session->impl->Inspect(stage, format), out_blob);
  });
}
tenon_status tenon_session_profile_enable(tenon_session* session, int32_t on) {
  return Guard([&] {
    TENON_REQUIRE(session);
    return session->impl->EnableProfile(on != 0);
  });
}
tenon_status tenon_session_profile(tenon_session* session, tenon_blob** out_blob) {
  return Guard([&] {
    TENON_REQUIRE(session);
    return MakeBlob(session->impl->Profile(), out_blob);
  });
}

void tenon_session_statistics(tenon_session* session, tenon_session_stats* out_stats) {
  const Session& s = *session->impl;
  const execution::ExecutionStatistics run = s.executable()->statistics();
  const LoadTimes& load = s.load_times();
  tenon_session_stats out{};
  out.node_count = static_cast<uint32_t>(s.executable()->program().nodes.size());
  out.step_count = static_cast<uint32_t>(s.executable()->program().steps.size());
  out.plan_count = static_cast<uint32_t>(run.plan_count);
  out.import_ns = load.import_ns;
  out.backends_ns = load.backends_ns;
  out.passes_ns = load.passes_ns;
  out.placement_ns = load.placement_ns;
  out.lower_ns = load.lower_ns;
  out.kernels_ns = load.kernels_ns;
  out.load_ns = load.load_ns;
  out.first_run_ns = run.first_run_ns;
  out.first_run_plan_ns = run.first_run_plan_ns;
  out.first_run_kernel_ns = run.first_run_kernel_ns;
  out.arena_bytes = run.arena_bytes;
  out.arena_lower_bound_bytes = run.arena_lower_bound_bytes;
  out.constant_bytes = run.constant_bytes;
  out.prepacked_bytes = run.prepacked_bytes;
  out.uploaded_bytes = run.uploaded_bytes;
  out.budget_bytes = s.budget().limit();
  out.charged_bytes = s.budget().charged();
  out.peak_bytes = s.budget().peak();
  out.run_count = run.run_count;
  out.failed_count = run.failed_count;
  out.replan_count = run.replan_count;
  out.plan_bytes = run.plan_bytes;
  out.copy_count = run.copies.count;
  out.copied_bytes = run.copies.bytes;
  WriteStruct(out_stats, out);
}

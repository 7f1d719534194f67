// tenon profile: where the time of a run goes, by node and by operator.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <numeric>

#include "checks.h"
#include "files.h"
#include "host_peak.h"
#include "profile_rows.h"
#include "session_flags.h"
#include "table.h"
#include "trace.h"
#include "verbs.h"

namespace tenon::tools {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

struct ProfileFlags : SessionFlags {
  uint64_t runs = 0;
  double seconds = 2;
  std::string by = "node";
  size_t top = 20;
  std::string trace;
};

double Mean(const std::vector<double>& samples) {
  return std::accumulate(samples.begin(), samples.end(), 0.0) / static_cast<double>(samples.size());
}

struct Measured {
  std::vector<double> plain, profiled;  // seconds of runs, without and with profiling
  std::string profile;                  // of the session
};

// Runs until `seconds` are over and `least` runs are done; exactly `runs` where that is not 0.
void Measure(Binding& binding, double seconds, uint64_t least, uint64_t runs,
             std::vector<double>* samples) {
  double spent = 0;
  for (uint64_t done = 0; runs != 0 ? done < runs : done < least || spent < seconds; ++done) {
    const auto begin = Clock::now();
    binding.Run();
    samples->push_back(std::chrono::duration<double>(Clock::now() - begin).count());
    spent += samples->back();
  }
}

// Half of the runs without profiling come before those with it, half behind, so that a machine that gets slower or faster
// is in both.
Measured MeasureBoth(const Session& session, Binding& binding, const ProfileFlags& flags) {
  Measured measured;
  Progress("profile: warming up");
  std::vector<double> dropped;
  Measure(binding, flags.runs != 0 ? 0 : flags.seconds / 10, 1, 0, &dropped);
  Progress("profile: runs without profiling");
  Measure(binding, flags.seconds / 4, 2, (flags.runs + 1) / 2, &measured.plain);
  Progress("profile: runs with profiling");
  session.EnableProfile(true);
  Measure(binding, flags.seconds / 2, 3, flags.runs, &measured.profiled);
  measured.profile = session.Profile();
  session.EnableProfile(false);
  Progress("profile: runs without profiling");
  Measure(binding, flags.seconds / 4, 2, (flags.runs + 1) / 2, &measured.plain);
  Progress("");
  return measured;
}

// The host's measured peak for devices that compute on it, what others say of themselves.
std::map<std::pair<std::string, uint32_t>, DevicePeak> PeaksOf(const Runtime& runtime,
                                                               const HostPeak& host) {
  std::map<std::pair<std::string, uint32_t>, DevicePeak> peaks;
  peaks[{"host", 0}] = {host.gflops, host.gbytes};
  for (const tenon_backend_info* info : runtime.backends()) {
    for (uint32_t d = 0; d < info->device_count; ++d) {
      const tenon_device_info& device = *info->devices[d];
      peaks[{info->name, device.id}] = device.kind == TENON_DEVICE_HOST
                                           ? DevicePeak{host.gflops, host.gbytes}
                                           : DevicePeak{device.gflops, device.gbytes};
    }
  }
  return peaks;
}

Json RowJson(const ProfileRow& row, bool of_operator) {
  Json json = {{"op", row.op}, {"backend", row.backend}, {"kernel", row.kernel}};
  if (!of_operator) {
    json.update({{"node", row.node},
                 {"parent", row.parent},
                 {"branch", row.branch},
                 {"value", row.value},
                 {"inputs", row.inputs},
                 {"outputs", row.outputs},
                 {"min_ms", row.least_seconds * 1e3}});
  }
  json.update({{"nodes", row.nodes},
               {"calls", row.calls},
               {"ms", row.seconds * 1e3},
               {"share", row.share},
               {"flops", row.flops},
               {"bytes", row.bytes},
               {"gflops", row.Gflops()},
               {"gbytes", row.Gbytes()},
               {"gflops_of_peak", row.peak.gflops > 0 ? Json(row.FlopsShare()) : Json()},
               {"gbytes_of_peak", row.peak.gbytes > 0 ? Json(row.BytesShare()) : Json()}});
  return json;
}

Json ProfileJson(const ProfileFlags& flags, const HostPeak& host, const Measured& measured,
                 const ProfileTable& table, uint32_t threads) {
  Json nodes = Json::array(), operators = Json::array();
  for (const ProfileRow& row : table.steps) nodes.push_back(RowJson(row, false));
  for (const ProfileRow& row : table.operators) operators.push_back(RowJson(row, true));
  return {{"version", 1},
          {"model", flags.model},
          {"threads", threads},
          {"runs", table.runs},
          {"run_ms",
           {{"without_profiling", Mean(measured.plain) * 1e3},
            {"with_profiling", Mean(measured.profiled) * 1e3},
            {"steps", table.seconds * 1e3}}},
          {"asynchronous", table.asynchronous},
          {"host_peak",
           {{"gflops", host.gflops},
            {"gbytes", host.gbytes},
            {"isa", host.isa},
            {"threads", host.threads},
            {"buffer_bytes", host.buffer_bytes}}},
          {"nodes", std::move(nodes)},
          {"operators", std::move(operators)},
          {"events_left_out", table.events_left_out},
          {"device_events_left_out", table.device_events_left_out}};
}

// The front gives way: ends of names tell nodes apart.
std::string Shorten(const std::string& text, size_t width) {
  return text.size() <= width ? text : ".." + text.substr(text.size() - width + 2);
}

// The nearer roof of the roofline: what the step's time is at least bound by.
std::string OfPeak(const ProfileRow& row) {
  const double flops = row.FlopsShare(), bytes = row.BytesShare();
  if (flops == 0 && bytes == 0) return "";
  return Percent(std::max(flops, bytes)) + (flops >= bytes ? " flop" : " mem");
}

std::string Rate(double rate) {
  if (rate > 0 && rate < 0.005) return "<0.01";
  return rate == 0 ? "" : fmt::format("{:.{}f}", rate, rate < 9.995 ? 2 : rate < 99.95 ? 1 : 0);
}

struct Layout {
  bool by_operator, one_backend, narrow;
  size_t name_width;

  std::string Where(const ProfileRow& row) const {
    if (row.kernel.empty() || (narrow && !one_backend)) return row.backend;
    return Shorten((one_backend ? "" : row.backend + ".") + row.kernel, 28);
  }
  std::string Name(const ProfileRow& row) const {
    if (by_operator) return "";
    if (row.op == "(segment)") {
      const std::string more = fmt::format(" + {} more", row.nodes - 1);
      return Shorten(row.node, name_width - std::min(more.size(), name_width / 2)) + more;
    }
    return Shorten(row.node.empty() ? row.value : row.node, name_width);
  }
};

std::vector<std::string> Cells(const ProfileRow& row, const Layout& layout) {
  const bool calls = layout.by_operator || row.calls != 1;
  return {layout.Name(row),
          layout.by_operator || layout.narrow ? "" : Shorten(row.parent, layout.name_width / 2),
          row.op,
          layout.Where(row),
          calls ? fmt::format("{:g}", row.calls) : "",
          Seconds(row.seconds),
          Percent(row.share),
          Rate(row.Gflops()),
          Rate(row.Gbytes()),
          OfPeak(row)};
}

std::string TableText(const ProfileTable& table, const ProfileFlags& flags, size_t width,
                      size_t name_width) {
  const bool one_backend = std::ranges::all_of(table.operators, [&](const ProfileRow& row) {
    return row.backend == table.operators[0].backend;
  });
  const Layout layout = {flags.by == "op", one_backend, width < 100, name_width};
  const std::vector<ProfileRow>& rows = layout.by_operator ? table.operators : table.steps;
  const char* where = one_backend ? "kernel" : layout.narrow ? "backend" : "backend.kernel";
  Table text({"node", "in", "op", where, "calls", "time", "share", "GFLOP/s", "GB/s", "of peak"},
             "llllrrrrrr");
  const size_t shown = flags.top == 0 ? rows.size() : std::min(flags.top, rows.size());
  for (size_t i = 0; i < shown; ++i) text.Add(Cells(rows[i], layout));
  std::string out = text.Text();
  if (shown == rows.size()) return out;
  double rest = 0;
  for (size_t i = shown; i < rows.size(); ++i) rest += rows[i].share;
  return out + fmt::format("and {} more, {} of the time (--top 0 shows all)\n", rows.size() - shown,
                           Percent(rest));
}

void PrintText(const ProfileFlags& flags, const HostPeak& host, const Measured& measured,
               const ProfileTable& table, uint32_t threads) {
  // Names get what the width leaves them.
  const size_t terminal = TerminalWidth();
  const size_t width = terminal == 0 ? 120 : std::max<size_t>(terminal, 60);
  size_t names = 60;
  std::string text = TableText(table, flags, width, names);
  for (; names > 12; names -= 4) {
    size_t widest = 0;
    for (size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
      widest = std::max(widest, text.find('\n', at) - at);
    if (widest <= width) break;
    text = TableText(table, flags, width, names - 4);
  }
  const double plain = Mean(measured.plain);
  fmt::print("{}\n", text);
  fmt::print("run       {}, with profiling {} ({} and {} runs)\n", Seconds(plain),
             Seconds(Mean(measured.profiled)), measured.plain.size(), measured.profiled.size());
  fmt::print("steps     {} together, {:.0f} % of a run\n", Seconds(table.seconds),
             100 * table.seconds / plain);
  fmt::print("peak      {:.0f} GFLOP/s ({}), {:.1f} GB/s (reads of {}), {} thread{}\n", host.gflops,
             host.isa, host.gbytes, Bytes(static_cast<double>(host.buffer_bytes)), threads,
             threads == 1 ? "" : "s");
  if (table.asynchronous)
    fmt::print("note      devices are waited for behind each step: nothing overlaps\n");
  if (std::abs(table.seconds / plain - 1) > 0.1)
    fmt::print("note      the steps are not a run's time: compare them with each other only\n");
  if (!flags.trace.empty() && table.events_left_out + table.device_events_left_out > 0) {
    fmt::print("note      the trace has the first runs: {} events, {} of devices left out\n",
               table.events_left_out, table.device_events_left_out);
  }
}

int Profile(const ProfileFlags& flags) {
  if (!flags.trace.empty()) CheckWritable("--trace", flags.trace);
  CheckOutputs(flags, {{"--trace", flags.trace}});
  const OpenedSession opened = Open(flags);
  std::vector<HostTensor> inputs = MakeInputs(*opened.session, flags);
  Binding binding(*opened.session);
  for (uint32_t i = 0; i < inputs.size(); ++i) binding.SetInput(i, inputs[i].Wrap());
  Measured measured;
  try {
    binding.Run();
    measured = MeasureBoth(*opened.session, binding, flags);
  } catch (const Error& error) {
    Progress("");
    RethrowRunError(error, *opened.session, flags, inputs);
  }
  CheckViolations(*opened.runtime);
  const uint32_t threads = flags.threads ? flags.threads : opened.runtime->threads();
  Progress("profile: the host's peak");
  const HostPeak host = MeasureHostPeak(threads);
  Progress("");
  const ProfileTable table = ReadProfile(measured.profile, PeaksOf(*opened.runtime, host));
  if (!flags.trace.empty()) {
    const std::string trace = TraceOf(measured.profile, flags.model);
    WriteFile(flags.trace, "", trace.data(), trace.size());
  }
  if (flags.json) {
    PrintJson(ProfileJson(flags, host, measured, table, threads));
  } else {
    PrintText(flags, host, measured, table, threads);
  }
  ReportFallback(*opened.session);
  return kOk;
}

}  // namespace

void AddProfile(CLI::App& app, Action& action) {
  CLI::App* verb = app.add_subcommand("profile", "Tells where the time of a run goes");
  auto flags = std::make_shared<ProfileFlags>();
  flags->AddTo(*verb, true);
  verb->add_option("--threads", flags->threads, "Threads that compute; 0: one for each core");
  CLI::Option* runs =
      verb->add_option("--runs", flags->runs, "Runs with profiling, and about as many without")
          ->check(Between(1, 1'000'000));
  verb->add_option("--seconds", flags->seconds, "How long to measure, half of it without profiling")
      ->capture_default_str()
      ->check(Between(0, 86400))
      ->excludes(runs);
  verb->add_option("--by", flags->by, "Rows: node or op")
      ->capture_default_str()
      ->check(OneOf({"node", "op"}));
  verb->add_option("--top", flags->top, "Rows that are shown; 0: all")
      ->capture_default_str()
      ->check(Between(0, 1e9));
  verb->add_option("--trace", flags->trace,
                   "Writes the runs with profiling as a trace for ui.perfetto.dev")
      ->type_name("FILE");
  verb->footer(
      "Times are means of a run; a node with subgraphs is without the nodes in them, which have "
      "rows of their own. FLOPs and bytes are the operators' own: a multiply-add is two, each "
      "input and output moves once. \"of peak\" is the nearer bound, of operations (flop) or of "
      "bytes (mem), as measured on this host for float32; what lies in a cache can exceed the "
      "memory's. Where it misleads: nodes run one after the other (asynchronous devices can't "
      "overlap), what one leaves in the caches is the next one's gain, and less than a microsecond "
      "is partly the timer. The line \"steps\" says how much all that is.\n"
      "Example: tenon profile resnet50.onnx --by op --trace resnet50.json");
  verb->callback([flags, &action] { action = [flags] { return Profile(*flags); }; });
}

}  // namespace tenon::tools

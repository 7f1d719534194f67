// A session's profile as a trace in the Trace Event Format, which Perfetto and chrome://tracing open.
#pragma once

#include <string>

namespace tenon::tools {

// `profile` is the JSON of tenon_session_profile. The host and each backend are a process of the trace; a thread that ran
// steps is a track in each, a device's own events are on tracks of their own, with an arrow from the step that caused
// them. Times are microseconds from the first event on.
std::string TraceOf(const std::string& profile, const std::string& model);

}  // namespace tenon::tools

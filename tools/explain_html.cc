#include "explain_report.h"

namespace tenon::tools {
std::string ExplainHtml(const ExplainJson&) { return ""; }
}  // namespace tenon::tools

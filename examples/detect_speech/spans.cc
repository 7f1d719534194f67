#include "spans.h"

#include <algorithm>
#include <optional>

namespace detect_speech {
namespace {

// Where speech goes on until the probability has been low for long enough.
std::vector<Span> CoreSpans(const std::vector<float>& probabilities, int64_t frame, int64_t length,
                            int rate, const SpanOptions& options) {
  const double min_speech = rate * options.min_speech_ms / 1000.0,
               min_silence = rate * options.min_silence_ms / 1000.0;
  const double low = std::max(options.threshold - 0.15, 0.01);
  std::vector<Span> spans;
  std::optional<int64_t> begin, quiet_since;
  const auto end_at = [&](int64_t end) {
    if (static_cast<double>(end - *begin) > min_speech) spans.push_back({*begin, end});
    begin.reset();
    quiet_since.reset();
  };
  for (size_t i = 0; i < probabilities.size(); ++i) {
    const int64_t now = frame * static_cast<int64_t>(i);
    const double probability = static_cast<double>(probabilities[i]);
    if (probability >= options.threshold) {
      quiet_since.reset();
      if (!begin) begin = now;
    } else if (begin && probability < low) {
      if (!quiet_since) quiet_since = now;
      if (static_cast<double>(now - *quiet_since) >= min_silence) end_at(*quiet_since);
    }
  }
  if (begin) end_at(length);
  return spans;
}

}  // namespace

std::vector<Span> FindSpans(const std::vector<float>& probabilities, int64_t frame, int64_t length,
                            int rate, const SpanOptions& options) {
  std::vector<Span> spans = CoreSpans(probabilities, frame, length, rate, options);
  const int64_t pad = static_cast<int64_t>(rate) * options.pad_ms / 1000;
  for (size_t i = 0; i < spans.size(); ++i) {
    if (i == 0) spans[i].begin = std::max<int64_t>(0, spans[i].begin - pad);
    if (i + 1 == spans.size()) {
      spans[i].end = std::min(length, spans[i].end + pad);
      continue;
    }
    // Where two pads don't fit into the gap, it is shared.
    const int64_t gap = spans[i + 1].begin - spans[i].end;
    const int64_t share = gap < 2 * pad ? gap / 2 : pad;
    spans[i].end = std::min(length, spans[i].end + share);
    spans[i + 1].begin = std::max<int64_t>(0, spans[i + 1].begin - share);
  }
  return spans;
}

}  // namespace detect_speech

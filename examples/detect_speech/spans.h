// From probabilities to the spans of time in which somebody speaks.
#pragma once

#include <cstdint>
#include <vector>

namespace detect_speech {

struct SpanOptions {
  double threshold = 0.5;    // speech begins at this probability and ends at 0.15 less
  int min_speech_ms = 250;   // shorter spans are dropped
  int min_silence_ms = 100;  // shorter gaps are no gaps
  int pad_ms = 30;           // added to both ends of a span
};

struct Span {
  int64_t begin = 0, end = 0;  // in samples
  friend bool operator==(const Span&, const Span&) = default;
};

// One probability for each frame of `frame` samples, of a sound of `length` samples, `rate` a second. The result is that
// of silero_vad's get_speech_timestamps.
std::vector<Span> FindSpans(const std::vector<float>& probabilities, int64_t frame, int64_t length,
                            int rate, const SpanOptions& options);

}  // namespace detect_speech

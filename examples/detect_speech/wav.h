// Sound from WAV files.
#pragma once

#include <string>
#include <vector>

namespace detect_speech {

// One channel, in -1..1.
struct Sound {
  int rate = 0;  // samples a second
  std::vector<float> samples;
};

// A RIFF file with 16-bit PCM; several channels are mixed. Throws std::runtime_error, which says what is expected.
Sound LoadWav(const std::string& path);

}  // namespace detect_speech

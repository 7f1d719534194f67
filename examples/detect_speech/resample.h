// Another rate for a sound.
#pragma once

#include "wav.h"

namespace detect_speech {

// By a sinc of six zero crossings in a Hann window, with the low pass at 99 % of the lower rate's band: what
// torchaudio.functional.resample does (Smith, Digital Audio Resampling, https://ccrma.stanford.edu/~jos/resample).
Sound Resampled(const Sound& sound, int rate);

}  // namespace detect_speech

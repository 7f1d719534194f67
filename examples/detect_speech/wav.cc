#include "wav.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <span>
#include <stdexcept>

namespace detect_speech {
namespace {

using Bytes = std::span<const uint8_t>;

uint32_t Little(Bytes bytes, size_t at, size_t width) {
  uint32_t value = 0;
  for (size_t i = 0; i < width; ++i) value |= static_cast<uint32_t>(bytes[at + i]) << (8 * i);
  return value;
}

bool Says(Bytes bytes, size_t at, const char* four) {
  return bytes.size() >= at + 4 && std::memcmp(bytes.data() + at, four, 4) == 0;
}

std::vector<uint8_t> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + ": " + std::strerror(errno));
  std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(file),
                             std::istreambuf_iterator<char>()};
  if (file.bad()) throw std::runtime_error(path + ": can't be read; expected a WAV file");
  return bytes;
}

[[noreturn]] void Refuse(const std::string& path, const std::string& why) {
  throw std::runtime_error(path + ": " + why +
                           "; expected a WAV file with 16-bit PCM (ffmpeg -i INPUT -c:a "
                           "pcm_s16le OUTPUT.wav makes one)");
}

// The content of a chunk. Programs that write into a pipe don't know its size ahead and say about 2 GiB or more: it is then
// what the file has.
Bytes FindChunk(Bytes file, const std::string& path, const std::string& name) {
  constexpr size_t kUnknownSize = 0x7fff0000;
  for (size_t at = 12; at + 8 <= file.size();) {
    const size_t size = Little(file, at + 4, 4), left = file.size() - at - 8;
    if (Says(file, at, name.c_str())) {
      if (size > left && size < kUnknownSize)
        Refuse(path, "it was cut: of the " + std::to_string(size) + " bytes of \"" + name +
                         "\" it has " + std::to_string(left));
      return file.subspan(at + 8, std::min(size, left));
    }
    at += 8 + size + size % 2;
  }
  Refuse(path, "it has no \"" + name + '"');
}

}  // namespace

Sound LoadWav(const std::string& path) {
  const std::vector<uint8_t> file = ReadFile(path);
  const auto refuse = [&path](const std::string& why) { Refuse(path, why); };
  if (!Says(file, 0, "RIFF") || !Says(file, 8, "WAVE")) refuse("not a WAV file");
  const Bytes format = FindChunk(file, path, "fmt "), data = FindChunk(file, path, "data");
  if (format.size() < 16) refuse("its format is cut");
  constexpr uint32_t kPcm = 1, kExtensible = 0xfffe;
  uint32_t coding = Little(format, 0, 2);
  if (coding == kExtensible && format.size() >= 26) coding = Little(format, 24, 2);
  const uint32_t channels = Little(format, 2, 2), rate = Little(format, 4, 4),
                 bits = Little(format, 14, 2);
  if (coding != kPcm) refuse("coding " + std::to_string(coding) + " instead of 1 (PCM)");
  if (bits != 16) refuse(std::to_string(bits) + " bits a sample");
  if (channels == 0) refuse("no channels");
  if (rate < 4000 || rate > 384000)
    refuse(std::to_string(rate) + " Hz, which is not between 4000 and 384000");
  Sound sound{static_cast<int>(rate), std::vector<float>(data.size() / (2 * channels))};
  for (size_t i = 0; i < sound.samples.size(); ++i) {
    float sum = 0;
    for (size_t c = 0; c < channels; ++c)
      sum += static_cast<float>(static_cast<int16_t>(Little(data, 2 * (i * channels + c), 2)));
    sound.samples[i] = sum / (32768.0f * static_cast<float>(channels));
  }
  return sound;
}

}  // namespace detect_speech

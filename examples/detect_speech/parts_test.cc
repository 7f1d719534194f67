// The steps around the model. The numbers come from silero-vad 6.2.3 and from torchaudio.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "options.h"
#include "resample.h"
#include "spans.h"
#include "wav.h"

namespace detect_speech {
namespace {

// Probabilities that jump now and then and tremble in between.
std::vector<float> Probabilities(uint32_t seed, int count) {
  std::vector<float> out;
  int level = 0;
  for (int i = 0; i < count; ++i) {
    seed = (seed * 1103515245u + 12345u) % 0x80000000u;
    if ((seed >> 16) % 9 == 0) level = static_cast<int>((seed >> 20) % 101);
    out.push_back(static_cast<float>(
        std::clamp(level + static_cast<int>((seed >> 12) % 21) - 10, 0, 100) / 100.0));
  }
  return out;
}

TEST(SpansTest, AsSilero) {
  using Spans = std::vector<Span>;
  EXPECT_EQ(FindSpans(Probabilities(1, 60), 512, 60 * 512 - 100, 16000, {}),
            (Spans{{4128, 12768}, {21024, 30620}}));
  EXPECT_EQ(FindSpans(Probabilities(2, 60), 512, 60 * 512 - 100, 16000,
                      {.threshold = 0.7, .min_speech_ms = 64, .min_silence_ms = 64}),
            (Spans{{22560, 27616}}));
  EXPECT_EQ(FindSpans(Probabilities(3, 80), 256, 80 * 256 - 100, 8000,
                      {.min_silence_ms = 32, .pad_ms = 200}),
            (Spans{{192, 8000}, {15808, 20380}}));
  EXPECT_EQ(FindSpans(Probabilities(4, 40), 512, 40 * 512 - 100, 16000,
                      {.min_speech_ms = 0, .min_silence_ms = 0, .pad_ms = 0}),
            (Spans{{7680, 11776}, {15360, 20380}}));
  EXPECT_TRUE(FindSpans({}, 512, 0, 16000, {}).empty());
}

TEST(ResampleTest, AsTorchaudio) {
  Sound sound{0, {}};
  for (int i = 0; i < 40; ++i)
    sound.samples.push_back(static_cast<float>((i * i * 7 + i * 3) % 41 - 20) / 20);
  const struct {
    int rate;
    size_t size;
    std::vector<float> first;
    float last;
  } cases[] = {{8000,
                80,
                {-0.99449f, -0.98594f, -0.5074f, 0.12113f, 0.70976f, 0.99086f, 0.53759f, -0.44868f},
                0.09288f},
               {44100,
                15,
                {-0.35533f, 0.07063f, 0.1234f, 0.36751f, 0.10819f, 0.30102f, 0.2351f, 0.08501f},
                -0.1847f},
               {22050,
                30,
                {-0.93275f, 0.02126f, 0.62234f, -0.61606f, 0.3031f, 0.61245f, -0.0044f, 0.43796f},
                0.08336f},
               {48000,
                14,
                {-0.31078f, 0.04623f, 0.19763f, 0.30949f, 0.12494f, 0.34736f, 0.10911f, -0.00268f},
                -0.16886f}};
  for (const auto& want : cases) {
    sound.rate = want.rate;
    const Sound got = Resampled(sound, 16000);
    ASSERT_EQ(got.samples.size(), want.size) << want.rate;
    for (size_t i = 0; i < want.first.size(); ++i)
      EXPECT_NEAR(got.samples[i], want.first[i], 1e-5) << want.rate << ' ' << i;
    EXPECT_NEAR(got.samples.back(), want.last, 1e-5) << want.rate;
  }
  EXPECT_TRUE(Resampled({44100, {}}, 16000).samples.empty());
}

// A file of these bytes while it lives.
class File {
 public:
  explicit File(const std::string& bytes)
      : path_(std::filesystem::temp_directory_path() /
              ("tenon_wav_test_" + std::to_string(::getpid()) + ".wav")) {
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  ~File() { std::filesystem::remove(path_); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

std::string Little(uint32_t value, int width) {
  std::string bytes;
  for (int i = 0; i < width; ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

std::string Wav(uint32_t coding, uint32_t channels, uint32_t rate, uint32_t bits,
                const std::string& data, uint32_t said) {
  return "RIFF" + Little(0, 4) + "WAVE" + "LIST" + Little(3, 4) + "odd" + '\0' + "fmt " +
         Little(16, 4) + Little(coding, 2) + Little(channels, 2) + Little(rate, 4) + Little(0, 4) +
         Little(0, 2) + Little(bits, 2) + "data" + Little(said, 4) + data;
}

TEST(WavTest, ChannelsAreMixedAndSizesOfAPipeAreCut) {
  const std::string data =
      Little(16384, 2) + Little(0, 2) + Little(0x8000, 2) + Little(0x8000, 2) + '\1';
  const Sound sound = LoadWav(File(Wav(1, 2, 8000, 16, data, 0x7ffff000)).path());
  EXPECT_EQ(sound.rate, 8000);
  EXPECT_EQ(sound.samples, (std::vector<float>{0.25f, -1.0f}));
}

TEST(WavTest, RefusesWhatItCannotRead) {
  const auto why = [](const std::string& bytes) -> std::string {
    try {
      LoadWav(File(bytes).path());
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "was read";
  };
  EXPECT_NE(why("").find("not a WAV file"), std::string::npos);
  EXPECT_NE(why(Wav(1, 1, 8000, 8, "", 0)).find("8 bits a sample"), std::string::npos);
  EXPECT_NE(why(Wav(3, 1, 8000, 32, "", 0)).find("coding 3"), std::string::npos);
  EXPECT_NE(why(Wav(1, 0, 8000, 16, "", 0)).find("no channels"), std::string::npos);
  EXPECT_NE(why(Wav(1, 1, 0, 16, "", 0)).find("0 Hz"), std::string::npos);
  const std::string whole = Wav(1, 2, 8000, 16, Little(1, 4), 4);
  EXPECT_EQ(why(whole), "was read");
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(why(whole.substr(0, size)), "was read") << size;
  EXPECT_NE(why(whole.substr(0, whole.size() - 1)).find("of the 4 bytes of \"data\" it has 3"),
            std::string::npos);
  EXPECT_THROW(LoadWav("/no/such/file.wav"), std::runtime_error);
}

TEST(OptionsTest, WhatMakesNoSenseIsRefused) {
  const Options options =
      ParseOptions({"-m", "model", "--threshold", "0.7", "--pad", "5", "a.wav", "--", "-b.wav"});
  EXPECT_EQ(options.spans.threshold, 0.7);
  EXPECT_EQ(options.spans.pad_ms, 5);
  EXPECT_EQ(options.sounds, (std::vector<std::string>{"a.wav", "-b.wav"}));
  for (const std::vector<std::string>& bad :
       std::vector<std::vector<std::string>>{{},
                                             {"a.wav", "--threshold", "2"},
                                             {"a.wav", "--threshold", "nan"},
                                             {"a.wav", "--pad"},
                                             {"a.wav", "--pad", "-3"},
                                             {"--loud", "a.wav"}}) {
    EXPECT_THROW(ParseOptions(bad), UsageError);
  }
}

}  // namespace
}  // namespace detect_speech

// The backend "openvino": whole segments, compiled by OpenVINO for the CPU.
#pragma once

#include <map>
#include <mutex>
#include <thread>

#include "claims.h"
#include "openvino.h"
#include "program.h"

namespace example {

class Backend : public sdk::Backend<Backend> {
 public:
  using sdk::Backend<Backend>::Backend;
  using Device = sdk::Device<Backend>;
  using Program = example::Program;

  static constexpr sdk::OptionRow kOptions[] = {
      {.name = "precision",
       .kind = TENON_OPTION_CHOICE,
       .default_value = "auto",
       .description =
           "What is computed in; auto: f32, and for the class fast what OpenVINO chooses",
       .choices = {"auto", "f32", "bf16", "f16"}},
      {.name = "threads",
       .kind = TENON_OPTION_INT,
       .default_value = "0",
       .description = "Threads of a run; 0: as many as the host gives"}};

  std::vector<sdk::DeviceRow> Devices();

  void Colour(const tenon_compile_target& target, const tenon_segment& graph,
              std::span<uint32_t> colours);
  tenon_status Refusal(const tenon_compile_target& target, const tenon_segment& graph,
                       uint32_t node);
  MappedFile Compile(const tenon_segment& segment, const tenon_compile_request& request);
  tenon_status Check(const tenon_compile_target& target, sdk::Bytes artifact);
  // The compiled model of an artifact. Throws where it is of another OpenVINO.
  Compiled Load(sdk::Bytes artifact);

 private:
  // OpenVINO, started when it is first needed.
  const Core& core();
  std::string PrecisionFor(tenon_numerics numerics);
  template <typename F>
  Compiled WithPrecision(const std::string& precision, const F& compile);
  void CheckPatience(const tenon_compile_request& request) const;

  std::mutex mutex_;  // of core_ and refusals_
  Core core_;
  std::map<std::thread::id, Refusals> refusals_;  // of the last colouring on a thread
  std::mutex precision_mutex_;
};

}  // namespace example

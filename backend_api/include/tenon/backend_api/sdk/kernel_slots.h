// The C slots of a kernel, made from a function (Function<F>) or from a class (Class<K>). Each slot
// is a static function that knows F or K at compile time, so that a call of `run` goes from the
// host straight into the kernel.
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>

#include "tenon/backend_api/backend.h"
#include "tenon/backend_api/sdk/argument.h"
#include "tenon/backend_api/sdk/node.h"
#include "tenon/backend_api/sdk/status.h"

namespace tenon::sdk {
inline namespace v0_1 {

// A descriptor of one backend object: what its slots need to know beyond the node.
struct HostedDescriptor : tenon_kernel_descriptor {
  explicit HostedDescriptor(Host its_host) : tenon_kernel_descriptor{}, host(its_host) {}
  Host host;
  static Host HostOf(const tenon_kernel_descriptor* d) {
    return static_cast<const HostedDescriptor*>(d)->host;
  }
};

// The part of a descriptor that is code.
struct KernelSlots {
  tenon_status (*accepts)(const Node& node) = nullptr;
  decltype(tenon_kernel_descriptor::create) create = nullptr;
  decltype(tenon_kernel_descriptor::prepack) prepack = nullptr;
  decltype(tenon_kernel_descriptor::prepare) prepare = nullptr;
  decltype(tenon_kernel_descriptor::run) run = nullptr;
  decltype(tenon_kernel_descriptor::plan_release) plan_release = nullptr;
  decltype(tenon_kernel_descriptor::destroy) destroy = nullptr;
  bool made =
      false;  // by Function or Class; with sanitizers GCC compares no functions in constants
};

// What a kernel answers when it is asked whether it wants a constant input packed. bytes 0: it
// stays as it is. `format` names the form of the blob (at most 63 bytes): equal weights of equal
// format are packed once and shared, also between models and processes, so whatever changes the
// blob's bytes belongs into it.
struct Packing {
  uint64_t bytes = 0;
  std::string format;
  uint64_t alignment = 64;
  uint32_t memory_kind = TENON_MEMORY_HOST;
};

namespace detail {

template <auto F>
tenon_status TENON_CALL RunFunction(const tenon_kernel_descriptor* d, tenon_kernel*, tenon_plan*,
                                    const tenon_run* run) {
  const Host host = HostedDescriptor::HostOf(d);
  return Guard(host.table(), [&] { return F(Run(host, run)); });
}

template <auto Prepare>
tenon_status TENON_CALL PrepareFunction(const tenon_kernel_descriptor* d, tenon_kernel*,
                                        const tenon_argument* const* inputs, uint32_t input_count,
                                        const tenon_argument* const* outputs, uint32_t output_count,
                                        tenon_plan_info* out_info) {
  return Guard(HostedDescriptor::HostOf(d).table(), [&] {
    Shapes shapes(inputs, input_count, outputs, output_count);
    Prepare(shapes);
    shapes.Fill(*out_info, nullptr);
  });
}

// Slots around a class K; the members that it may have are told at Class below.
template <typename K>
struct ClassSlots {
  static constexpr bool kAccepts = requires(const Node& node) { K::Accepts(node); };
  static constexpr bool kPacks =
      requires(K & k, uint32_t i, Tensor<const void> weight, Tensor<void> blob) {
    { k.Packs(i, weight) } -> std::convertible_to<Packing>;
    k.Pack(i, weight, blob);
  };
  static constexpr bool kPrepares = requires(const K& k, Shapes& shapes) { k.Prepare(shapes); };
  // A member that is there under its name, but not as it is called, would be left out silently.
  static constexpr bool kNamesAccepts = requires { &K::Accepts; };
  static constexpr bool kNamesPacks = requires { &K::Packs; };
  static constexpr bool kNamesPack = requires { &K::Pack; };
  static constexpr bool kNamesPrepare = requires { &K::Prepare; };
  static_assert(kAccepts || !kNamesAccepts, "Accepts takes a const sdk::Node&");
  static_assert(kPacks || !(kNamesPacks || kNamesPack), "Packs and Pack are not as Class says");
  static_assert(kPrepares || !kNamesPrepare, "Prepare takes an sdk::Shapes& and is const");

  static auto PlanType() {
    if constexpr (kPrepares) {
      using Given = decltype(std::declval<const K&>().Prepare(std::declval<Shapes&>()));
      return std::type_identity<Given>();
    } else {
      return std::type_identity<void>();
    }
  }
  using Plan = typename decltype(PlanType())::type;
  static constexpr bool kPlans = !std::is_void_v<Plan>;
  static_assert(!std::is_same_v<Plan, tenon_status>, "Prepare gives a plan; throw to decline");

  static K* Self(tenon_kernel* kernel) { return reinterpret_cast<K*>(kernel); }

  static tenon_status TENON_CALL Create(const tenon_kernel_descriptor* d, tenon_backend*,
                                        tenon_device* device, const tenon_node* node,
                                        tenon_kernel** out_kernel) {
    const Host host = HostedDescriptor::HostOf(d);
    return Guard(host.table(), [&] {
      K* made = nullptr;
      if constexpr (std::is_constructible_v<K, const Node&, tenon_device*>) {
        made = new K(Node(host, node), device);
      } else {
        made = new K(Node(host, node));
      }
      *out_kernel = reinterpret_cast<tenon_kernel*>(made);
    });
  }

  static tenon_status TENON_CALL Prepack(const tenon_kernel_descriptor* d, tenon_kernel* kernel,
                                         uint32_t input, const tenon_argument* weight,
                                         const tenon_argument* blob, tenon_prepack_info* out_info) {
    return Guard(HostedDescriptor::HostOf(d).table(), [&] {
      if (blob) {
        Self(kernel)->Pack(input, Tensor<const void>(weight), Tensor<void>(blob));
        return;
      }
      const Packing packing = Self(kernel)->Packs(input, Tensor<const void>(weight));
      if (packing.format.size() >= sizeof(out_info->format)) {
        throw Failure(TENON_INTERNAL,
                      "the packed format \"" + packing.format + "\" has more than 63 bytes");
      }
      out_info->memory_kind = packing.memory_kind;
      out_info->bytes = packing.bytes;
      out_info->alignment = packing.alignment;
      std::memcpy(out_info->format, packing.format.c_str(), packing.format.size() + 1);
    });
  }

  static tenon_status TENON_CALL Prepare(const tenon_kernel_descriptor* d, tenon_kernel* kernel,
                                         const tenon_argument* const* inputs, uint32_t input_count,
                                         const tenon_argument* const* outputs,
                                         uint32_t output_count, tenon_plan_info* out_info) {
    return Guard(HostedDescriptor::HostOf(d).table(), [&] {
      Shapes shapes(inputs, input_count, outputs, output_count);
      const K& self = *Self(kernel);
      if constexpr (kPlans) {
        Plan* plan = new Plan(self.Prepare(shapes));
        shapes.Fill(*out_info, reinterpret_cast<tenon_plan*>(plan));
      } else {
        self.Prepare(shapes);
        shapes.Fill(*out_info, nullptr);
      }
    });
  }

  static tenon_status TENON_CALL Run(const tenon_kernel_descriptor* d, tenon_kernel* kernel,
                                     tenon_plan* plan, const tenon_run* run) {
    const Host host = HostedDescriptor::HostOf(d);
    return Guard(host.table(), [&] {
      const K& self = *Self(kernel);
      if constexpr (kPlans) {
        return self.Run(*reinterpret_cast<const Plan*>(plan), sdk::Run(host, run));
      } else {
        return self.Run(sdk::Run(host, run));
      }
    });
  }

  static void TENON_CALL PlanRelease(const tenon_kernel_descriptor* d, tenon_kernel*,
                                     tenon_plan* plan) {
    if constexpr (kPlans) {
      GuardEnd(HostedDescriptor::HostOf(d).table(), [&] { delete reinterpret_cast<Plan*>(plan); });
    }
  }
  static void TENON_CALL Destroy(const tenon_kernel_descriptor* d, tenon_kernel* kernel) {
    GuardEnd(HostedDescriptor::HostOf(d).table(), [&] { delete Self(kernel); });
  }

  // What an object of K needs that is there already.
  static constexpr KernelSlots MakeLoaded() {
    KernelSlots slots;
    if constexpr (kPrepares) slots.prepare = &Prepare;
    slots.run = &Run;
    if constexpr (kPlans) slots.plan_release = &PlanRelease;
    slots.destroy = &Destroy;
    return slots;
  }
  static constexpr KernelSlots Make() {
    KernelSlots slots = MakeLoaded();
    if constexpr (kAccepts) slots.accepts = &K::Accepts;
    slots.create = &Create;
    slots.made = true;
    if constexpr (kPacks) slots.prepack = &Prepack;
    return slots;
  }
};

}  // namespace detail

// A stateless kernel: F is a function `void(const Run&)`, or one that gives a tenon_status;
// Prepare, where it needs workspace, `void(Shapes&)`.
template <auto F, auto Prepare = nullptr>
inline constexpr KernelSlots Function = [] {
  KernelSlots slots;
  slots.run = &detail::RunFunction<F>;
  slots.made = true;
  if constexpr (!std::is_null_pointer_v<decltype(Prepare)>)
    slots.prepare = &detail::PrepareFunction<Prepare>;
  return slots;
}();

// A kernel with a state for each node: one object of class K. Its members, called in this order:
//   static tenon_status Accepts(const Node&);      may be left out: every node
//   explicit K(const Node&);                       or K(const Node&, tenon_device*); copies what it
//                                                  needs of the node
//   Packing Packs(uint32_t input, Tensor<const void> weight);                 both may be left out:
//   void Pack(uint32_t input, Tensor<const void> weight, Tensor<void> blob);  no packing
//   Plan Prepare(Shapes&) const;                   may be left out; Plan is any type, or void
//   void Run(const Plan&, const sdk::Run&) const;  without Plan where Prepare gives none
// From the first Prepare on the object does not change; Prepare and Run come on any thread, several
// at once. Where Packs gave a size, the input of Run is the blob, and Pack is called only if the
// host has no such blob yet. Each may throw; Run may give a tenon_status instead of nothing.
template <typename K>
inline constexpr KernelSlots Class = detail::ClassSlots<K>::Make();

}  // namespace v0_1
}  // namespace tenon::sdk

// SPDX-License-Identifier: MIT
// How much of the difference between two NICs the exits alone explain.
//
// Counting: an exit is one access that the bus delivers to the device (read, write, configuration),
// an interrupt one rising edge of INTA# or one message (a DMA write to the local APICs).  Only busy
// time counts, slices of 10 ms with at least 8 frames, so that probing a driver and waiting for a
// shell do not.  Work is bytes of frames, both ways.
//
// Charging: virtio-net needs T_v ns a byte, which contains its own exits.  The best e1000 does what
// virtio-net does, but for its exits:
//   T_e = T_v + (X_e - X_v) * exit_cost + (L_e - L_v) * light_exit_cost + (I_e - I_v) * irq_cost
// with exits X, light exits L (queued by the hypervisor's kernel) and interrupts I a byte; the
// factor is T_e / T_v.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "replay/event.h"

namespace nicreplay {

enum class ExitKind : std::uint8_t {
  kTransmitDoorbell,  // TDT; virtio's notification
  kReceiveDoorbell,   // RDT
  kCause,             // ICR, IMS, IMC; virtio's ISR
  kShadowable,        // the other registers of e1000's pages 0x2000 and 0x3000
  kOther,
  kConfig,
};
inline constexpr std::size_t kExitKinds = 6;
const char* Name(ExitKind kind);

enum class NicFamily : std::uint8_t { kE1000, kVirtioNet };

// What a trace costs, in its busy time.
struct ExitCount {
  std::array<std::uint64_t, kExitKinds> exits{};
  std::uint64_t interrupts = 0;
  std::uint64_t frames = 0;  // as handed over: a super-frame is one
  std::uint64_t bytes = 0;
  Nanoseconds busy = 0;

  std::uint64_t total() const;
  double each_byte(double count) const { return count / static_cast<double>(bytes); }
};

class ExitCounter {
 public:
  explicit ExitCounter(NicFamily family) : family_(family) {}
  void Add(const Stimulus& stimulus, std::span<const Effect> effects);
  ExitCount Finish();

 private:
  ExitKind KindOf(const Stimulus& stimulus) const;
  void AddExit(const Stimulus& stimulus);
  void AddFrame(std::uint32_t size);
  void CloseSlice();

  const NicFamily family_;
  std::uint64_t slice_ = 0;
  ExitCount open_;  // of the slice
  ExitCount busy_;
};

struct ExitCosts {
  double exit_ns = 2000;        // to user space and back, with the device's lock
  double light_exit_ns = 500;   // answered by the hypervisor's kernel
  double irq_ns = 3000;         // injection, acknowledgement and return, beside the cause's exits
  double virtio_ns_a_byte = 0;  // 0: the trace's own
};

struct Prediction {
  std::string what;       // "stock", "doorbell", ...
  double exits = 0;       // a byte, light ones excepted
  double light = 0;       // a byte
  double interrupts = 0;  // a byte
  double factor = 0;      // of virtio-net's time for a byte
};

// For e1000 as recorded, and for what each optimization leaves of its exits.
std::vector<Prediction> PredictE1000(const ExitCount& e1000, const ExitCount& virtio,
                                     const ExitCosts& costs);

}  // namespace nicreplay

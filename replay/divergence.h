// SPDX-License-Identifier: MIT
// Where a model first differs from the recording, and in what.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/registry.h"
#include "replay/event.h"
#include "replay/program.h"

namespace nicreplay {

struct Divergence {
  enum class Kind : std::uint8_t {
    kValue,        // a register, port or config read: value
    kResult,       // what became of a frame from the network: value is a ReceiveResult
    kMemory,       // final bytes at address; one side empty: not written
    kMemoryOrder,  // the bytes at address were announced (by the marker at `marker`) before they
                   // were written
    kFrame,        // bytes of frame number `item` that the stimulus sent; one side empty: not sent
    kOffload,      // frame number `item` carries another offload header
    kInterrupt,    // level at the end of the stimulus: value
    kReady,        // readiness to receive at the end of the stimulus: value
    kTimer,        // timer number `item`: value is the deadline in ns, kNotArmed or kUnchanged
    kNotFlushed,  // delivery number `item` did not happen: the device did not ask for queued frames
    kRunaway,     // the stimulus caused more effects than are kept
    kLate,        // work that was put off is still not done where the contract wants it done
    kOverdue,     // the recording has no work by the time (expected) that the device asked for, and
                  // goes on later (found)
    kShadow,  // shadowed register at offset `item`, as published: value; kUnchanged: whether the
              // pages are active
  };
  static constexpr std::uint64_t kNotArmed = ~std::uint64_t{0};
  static constexpr std::uint64_t kUnchanged = kNotArmed - 1;

  std::uint64_t event = 0;
  Kind kind = Kind::kValue;
  std::uint64_t expected = 0;
  std::uint64_t found = 0;
  std::uint64_t item = 0;
  GuestAddress address = 0;
  GuestAddress marker = 0;
  std::uint64_t offset = 0;  // first differing byte of a frame
  std::vector<std::uint8_t> expected_bytes;
  std::vector<std::uint8_t> found_bytes;
};

// "value", "memory", "memory-order", ... for --json and tests.
const char* KindName(Divergence::Kind kind);

// A reading of the divergence for people.  `name` is the register, descriptor field, frame or line
// in the manual's words, on its own ("RDH", "RX descriptor 5 status", "interrupt line").
struct DivergenceText {
  std::string name;
  std::vector<std::string> lines;
};
DivergenceText Describe(const Divergence& divergence, const Program& program, Describer& describer);

// Lets the describer learn what the stimulus sets up: every stimulus of a session, in order.
void Follow(Describer& describer, const Stimulus& stimulus);

// What a stimulus is, in one line: "write TDT = 0x0000002a".
std::string DescribeStimulus(const Stimulus& stimulus, const Describer& describer);

}  // namespace nicreplay

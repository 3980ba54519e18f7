// SPDX-License-Identifier: MIT
// A device under test with RAM, time and a network around it: a model in this process, or a live
// QEMU.  What drives a Target need not know which; what may go wrong with another process is in
// error().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/device.h"
#include "models/registry.h"
#include "models/result.h"
#include "replay/event.h"

namespace nicreplay {

class Target {
 public:
  virtual ~Target() = default;

  // Lets time pass up to stimulus.time (device timers fire), then does what the stimulus says, as
  // Machine::Apply does: kFrame offers the frame to the network port, kMemory writes RAM, kTimer
  // does nothing.  Returns the value of a read, 0 otherwise.  All effects have happened when it
  // returns.
  virtual std::uint64_t Apply(const Stimulus& operation) = 0;

  // Guest RAM as it is now.
  virtual void ReadMemory(GuestAddress address, MutableBytes out) = 0;
  // The level of INTA# as it is now.
  virtual LineLevel line() = 0;
  // The frames that the device sent since the last call, oldest first.
  virtual std::vector<std::vector<std::uint8_t>> TakeFrames() = 0;

  // The first thing that went wrong with the target itself (kPeer, kIo); from then on it answers 0.
  virtual const std::optional<Error>& error() const = 0;
  // "e1000-stock", "QEMU 7.2.22 e1000"
  virtual std::string name() const = 0;
};

// A model of this process in a Machine with `ram_size` bytes of RAM from address 0.
Result<std::unique_ptr<Target>> CreateMachineTarget(const std::string& model,
                                                    const std::string& options,
                                                    std::size_t ram_size);

}  // namespace nicreplay

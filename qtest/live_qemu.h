// SPDX-License-Identifier: MIT
// A QEMU process with one NIC, and everything that is connected to it: qtest, the monitor, frames
// in both directions, its diagnostics.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "models/result.h"
#include "qtest/channel.h"
#include "qtest/client.h"
#include "qtest/process.h"
#include "qtest/qmp.h"

namespace nicreplay {

struct QtestOptions {
  std::string qemu = "qemu-system-x86_64";  // a path, or a name on $PATH; with qtest built in
  std::string device = "e1000";             // as -device takes it: "e1000,mac=52:54:00:00:00:01"
  std::string machine = "pc";               // one with an i440FX
  std::uint64_t ram_size = std::uint64_t{32} << 20;
  std::uint64_t rom_size = 0;          // of the NIC's expansion ROM, which is zeros; 0: none
  std::vector<std::string> arguments;  // further ones, such as -L DIR
  // How long QEMU may keep silent before it counts as hung.
  std::chrono::milliseconds patience{60'000};
};

// The part of QEMU's command line that makes the machine and its NIC; without a network, firmware
// and control.
std::vector<std::string> MachineArguments(const QtestOptions& options);

// Frames go through a pair of redirecting filters, not through a socket netdev: a redirector puts
// frames straight into the queue of the NIC, whether the NIC is ready or not, exactly as NetPort
// does (a socket netdev stops reading instead and delivers later, one by one).  In the other
// direction it writes before the register access that sent the frame returns, and waits rather than
// lose one. Only frames without any byte never come through.
class LiveQemu {
 public:
  // Bytes of the longest frame that QEMU's network layer takes.
  static constexpr std::size_t kMaxFrame = 4096 + 65536;
  static constexpr const char* kNic = "nic0";  // id of the device

  static Result<std::unique_ptr<LiveQemu>> Start(const QtestOptions& options);

  QtestClient& qtest() { return *qtest_; }
  QmpClient& monitor() { return *monitor_; }
  const std::string& version() const { return version_; }

  // Hands a frame to the network and waits until the device, or its queue, has it.
  Status Deliver(Bytes frame);
  // What the device sent since the last call.
  Result<std::vector<std::vector<std::uint8_t>>> TakeFrames();

  // Adds to an error what became of the process and what it last said.
  Error Explain(Error error);

 private:
  explicit LiveQemu(std::chrono::milliseconds patience) : channels_(patience) {}
  Status Spawn(const QtestOptions& options);

  ChannelSet channels_;
  std::unique_ptr<ChildProcess> process_;
  std::unique_ptr<QtestClient> qtest_;
  std::unique_ptr<QmpClient> monitor_;
  std::unique_ptr<FrameChannel> to_device_;
  std::unique_ptr<FrameChannel> from_device_;
  std::string version_;
};

}  // namespace nicreplay

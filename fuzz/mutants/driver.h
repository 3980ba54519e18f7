// SPDX-License-Identifier: MIT
// A driver of the e1000 for scripted sessions: what it does to a device is recorded, step by step.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "models/e1000/descriptors.h"
#include "models/e1000/registers.h"
#include "replay/event_sink.h"
#include "replay/machine.h"
#include "replay/program.h"
#include "replay/recorder.h"
#include "replay/stream.h"

namespace nicreplay {

using ByteVector = std::vector<std::uint8_t>;

// A session with the names of its steps.
struct LabelledProgram {
  struct Label {
    std::uint64_t event = 0;  // the step's first
    std::string step;
  };
  Program program;
  std::vector<Label> labels;

  // The step that an event belongs to.
  std::string_view StepOf(std::uint64_t event) const;
};

class Driver : private EventSink {
 public:
  static constexpr GuestAddress kTxRing = 0x1000;
  static constexpr GuestAddress kRxRing = 0x2000;
  static constexpr GuestAddress kTxBuffer = 0x10000;  // 256 KiB
  static constexpr GuestAddress kRxBuffers = 0x80000;
  static constexpr std::uint32_t kTxCount = 16;
  static constexpr std::uint32_t kRxCount = 8;

  // A device of the model with its default options, before its first reset; recorded to a file.
  Driver(const std::string& model, const std::string& path);

  // Names what follows.
  void Step(const std::string& name);
  Result<LabelledProgram> Finish();

  // The bus
  void Reset();
  void Config(std::uint8_t offset, std::uint8_t size, std::uint32_t value);
  std::uint32_t ConfigRead(std::uint8_t offset, std::uint8_t size);
  std::uint64_t Read(std::uint32_t offset, std::uint8_t size = 4);
  void Write(std::uint32_t offset, std::uint64_t value, std::uint8_t size = 4);
  void ReadAll(std::initializer_list<std::uint32_t> offsets);
  void Wait(Nanoseconds time) { now_ += time; }
  // The network
  void Offer(const ByteVector& frame);
  void Link(LinkState state);
  // Memory
  void Put(GuestAddress address, Bytes bytes);

  std::uint32_t ReadPhy(std::uint8_t reg, std::uint8_t phy = 1);
  void WritePhy(std::uint8_t reg, std::uint16_t value);

  // An empty transmit ring, enabled.
  void StartTransmit();
  // Descriptors at the tail, and the doorbell.
  void Submit(const std::vector<e1000::RawDescriptor>& descriptors);
  // An empty receive ring, and a buffer size of `rctl`, past the flush timer.
  void StartReceive(std::uint32_t rctl);
  // Gives the device all descriptors but one, from the first on.  The guest's status bits stay.
  void FillReceive(std::uint8_t guest_status = 0);

 private:
  void OnStimulus(const Stimulus& stimulus, std::span<const Effect> effects) override;
  void OnRecordingFailed(const Error& error) override;
  std::uint64_t Do(Stimulus stimulus);

  std::string path_;
  std::unique_ptr<TraceWriter> writer_;
  std::uint64_t events_ = 0;
  std::vector<LabelledProgram::Label> labels_;
  Machine machine_;
  std::unique_ptr<RecordingDevice> device_;
  Nanoseconds now_ = 0;
  std::uint32_t tail_ = 0;
};

// Ethernet frames: `size` bytes, from a fixed sender.
using Address = std::array<std::uint8_t, 6>;
inline constexpr Address kStation = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
inline constexpr Address kBroadcast = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
ByteVector MakeFrame(std::size_t size, const Address& destination = kStation);
ByteVector Tagged(ByteVector frame, std::uint16_t tag, std::uint16_t type = 0x8100);

}  // namespace nicreplay

// SPDX-License-Identifier: MIT
// A device that owns the trace of itself.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "models/registry.h"
#include "replay/recorder.h"
#include "replay/shadow_copy.h"
#include "replay/stream.h"

namespace nicreplay {

// Whether the bus may shadow registers of a device under recording.  Trapped: the trace has every
// access.  Shadowed: the guest runs as it does without a recording, and the trace has the writes
// that the device took up (replay/shadow_copy.h).
enum class RecordedRegisters : std::uint8_t { kTrapped, kShadowed };

class TracedDevice final : public Device {
 public:
  // Writes to `path` while the device lives, and completes the trace when it goes.  `host` must
  // outlive it.
  static Result<std::unique_ptr<Device>> Create(const ModelEntry& model, const Options& options,
                                                const std::string& path, std::string environment,
                                                RecordedRegisters registers, Host& host);
  TracedDevice(const TracedDevice&) = delete;
  TracedDevice& operator=(const TracedDevice&) = delete;
  ~TracedDevice() override;

  const DeviceInfo& info() const override { return device_->info(); }
  std::uint64_t Read(const Access& access) override;
  void Write(const Access& access, std::uint64_t value) override;
  std::uint32_t ConfigRead(std::uint8_t offset, std::uint8_t size) override;
  void ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) override;
  bool CanReceive() const override { return device_->CanReceive(); }
  ReceiveResult Receive(const Frame& frame) override;
  std::size_t ReceiveRoom(std::size_t size) const override { return device_->ReceiveRoom(size); }
  OffloadSet ReceiveOffloads() const override { return device_->ReceiveOffloads(); }
  void Work() override;
  void Poll() override;
  ShadowPages* shadow() override { return shadow_ ? &shadow_->pages() : nullptr; }
  void SetLink(LinkState state) override;
  void Timer(TimerId id) override;
  void Reset() override;
  std::size_t StateSize() const override { return device_->StateSize(); }
  void Save(MutableBytes out) const override { device_->Save(out); }
  bool Load(Bytes state) override;

 private:
  class Call;

  TracedDevice(std::unique_ptr<TraceWriter> writer, std::unique_ptr<RecordingDevice> device,
               RecordedRegisters registers);

  std::unique_ptr<TraceWriter> writer_;
  std::unique_ptr<RecordingDevice> device_;
  std::optional<ShadowCopy> shadow_;
  bool in_call_ = false;
};

}  // namespace nicreplay

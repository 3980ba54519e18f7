// SPDX-License-Identifier: MIT
// Records what enters and leaves a device while something else drives it.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "models/registry.h"
#include "replay/arena.h"
#include "replay/event_sink.h"

namespace nicreplay {

// A device that passes everything on to the one inside, and tells a sink: every call as one
// stimulus, with its effects in order.  What changed in level (interrupt line, readiness, timers by
// number) comes last, as it is at the end of the call; before the first call the line is low,
// readiness false and no timer armed.  A timer that fired is not armed any more.  A frame that the
// network delivers while the device flushes is an effect, followed by its own.
//
// A burst is recorded frame by frame, and registers are not shadowed, so that every access is seen
// (traced_device.h has another way).
//
// Recording never changes what the device or its host see.  Where it cannot go on (more effects
// under one stimulus than a trace can hold, a host that re-enters the device, a loaded state) it
// tells the sink once and stops.
class RecordingDevice final : public Device {
 public:
  // The model inside gets a host that records.  `host` and `sink` must outlive the device.
  static Result<std::unique_ptr<RecordingDevice>> Create(const ModelEntry& model,
                                                         const Options& options, Host& host,
                                                         EventSink& sink);

  ~RecordingDevice() override;

  // Why the recording stopped.
  const std::optional<Error>& error() const { return error_; }

  // What the model would shadow; null: nothing.
  const ShadowPages* inner_shadow() { return inner_->shadow(); }

  const DeviceInfo& info() const override { return inner_->info(); }
  std::uint64_t Read(const Access& access) override;
  void Write(const Access& access, std::uint64_t value) override;
  std::uint32_t ConfigRead(std::uint8_t offset, std::uint8_t size) override;
  void ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) override;
  bool CanReceive() const override { return inner_->CanReceive(); }
  ReceiveResult Receive(const Frame& frame) override;
  std::size_t ReceiveRoom(std::size_t size) const override { return inner_->ReceiveRoom(size); }
  OffloadSet ReceiveOffloads() const override { return inner_->ReceiveOffloads(); }
  void Work() override;
  void Poll() override;
  void SetLink(LinkState state) override;
  void Timer(TimerId id) override;
  void Reset() override;
  std::size_t StateSize() const override { return inner_->StateSize(); }
  void Save(MutableBytes out) const override { inner_->Save(out); }
  bool Load(Bytes state) override;

 private:
  static constexpr Nanoseconds kNotArmed = ~Nanoseconds{0};
  // Stands between the device and its host.
  class Tap;
  struct TimerState {
    Nanoseconds deadline = kNotArmed;
    Nanoseconds reported = kNotArmed;
    bool touched = false;  // since the last end of a stimulus
  };

  RecordingDevice(Host& host, EventSink& sink);

  // False: nothing is recorded of this call.
  bool Begin(const Stimulus& stimulus);
  void End();
  void AddLevels();
  void AddTimers();
  ReceiveResult ReceiveNested(const Frame& frame);
  void Add(const Effect& effect);
  void SetTimer(TimerId id, Nanoseconds deadline);
  Bytes Flatten(const Frame& frame);
  bool HasRoom(std::size_t bytes);
  void Stop(ErrorCode code, const char* why);

  Host& host_;
  EventSink& sink_;
  std::unique_ptr<Tap> tap_;
  std::unique_ptr<Device> inner_;

  enum class State : std::uint8_t { kIdle, kInStimulus, kStopped } state_ = State::kIdle;
  unsigned flushes_ = 0;  // FlushReceive calls that have not returned
  std::uint64_t index_ = 0;
  Stimulus stimulus_;
  std::vector<Effect> effects_;
  Arena arena_;
  std::size_t bytes_ = 0;  // of the stimulus and its effects

  LineLevel line_ = LineLevel::kLow;
  LineLevel reported_line_ = LineLevel::kLow;
  bool reported_ready_ = false;
  std::array<TimerState, 256> timers_;
  bool timers_touched_ = false;
  std::optional<Error> error_;
};

}  // namespace nicreplay

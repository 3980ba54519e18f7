// SPDX-License-Identifier: MIT
#include "replay/recorder.h"

#include <cstring>
#include <utility>

#include "replay/codec.h"

namespace nicreplay {

namespace {

// What one event costs in a trace beside its bytes, at most (EncodedBound).
constexpr std::size_t kEventOverhead = 128;

// The low `size` bytes are what the bus carries.
std::uint64_t OnBus(std::uint64_t value, std::uint8_t size) {
  return size >= 8 ? value : value & ((std::uint64_t{1} << (8 * size)) - 1);
}

}  // namespace

class RecordingDevice::Tap final : public Host {
 public:
  explicit Tap(RecordingDevice& recording) : r_(recording) {}

  // A live clock moves on while the device works; the trace has one time for the whole stimulus.
  Nanoseconds Now() override {
    return r_.state_ == State::kInStimulus ? r_.stimulus_.time : r_.host_.Now();
  }

  void DmaRead(GuestAddress address, MutableBytes out) override {
    r_.host_.DmaRead(address, out);
    AddDma(EffectKind::kDmaRead, address, out);
  }

  void DmaWrite(GuestAddress address, Bytes data) override {
    AddDma(EffectKind::kDmaWrite, address, data);
    r_.host_.DmaWrite(address, data);
  }

  Bytes MapRead(GuestAddress address, std::size_t size) override {
    const Bytes mapped = r_.host_.MapRead(address, size);
    AddDma(EffectKind::kDmaRead, address, mapped);
    return mapped;
  }

  void Transmit(const Frame& frame) override {
    if (r_.state_ == State::kInStimulus) {
      const Bytes bytes = r_.Flatten(frame);
      r_.Add({.data = bytes.data(),
              .offload = &frame.offload,
              .data_size = static_cast<std::uint32_t>(bytes.size()),
              .kind = EffectKind::kTransmit});
    }
    r_.host_.Transmit(frame);
  }

  void SetInterrupt(LineLevel level) override {
    r_.line_ = level;
    r_.host_.SetInterrupt(level);
  }

  void ArmTimer(TimerId id, Nanoseconds deadline) override {
    r_.SetTimer(id, deadline);
    r_.host_.ArmTimer(id, deadline);
  }

  void CancelTimer(TimerId id) override {
    r_.SetTimer(id, kNotArmed);
    r_.host_.CancelTimer(id);
  }

  OffloadSet TransmitOffloads() override { return r_.host_.TransmitOffloads(); }
  void RequestWork(Nanoseconds deadline) override { r_.host_.RequestWork(deadline); }
  void CancelWork() override { r_.host_.CancelWork(); }

  void FlushReceive() override {
    ++r_.flushes_;
    r_.host_.FlushReceive();
    --r_.flushes_;
  }

 private:
  // Nothing is on the bus for an empty one.
  void AddDma(EffectKind kind, GuestAddress address, Bytes bytes) {
    if (bytes.empty() || r_.state_ != State::kInStimulus || !r_.HasRoom(bytes.size())) return;
    r_.Add({.address = address,
            .data = r_.arena_.Copy(bytes),
            .data_size = static_cast<std::uint32_t>(bytes.size()),
            .kind = kind});
  }

  RecordingDevice& r_;
};

RecordingDevice::RecordingDevice(Host& host, EventSink& sink)
    : host_(host), sink_(sink), tap_(std::make_unique<Tap>(*this)) {}

RecordingDevice::~RecordingDevice() = default;

Result<std::unique_ptr<RecordingDevice>> RecordingDevice::Create(const ModelEntry& model,
                                                                 const Options& options, Host& host,
                                                                 EventSink& sink) {
  std::unique_ptr<RecordingDevice> recording(new RecordingDevice(host, sink));
  auto inner = model.create(model, options, *recording->tap_);
  if (!inner) return tl::make_unexpected(std::move(inner.error()));
  recording->inner_ = std::move(*inner);
  return recording;
}

void RecordingDevice::Stop(ErrorCode code, const char* why) {
  if (state_ == State::kStopped) return;
  state_ = State::kStopped;
  error_ = Error{code, why, std::nullopt, index_};
  effects_ = {};
  arena_ = {};
  sink_.OnRecordingFailed(*error_);
}

bool RecordingDevice::HasRoom(std::size_t bytes) {
  if (bytes < kMaxChunkBytes && bytes_ + bytes < kMaxChunkBytes) return true;
  Stop(ErrorCode::kTooLarge, "one stimulus with more effects than a trace can hold");
  return false;
}

bool RecordingDevice::Begin(const Stimulus& stimulus) {
  if (state_ == State::kInStimulus) {
    Stop(ErrorCode::kOutOfOrder, "the host called the device while the device was in a call");
  }
  if (state_ == State::kStopped) return false;
  state_ = State::kInStimulus;
  bytes_ = kEventOverhead + kMessageOverhead;
  stimulus_ = stimulus;
  stimulus_.time = host_.Now();
  return true;
}

void RecordingDevice::End() {
  if (state_ != State::kInStimulus) return;
  AddLevels();
  if (state_ != State::kInStimulus) return;
  stimulus_.effect_count = static_cast<std::uint32_t>(effects_.size());
  sink_.OnStimulus(stimulus_, effects_);
  effects_.clear();
  arena_.Reset();
  ++index_;
  state_ = State::kIdle;
}

void RecordingDevice::AddLevels() {
  if (line_ != reported_line_) {
    reported_line_ = line_;
    Add({.kind = EffectKind::kInterrupt, .detail = static_cast<std::uint8_t>(line_)});
  }
  if (const bool ready = inner_->CanReceive(); ready != reported_ready_) {
    reported_ready_ = ready;
    Add({.kind = EffectKind::kReady, .detail = static_cast<std::uint8_t>(ready)});
  }
  if (timers_touched_) AddTimers();
}

void RecordingDevice::AddTimers() {
  timers_touched_ = false;
  for (std::size_t id = 0; id < timers_.size(); ++id) {
    TimerState& timer = timers_[id];
    if (!std::exchange(timer.touched, false) || timer.deadline == timer.reported) continue;
    timer.reported = timer.deadline;
    if (timer.deadline == kNotArmed) {
      Add({.kind = EffectKind::kTimerCancelled, .detail = static_cast<std::uint8_t>(id)});
    } else {
      Add({.address = timer.deadline,
           .kind = EffectKind::kTimerArmed,
           .detail = static_cast<std::uint8_t>(id)});
    }
  }
}

void RecordingDevice::SetTimer(TimerId id, Nanoseconds deadline) {
  timers_[id].deadline = deadline;
  timers_[id].touched = true;
  timers_touched_ = true;
}

void RecordingDevice::Add(const Effect& effect) {
  if (state_ != State::kInStimulus || !HasRoom(kEventOverhead + effect.data_size)) return;
  bytes_ += kEventOverhead + effect.data_size;
  effects_.push_back(effect);
  effects_.back().offload = arena_.Copy(effect.offload);
}

Bytes RecordingDevice::Flatten(const Frame& frame) {
  const std::size_t size = frame.size();
  if (size == 0 || !HasRoom(size)) return {};
  std::uint8_t* const begin = arena_.Allocate(size);
  std::uint8_t* at = begin;
  for (const Bytes& piece : frame.pieces) {
    if (!piece.empty()) std::memcpy(at, piece.data(), piece.size());
    at += piece.size();
  }
  return {begin, size};
}

std::uint64_t RecordingDevice::Read(const Access& access) {
  const bool recorded = Begin({.offset = access.offset,
                               .kind = StimulusKind::kRead,
                               .bar = access.bar,
                               .size = access.size});
  const std::uint64_t value = inner_->Read(access);
  if (recorded) {
    stimulus_.value = OnBus(value, access.size);
    End();
  }
  return value;
}

void RecordingDevice::Write(const Access& access, std::uint64_t value) {
  const bool recorded = Begin({.value = OnBus(value, access.size),
                               .offset = access.offset,
                               .kind = StimulusKind::kWrite,
                               .bar = access.bar,
                               .size = access.size});
  inner_->Write(access, value);
  if (recorded) End();
}

std::uint32_t RecordingDevice::ConfigRead(std::uint8_t offset, std::uint8_t size) {
  const bool recorded = Begin({.offset = offset, .kind = StimulusKind::kConfigRead, .size = size});
  const std::uint32_t value = inner_->ConfigRead(offset, size);
  if (recorded) {
    stimulus_.value = OnBus(value, size);
    End();
  }
  return value;
}

void RecordingDevice::ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) {
  const bool recorded = Begin({.value = OnBus(value, size),
                               .offset = offset,
                               .kind = StimulusKind::kConfigWrite,
                               .size = size});
  inner_->ConfigWrite(offset, size, value);
  if (recorded) End();
}

ReceiveResult RecordingDevice::Receive(const Frame& frame) {
  if (state_ == State::kInStimulus && flushes_ != 0) return ReceiveNested(frame);
  const bool recorded = Begin({.kind = StimulusKind::kFrame});
  if (recorded) {
    const Bytes bytes = Flatten(frame);
    stimulus_.data = bytes.data();
    stimulus_.data_size = static_cast<std::uint32_t>(bytes.size());
    stimulus_.offload = arena_.Copy(&frame.offload);
    bytes_ += bytes.size();
  }
  const ReceiveResult result = inner_->Receive(frame);
  if (recorded) {
    stimulus_.result = result;
    End();
  }
  return result;
}

ReceiveResult RecordingDevice::ReceiveNested(const Frame& frame) {
  const Bytes bytes = Flatten(frame);
  const std::size_t at = effects_.size();
  Add({.data = bytes.data(),
       .offload = &frame.offload,
       .data_size = static_cast<std::uint32_t>(bytes.size()),
       .kind = EffectKind::kDelivery});
  const ReceiveResult result = inner_->Receive(frame);
  if (state_ == State::kInStimulus) effects_[at].result = result;
  return result;
}

void RecordingDevice::SetLink(LinkState state) {
  const bool recorded =
      Begin({.kind = StimulusKind::kLink, .detail = static_cast<std::uint8_t>(state)});
  inner_->SetLink(state);
  if (recorded) End();
}

void RecordingDevice::Timer(TimerId id) {
  timers_[id].deadline = timers_[id].reported = kNotArmed;
  const bool recorded = Begin({.kind = StimulusKind::kTimer, .detail = id});
  inner_->Timer(id);
  if (recorded) End();
}

void RecordingDevice::Work() {
  const bool recorded = Begin({.kind = StimulusKind::kWork});
  inner_->Work();
  if (recorded) End();
}

void RecordingDevice::Poll() {
  const bool recorded = Begin({.kind = StimulusKind::kPoll});
  inner_->Poll();
  if (recorded) End();
}

void RecordingDevice::Reset() {
  const bool recorded = Begin({.kind = StimulusKind::kReset});
  inner_->Reset();
  if (recorded) End();
}

bool RecordingDevice::Load(Bytes state) {
  if (!inner_->Load(state)) return false;
  Stop(ErrorCode::kUsage,
       "a state was loaded into the device, and a trace starts at power-on; record without it");
  return true;
}

}  // namespace nicreplay

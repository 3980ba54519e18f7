// SPDX-License-Identifier: MIT
#include "replay/codec_shapes.h"

#include <algorithm>
#include <cstdint>

namespace nicreplay {

namespace {

static_assert(static_cast<int>(schema::Delivery::Result::CONSUMED) ==
              static_cast<int>(ReceiveResult::kConsumed));
static_assert(static_cast<int>(schema::Delivery::Result::KEEP) ==
              static_cast<int>(ReceiveResult::kKeep));
static_assert(static_cast<int>(schema::Delivery::Result::DROPPED) ==
              static_cast<int>(ReceiveResult::kDropped));
// --- pieces: encode and decode side by side ---

// Anything with `size` and `pieces`.
template <typename Builder>
void EncodeContent(Builder out, std::uint32_t size, Source source) {
  out.setSize(size);
  out.setPieces(source == Source::kPieces);
}

template <typename Reader, typename Event>
Source DecodeContent(const Reader& in, Event& event) {
  event.data_size = in.getSize();
  return in.getPieces() ? Source::kPieces : Source::kFresh;
}

template <typename Event>
void EncodeFrame(schema::Frame::Builder out, const Event& event, Source source) {
  EncodeContent(out, event.data_size, source);
  if (event.offload == nullptr) return;
  schema::Offload::Builder offload = out.initOffload();
  offload.setFlags(event.offload->flags);
  offload.setGsoType(event.offload->gso_type);
  offload.setHeaderLength(event.offload->header_length);
  offload.setGsoSize(event.offload->gso_size);
  offload.setChecksumStart(event.offload->checksum_start);
  offload.setChecksumOffset(event.offload->checksum_offset);
}

template <typename Event>
Source DecodeFrame(const schema::Frame::Reader& in, Event& event, std::deque<Offload>& offloads) {
  const Source source = DecodeContent(in, event);
  if (!in.hasOffload()) return source;
  const schema::Offload::Reader offload = in.getOffload();
  offloads.push_back({.flags = offload.getFlags(),
                      .gso_type = offload.getGsoType(),
                      .header_length = offload.getHeaderLength(),
                      .gso_size = offload.getGsoSize(),
                      .checksum_start = offload.getChecksumStart(),
                      .checksum_offset = offload.getChecksumOffset()});
  event.offload = &offloads.back();
  return source;
}

template <typename Event>
void EncodeDelivery(schema::Delivery::Builder out, const Event& event, Source source) {
  EncodeFrame(out.initFrame(), event, source);
  out.setResult(static_cast<schema::Delivery::Result>(event.result));
}

template <typename Event>
Source DecodeDelivery(const schema::Delivery::Reader& in, Event& event,
                      std::deque<Offload>& offloads) {
  // FaultOf refuses results outside the enumeration; the cast must not make one valid.
  event.result = static_cast<ReceiveResult>(
      std::min<unsigned>(static_cast<unsigned>(in.getResult()), UINT8_MAX));
  return DecodeFrame(in.getFrame(), event, offloads);
}

template <typename Group>
void EncodeDma(Group out, const EffectShape& shape) {
  out.setAddress(shape.effect.address);
  out.setBase(shape.base);
  EncodeContent(out, shape.effect.data_size, shape.source);
}

template <typename Group>
void DecodeDma(Group in, EffectKind kind, EffectShape& shape) {
  shape.effect.kind = kind;
  shape.effect.address = in.getAddress();
  shape.base = in.getBase();
  shape.source = DecodeContent(in, shape.effect);
}

template <typename Group>
void EncodeAccess(Group out, const Stimulus& stimulus) {
  out.setOffset(stimulus.offset);
  out.setBar(stimulus.bar);
  out.setSize(stimulus.size);
  out.setValue(stimulus.value);
}

template <typename Group>
void DecodeAccess(Group in, StimulusKind kind, Stimulus& stimulus) {
  stimulus.kind = kind;
  stimulus.offset = in.getOffset();
  stimulus.bar = in.getBar();
  stimulus.size = in.getSize();
  stimulus.value = in.getValue();
}

template <typename Group>
void EncodeConfig(Group out, const Stimulus& stimulus) {
  out.setOffset(stimulus.offset);
  out.setSize(stimulus.size);
  out.setValue(stimulus.value);
}

template <typename Group>
void DecodeConfig(Group in, StimulusKind kind, Stimulus& stimulus) {
  stimulus.kind = kind;
  stimulus.offset = in.getOffset();
  stimulus.size = in.getSize();
  stimulus.value = in.getValue();
}

}  // namespace

// --- stimuli ---

void EncodeStimulus(schema::Stimulus::Builder out, const Stimulus& stimulus, Source source) {
  switch (stimulus.kind) {
    case StimulusKind::kRead:
      return EncodeAccess(out.initRead(), stimulus);
    case StimulusKind::kWrite:
      return EncodeAccess(out.initWrite(), stimulus);
    case StimulusKind::kConfigRead:
      return EncodeConfig(out.initConfigRead(), stimulus);
    case StimulusKind::kConfigWrite:
      return EncodeConfig(out.initConfigWrite(), stimulus);
    case StimulusKind::kMemory: {
      schema::Stimulus::Memory::Builder memory = out.initMemory();
      memory.setAddress(stimulus.value);
      return EncodeContent(memory, stimulus.data_size, source);
    }
    case StimulusKind::kFrame: {
      auto frame = out.initFrame();
      frame.setTogether(stimulus.detail != 0);
      return EncodeDelivery(frame, stimulus, source);
    }
    case StimulusKind::kLink:
      return out.setLink(stimulus.detail != 0);
    case StimulusKind::kTimer:
      return out.setTimer(stimulus.detail);
    case StimulusKind::kReset:
      return out.setReset();
    case StimulusKind::kWork:
      return out.setWork();
    case StimulusKind::kPoll:
      return out.setPoll();
  }
}

bool DecodeStimulus(const schema::Stimulus::Reader& in, StimulusShape& shape,
                    std::deque<Offload>& offloads) {
  Stimulus& out = shape.stimulus;
  switch (in.which()) {
    case schema::Stimulus::READ:
      DecodeAccess(in.getRead(), StimulusKind::kRead, out);
      return true;
    case schema::Stimulus::WRITE:
      DecodeAccess(in.getWrite(), StimulusKind::kWrite, out);
      return true;
    case schema::Stimulus::CONFIG_READ:
      DecodeConfig(in.getConfigRead(), StimulusKind::kConfigRead, out);
      return true;
    case schema::Stimulus::CONFIG_WRITE:
      DecodeConfig(in.getConfigWrite(), StimulusKind::kConfigWrite, out);
      return true;
    case schema::Stimulus::MEMORY:
      out.kind = StimulusKind::kMemory;
      out.value = in.getMemory().getAddress();
      shape.source = DecodeContent(in.getMemory(), out);
      return true;
    case schema::Stimulus::FRAME: {
      const auto frame = in.getFrame();  // once: what is visited is counted
      out.kind = StimulusKind::kFrame;
      out.detail = frame.getTogether() ? 1 : 0;
      shape.source = DecodeDelivery(frame, out, offloads);
      return true;
    }
    case schema::Stimulus::LINK:
      out.kind = StimulusKind::kLink;
      out.detail = in.getLink() ? 1 : 0;
      return true;
    case schema::Stimulus::TIMER:
      out.kind = StimulusKind::kTimer;
      out.detail = in.getTimer();
      return true;
    case schema::Stimulus::RESET:
      out.kind = StimulusKind::kReset;
      return true;
    case schema::Stimulus::WORK:
      out.kind = StimulusKind::kWork;
      return true;
    case schema::Stimulus::POLL:
      out.kind = StimulusKind::kPoll;
      return true;
  }
  return false;
}

// --- effects ---

void EncodeEffect(schema::Effect::Builder out, const EffectShape& shape) {
  const Effect& effect = shape.effect;
  switch (effect.kind) {
    case EffectKind::kDmaRead:
      return EncodeDma(out.initDmaRead(), shape);
    case EffectKind::kDmaWrite:
      return EncodeDma(out.initDmaWrite(), shape);
    case EffectKind::kTransmit:
      return EncodeFrame(out.initTransmit(), effect, shape.source);
    case EffectKind::kDelivery:
      return EncodeDelivery(out.initDelivery(), effect, shape.source);
    case EffectKind::kInterrupt:
      return out.setInterrupt(effect.detail != 0);
    case EffectKind::kReady:
      return out.setReady(effect.detail != 0);
    case EffectKind::kTimerArmed: {
      schema::Effect::TimerArmed::Builder timer = out.initTimerArmed();
      timer.setDelay(effect.address);
      return timer.setId(effect.detail);
    }
    case EffectKind::kTimerCancelled:
      return out.setTimerCancelled(effect.detail);
  }
}

bool DecodeEffect(const schema::Effect::Reader& in, EffectShape& shape,
                  std::deque<Offload>& offloads) {
  Effect& out = shape.effect;
  switch (in.which()) {
    case schema::Effect::DMA_READ:
      DecodeDma(in.getDmaRead(), EffectKind::kDmaRead, shape);
      return true;
    case schema::Effect::DMA_WRITE:
      DecodeDma(in.getDmaWrite(), EffectKind::kDmaWrite, shape);
      return true;
    case schema::Effect::TRANSMIT:
      out.kind = EffectKind::kTransmit;
      shape.source = DecodeFrame(in.getTransmit(), out, offloads);
      return true;
    case schema::Effect::DELIVERY:
      out.kind = EffectKind::kDelivery;
      shape.source = DecodeDelivery(in.getDelivery(), out, offloads);
      return true;
    case schema::Effect::INTERRUPT:
      out.kind = EffectKind::kInterrupt;
      out.detail = in.getInterrupt() ? 1 : 0;
      return true;
    case schema::Effect::READY:
      out.kind = EffectKind::kReady;
      out.detail = in.getReady() ? 1 : 0;
      return true;
    case schema::Effect::TIMER_ARMED:
      out.kind = EffectKind::kTimerArmed;
      out.address = in.getTimerArmed().getDelay();
      out.detail = in.getTimerArmed().getId();
      return true;
    case schema::Effect::TIMER_CANCELLED:
      out.kind = EffectKind::kTimerCancelled;
      out.detail = in.getTimerCancelled();
      return true;
  }
  return false;
}

}  // namespace nicreplay

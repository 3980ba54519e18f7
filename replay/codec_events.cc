// SPDX-License-Identifier: MIT
#include "replay/codec_events.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace nicreplay {

namespace {

static_assert(static_cast<int>(schema::Delivery::Result::CONSUMED) ==
              static_cast<int>(ReceiveResult::kConsumed));
static_assert(static_cast<int>(schema::Delivery::Result::KEEP) ==
              static_cast<int>(ReceiveResult::kKeep));
static_assert(static_cast<int>(schema::Delivery::Result::DROPPED) ==
              static_cast<int>(ReceiveResult::kDropped));

constexpr std::size_t kWord = sizeof(capnp::word);
// Stimuli of version 1 have at least the time and the discriminant; effects the discriminant.
constexpr std::size_t kMinStimulusBytes = 2 * kWord;
constexpr std::size_t kMinEffectBytes = kWord;
// Indices stay far from where adding a count could wrap.
constexpr std::uint64_t kMaxIndex = std::uint64_t{1} << 62;

template <typename T>
constexpr std::size_t BytesOf() {
  return capnp::sizeInWords<T>() * kWord;
}

constexpr std::size_t DataBound(std::size_t bytes) { return (bytes + kWord - 1) / kWord * kWord; }

// --- pieces: encode and decode side by side ---

void EncodeBytes(capnp::Data::Builder out, Bytes bytes) {
  if (!bytes.empty()) std::memcpy(out.begin(), bytes.data(), bytes.size());
}

// Anything over 4 GiB is refused by the message's own size long before.
template <typename Event>
void DecodeBytes(capnp::Data::Reader in, Event& event) {
  event.data = in.begin();
  event.data_size = static_cast<std::uint32_t>(in.size());
}

template <typename Event>
void EncodeFrame(schema::Frame::Builder out, const Event& event) {
  EncodeBytes(out.initBytes(event.data_size), event.bytes());
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
void DecodeFrame(const schema::Frame::Reader& in, Event& event, std::deque<Offload>& offloads) {
  DecodeBytes(in.getBytes(), event);
  if (!in.hasOffload()) return;
  const schema::Offload::Reader offload = in.getOffload();
  offloads.push_back({.flags = offload.getFlags(),
                      .gso_type = offload.getGsoType(),
                      .header_length = offload.getHeaderLength(),
                      .gso_size = offload.getGsoSize(),
                      .checksum_start = offload.getChecksumStart(),
                      .checksum_offset = offload.getChecksumOffset()});
  event.offload = &offloads.back();
}

template <typename Event>
void EncodeDelivery(schema::Delivery::Builder out, const Event& event) {
  EncodeFrame(out.initFrame(), event);
  out.setResult(static_cast<schema::Delivery::Result>(event.result));
}

template <typename Event>
void DecodeDelivery(const schema::Delivery::Reader& in, Event& event,
                    std::deque<Offload>& offloads) {
  // FaultOf refuses results outside the enumeration; the cast must not make one valid.
  event.result = static_cast<ReceiveResult>(
      std::min<unsigned>(static_cast<unsigned>(in.getResult()), UINT8_MAX));
  DecodeFrame(in.getFrame(), event, offloads);
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

// --- stimuli ---

void EncodeStimulus(schema::Stimulus::Builder out, const Stimulus& stimulus) {
  out.setTime(stimulus.time);
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
      return EncodeBytes(memory.initBytes(stimulus.data_size), stimulus.bytes());
    }
    case StimulusKind::kFrame:
      return EncodeDelivery(out.initFrame(), stimulus);
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

// False: an alternative that this version does not know.
bool DecodeStimulus(const schema::Stimulus::Reader& in, Stimulus& out,
                    std::deque<Offload>& offloads) {
  out.time = in.getTime();
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
      DecodeBytes(in.getMemory().getBytes(), out);
      return true;
    case schema::Stimulus::FRAME:
      out.kind = StimulusKind::kFrame;
      DecodeDelivery(in.getFrame(), out, offloads);
      return true;
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

void EncodeEffect(schema::Effect::Builder out, const Effect& effect) {
  switch (effect.kind) {
    case EffectKind::kDmaRead: {
      schema::Effect::DmaRead::Builder dma = out.initDmaRead();
      dma.setAddress(effect.address);
      return EncodeBytes(dma.initBytes(effect.data_size), effect.bytes());
    }
    case EffectKind::kDmaWrite: {
      schema::Effect::DmaWrite::Builder dma = out.initDmaWrite();
      dma.setAddress(effect.address);
      return EncodeBytes(dma.initBytes(effect.data_size), effect.bytes());
    }
    case EffectKind::kTransmit:
      return EncodeFrame(out.initTransmit(), effect);
    case EffectKind::kDelivery:
      return EncodeDelivery(out.initDelivery(), effect);
    case EffectKind::kInterrupt:
      return out.setInterrupt(effect.detail != 0);
    case EffectKind::kReady:
      return out.setReady(effect.detail != 0);
    case EffectKind::kTimerArmed: {
      schema::Effect::TimerArmed::Builder timer = out.initTimerArmed();
      timer.setDeadline(effect.address);
      return timer.setId(effect.detail);
    }
    case EffectKind::kTimerCancelled:
      return out.setTimerCancelled(effect.detail);
  }
}

// False: an alternative that this version does not know.
bool DecodeEffect(const schema::Effect::Reader& in, Effect& out, std::deque<Offload>& offloads) {
  switch (in.which()) {
    case schema::Effect::DMA_READ:
      out.kind = EffectKind::kDmaRead;
      out.address = in.getDmaRead().getAddress();
      DecodeBytes(in.getDmaRead().getBytes(), out);
      return true;
    case schema::Effect::DMA_WRITE:
      out.kind = EffectKind::kDmaWrite;
      out.address = in.getDmaWrite().getAddress();
      DecodeBytes(in.getDmaWrite().getBytes(), out);
      return true;
    case schema::Effect::TRANSMIT:
      out.kind = EffectKind::kTransmit;
      DecodeFrame(in.getTransmit(), out, offloads);
      return true;
    case schema::Effect::DELIVERY:
      out.kind = EffectKind::kDelivery;
      DecodeDelivery(in.getDelivery(), out, offloads);
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
      out.address = in.getTimerArmed().getDeadline();
      out.detail = in.getTimerArmed().getId();
      return true;
    case schema::Effect::TIMER_CANCELLED:
      out.kind = EffectKind::kTimerCancelled;
      out.detail = in.getTimerCancelled();
      return true;
  }
  return false;
}

}  // namespace

void EncodeEvents(schema::Events::Builder out, const EventBatch& batch) {
  out.setFirstIndex(batch.first_index);
  auto stimuli = out.initStimuli(static_cast<unsigned>(batch.stimuli.size()));
  for (unsigned i = 0; i < stimuli.size(); ++i) {
    const Stimulus& stimulus = batch.stimuli[i];
    EncodeStimulus(stimuli[i], stimulus);
    if (stimulus.effect_count == 0) continue;
    auto effects = stimuli[i].initEffects(stimulus.effect_count);
    for (unsigned j = 0; j < stimulus.effect_count; ++j) {
      EncodeEffect(effects[j], batch.effects[stimulus.first_effect + j]);
    }
  }
}

Fault EventDecoder::DecodeOne(const schema::Stimulus::Reader& in, Stimulus& stimulus) {
  if (!DecodeStimulus(in, stimulus, chunk_.offloads)) {
    return {ErrorCode::kCorrupt, "a stimulus of an unknown kind"};
  }
  if (Fault fault = FaultOf(stimulus); fault.text != nullptr) return fault;
  if (!in.hasEffects()) return {};
  const auto effects = in.getEffects();
  std::vector<Effect>& all = chunk_.batch.effects;
  const std::size_t first = all.size();
  const std::size_t count = first + effects.size();
  if (count > kMaxChunkEffects || count > message_bytes_ / kMinEffectBytes) {
    return {ErrorCode::kTooLarge, "more effects than a chunk may hold"};
  }
  stimulus.first_effect = static_cast<std::uint32_t>(first);
  stimulus.effect_count = effects.size();
  for (unsigned i = 0; i < effects.size(); ++i) {
    Effect& effect = all.emplace_back();
    if (!DecodeEffect(effects[i], effect, chunk_.offloads)) {
      return {ErrorCode::kCorrupt, "an effect of an unknown kind"};
    }
    if (Fault fault = FaultOf(effect); fault.text != nullptr) return fault;
  }
  return {};
}

Result<EventChunk> EventDecoder::Run(schema::Events::Reader in) {
  EventBatch& batch = chunk_.batch;
  batch.first_index = in.getFirstIndex();
  if (batch.first_index > kMaxIndex) return Fail(ErrorCode::kCorrupt, "an index out of range");
  const auto stimuli = in.getStimuli();
  if (stimuli.size() > kMaxChunkStimuli || stimuli.size() > message_bytes_ / kMinStimulusBytes) {
    return Fail(ErrorCode::kTooLarge, "more stimuli than a chunk may hold");
  }
  batch.stimuli.clear();
  batch.effects.clear();
  batch.stimuli.reserve(stimuli.size());
  Nanoseconds time = 0;
  for (unsigned i = 0; i < stimuli.size(); ++i) {
    index = batch.first_index + i;
    Stimulus& stimulus = batch.stimuli.emplace_back();
    if (Fault fault = DecodeOne(stimuli[i], stimulus); fault.text != nullptr) {
      return Fail(fault.code, fault.text);
    }
    if (stimulus.time < time) return Fail(ErrorCode::kOutOfOrder, "time runs backwards");
    time = stimulus.time;
  }
  return std::move(chunk_);
}

std::size_t EncodedBound(const Stimulus& stimulus, std::span<const Effect> effects) {
  constexpr std::size_t kDelivery =
      BytesOf<schema::Delivery>() + BytesOf<schema::Frame>() + BytesOf<schema::Offload>();
  std::size_t bytes = BytesOf<schema::Stimulus>();
  if (stimulus.kind == StimulusKind::kMemory || stimulus.kind == StimulusKind::kFrame) {
    bytes += kDelivery + DataBound(stimulus.data_size);
  }
  if (!effects.empty()) bytes += kWord;  // the list's tag
  for (const Effect& effect : effects) {
    bytes += BytesOf<schema::Effect>() + DataBound(effect.data_size);
    if (effect.kind == EffectKind::kTransmit || effect.kind == EffectKind::kDelivery) {
      bytes += kDelivery;
    }
  }
  return bytes;
}

}  // namespace nicreplay

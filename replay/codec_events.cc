// SPDX-License-Identifier: MIT
#include "replay/codec_events.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <string>
#include <unordered_map>
#include <utility>

#include "replay/codec_shapes.h"
#include "replay/payload.h"

namespace nicreplay {

namespace {

static_assert(std::endian::native == std::endian::little, "columns are read as they lie");

constexpr std::size_t kWord = sizeof(capnp::word);
// Stimuli have at least the discriminant, and so have effects.
constexpr std::size_t kMinShapeBytes = kWord;
// Indices stay far from where adding a count could wrap.
constexpr std::uint64_t kMaxIndex = std::uint64_t{1} << 62;

template <typename T>
constexpr std::size_t BytesOf() {
  return capnp::sizeInWords<T>() * kWord;
}

constexpr Fault kOtherElements = {ErrorCode::kCorrupt, "a column with elements of another size"};

// --- columns ---

template <typename Builder, typename T>
void EncodeColumn(Builder out, const std::vector<T>& column) {
  for (unsigned i = 0; i < out.size(); ++i) out.set(i, column[i]);
}

// False: elements of another size.
template <typename T>
bool DecodeColumn(capnp::AnyList::Reader in, capnp::ElementSize element, std::span<const T>& out) {
  out = {};
  if (in.size() == 0) return true;
  if (in.getElementSize() != element) return false;
  out = {reinterpret_cast<const T*>(in.getRawBytes().begin()), in.size()};
  return true;
}

}  // namespace

// --- encoding ---

namespace {

// Collects the columns and the different stimuli of a batch.
class EventEncoder {
 public:
  explicit EventEncoder(const EventBatch& batch) : batch_(batch) {
    order_.reserve(batch.stimuli.size());
    delays_.reserve(batch.stimuli.size());
    time_ = batch.stimuli.empty() ? 0 : batch.stimuli.front().time;
    for (const Stimulus& stimulus : batch.stimuli) Add(stimulus);
  }

  void Write(schema::Events::Builder out) const;

 private:
  struct Shape {
    Stimulus stimulus;
    Source source = Source::kFresh;
    std::vector<std::uint32_t> effects;
  };

  void Add(const Stimulus& stimulus);
  void AddDelay(Nanoseconds time);
  Source AddContent(Bytes bytes);
  void AddAddress(std::span<const Effect> before, EffectShape& shape);
  std::uint32_t NumberOf(const EffectShape& shape);
  std::uint32_t NumberOf(const Shape& shape);
  template <typename... T>
  void Put(const T&... values) {
    (key_.append(reinterpret_cast<const char*>(&values), sizeof values), ...);
  }
  template <typename Event>
  void PutFrame(const Event& event);

  const EventBatch& batch_;
  std::vector<Shape> shapes_;
  std::vector<EffectShape> effects_;
  std::string key_;  // all of the shape that is looked for
  std::unordered_map<std::string, std::uint32_t> shape_numbers_;
  std::unordered_map<std::string, std::uint32_t> effect_numbers_;

  std::vector<std::uint32_t> order_;
  std::vector<std::uint16_t> delays_;
  std::vector<std::uint64_t> long_delays_;
  std::vector<std::uint32_t> addresses_;
  std::vector<std::uint32_t> piece_starts_;
  std::vector<std::uint32_t> piece_sizes_;
  PayloadWriter payload_;
  std::size_t payload_used_ = 0;  // behind the last byte
  Nanoseconds time_ = 0;
};

void EventEncoder::AddDelay(Nanoseconds time) {
  const Nanoseconds delay = time - time_;
  time_ = time;
  delays_.push_back(static_cast<std::uint16_t>(std::min<Nanoseconds>(delay, kLongDelay)));
  if (delay >= kLongDelay) long_delays_.push_back(delay);
}

Source EventEncoder::AddContent(Bytes bytes) {
  if (bytes.empty()) return Source::kFresh;
  const std::vector<PayloadWriter::Piece>& pieces = payload_.Add(bytes);
  const bool fresh = pieces.size() == 1 && pieces[0].start == payload_used_;
  for (const PayloadWriter::Piece& piece : pieces) {
    payload_used_ = std::max<std::size_t>(payload_used_, piece.start + piece.size);
    if (fresh) continue;
    piece_starts_.push_back(piece.start);
    piece_sizes_.push_back(piece.size);
  }
  return fresh ? Source::kFresh : Source::kPieces;
}

// A descriptor is written back where it was read: such addresses are part of the shape.
void EventEncoder::AddAddress(std::span<const Effect> before, EffectShape& shape) {
  constexpr std::uint64_t kNear = 16;
  constexpr std::size_t kLookBack = 64;
  Effect& effect = shape.effect;
  const std::size_t count = std::min<std::size_t>(before.size(), UINT16_MAX - 1);
  for (std::size_t i = count; i > 0 && count - i < kLookBack; --i) {
    if (!IsDma(before[i - 1].kind) || effect.address - before[i - 1].address >= kNear) continue;
    effect.address -= before[i - 1].address;
    shape.base = static_cast<std::uint16_t>(i);
    return;
  }
  addresses_.push_back(static_cast<std::uint32_t>(effect.address));
  effect.address &= ~std::uint64_t{UINT32_MAX};
}

template <typename Event>
void EventEncoder::PutFrame(const Event& event) {
  const Offload none;
  const Offload& offload = event.offload == nullptr ? none : *event.offload;
  Put(event.data_size, event.result, offload.flags, offload.gso_type, offload.header_length,
      offload.gso_size, offload.checksum_start, offload.checksum_offset);
}

std::uint32_t EventEncoder::NumberOf(const EffectShape& shape) {
  const Effect& effect = shape.effect;
  key_.clear();
  Put(effect.kind, effect.detail, effect.address, shape.base, shape.source);
  PutFrame(effect);
  const auto [found, fresh] =
      effect_numbers_.emplace(key_, static_cast<std::uint32_t>(effects_.size()));
  if (fresh) effects_.push_back(shape);
  return found->second;
}

std::uint32_t EventEncoder::NumberOf(const Shape& shape) {
  const Stimulus& stimulus = shape.stimulus;
  key_.clear();
  Put(stimulus.kind, stimulus.bar, stimulus.size, stimulus.detail, stimulus.offset, stimulus.value,
      shape.source);
  PutFrame(stimulus);
  for (const std::uint32_t effect : shape.effects) Put(effect);
  const auto [found, fresh] =
      shape_numbers_.emplace(key_, static_cast<std::uint32_t>(shapes_.size()));
  if (fresh) shapes_.push_back(shape);
  return found->second;
}

void EventEncoder::Add(const Stimulus& stimulus) {
  AddDelay(stimulus.time);
  Shape shape{stimulus, AddContent(stimulus.bytes()), {}};
  const std::span<const Effect> effects = batch_.EffectsOf(stimulus);
  shape.effects.reserve(effects.size());
  for (std::size_t i = 0; i < effects.size(); ++i) {
    EffectShape effect{effects[i]};
    if (IsDma(effects[i].kind)) AddAddress(effects.first(i), effect);
    if (effects[i].kind == EffectKind::kTimerArmed) effect.effect.address -= stimulus.time;
    effect.source = AddContent(effects[i].bytes());
    shape.effects.push_back(NumberOf(effect));
  }
  order_.push_back(NumberOf(shape));
}

void EventEncoder::Write(schema::Events::Builder out) const {
  const auto size = [](const auto& items) { return static_cast<unsigned>(items.size()); };
  out.setFirstIndex(batch_.first_index);
  out.setStartTime(batch_.stimuli.empty() ? 0 : batch_.stimuli.front().time);
  auto stimuli = out.initStimuli(size(shapes_));
  for (unsigned i = 0; i < stimuli.size(); ++i) {
    const Shape& shape = shapes_[i];
    EncodeStimulus(stimuli[i], shape.stimulus, shape.source);
    if (shape.effects.empty()) continue;
    EncodeColumn(stimuli[i].initEffects(size(shape.effects)), shape.effects);
  }
  auto effects = out.initEffects(size(effects_));
  for (unsigned i = 0; i < effects.size(); ++i) EncodeEffect(effects[i], effects_[i]);
  EncodeColumn(out.initOrder(size(order_)), order_);
  EncodeColumn(out.initDelays(size(delays_)), delays_);
  EncodeColumn(out.initLongDelays(size(long_delays_)), long_delays_);
  EncodeColumn(out.initAddresses(size(addresses_)), addresses_);
  EncodeColumn(out.initPieceStarts(size(piece_starts_)), piece_starts_);
  EncodeColumn(out.initPieceSizes(size(piece_sizes_)), piece_sizes_);
  std::ranges::copy(payload_.bytes(), out.initPayload(size(payload_.bytes())).begin());
}

}  // namespace

void EncodeEvents(schema::Events::Builder out, const EventBatch& batch) {
  EventEncoder(batch).Write(out);
}

std::size_t EncodedBound(const Stimulus& stimulus, std::span<const Effect> effects) {
  constexpr std::size_t kFrame =
      BytesOf<schema::Delivery>() + BytesOf<schema::Frame>() + BytesOf<schema::Offload>();
  // Of order, delays, longDelays.
  constexpr std::size_t kColumns =
      sizeof(std::uint32_t) + sizeof(std::uint16_t) + sizeof(std::uint64_t);
  std::size_t bytes = BytesOf<schema::Stimulus>() + kColumns;
  if (stimulus.kind == StimulusKind::kFrame) bytes += kFrame;
  if (stimulus.data_size != 0) bytes += stimulus.data_size + PayloadWriter::kOverhead;
  if (!effects.empty()) bytes += kWord;  // an odd number fills up its word
  for (const Effect& effect : effects) {
    bytes += BytesOf<schema::Effect>() + sizeof(std::uint32_t);
    if (effect.data_size != 0) bytes += effect.data_size + PayloadWriter::kOverhead;
    if (IsDma(effect.kind)) bytes += sizeof(std::uint32_t);
    if (effect.kind == EffectKind::kTransmit || effect.kind == EffectKind::kDelivery) {
      bytes += kFrame;
    }
  }
  return bytes;
}

// --- decoding ---

EventDecoder::EventDecoder(std::size_t message_bytes, EventChunk spare)
    : message_bytes_(message_bytes) {
  // Only the memory of those is of use.
  chunk_.shapes = std::move(spare.shapes);
  chunk_.effects = std::move(spare.effects);
  chunk_.shapes.clear();
  chunk_.effects.clear();
}

Fault EventDecoder::ReadColumns(schema::Events::Reader in) {
  using Size = capnp::ElementSize;
  if (!DecodeColumn(in.getOrder(), Size::FOUR_BYTES, chunk_.order) ||
      !DecodeColumn(in.getDelays(), Size::TWO_BYTES, chunk_.delays) ||
      !DecodeColumn(in.getLongDelays(), Size::EIGHT_BYTES, chunk_.long_delays) ||
      !DecodeColumn(in.getAddresses(), Size::FOUR_BYTES, chunk_.addresses) ||
      !DecodeColumn(in.getPieceStarts(), Size::FOUR_BYTES, chunk_.piece_starts) ||
      !DecodeColumn(in.getPieceSizes(), Size::FOUR_BYTES, chunk_.piece_sizes)) {
    return kOtherElements;
  }
  const capnp::Data::Reader payload = in.getPayload();
  chunk_.payload = {payload.begin(), payload.size()};
  if (chunk_.order.size() > kMaxChunkStimuli) {
    return {ErrorCode::kTooLarge, "more stimuli than a chunk may hold"};
  }
  if (chunk_.delays.size() != chunk_.order.size() ||
      chunk_.piece_starts.size() != chunk_.piece_sizes.size()) {
    return {ErrorCode::kCorrupt, "columns of different lengths"};
  }
  return {};
}

// A fault is kept for the stimulus that causes such an effect.
Fault EventDecoder::ReadEffects(schema::Events::Reader in) {
  const auto effects = in.getEffects();
  if (effects.size() > kMaxChunkEffects || effects.size() > message_bytes_ / kMinShapeBytes) {
    return {ErrorCode::kTooLarge, "more different effects than a chunk may hold"};
  }
  chunk_.effects.reserve(effects.size());
  for (unsigned i = 0; i < effects.size() && effect_fault_.text == nullptr; ++i) {
    EffectShape& shape = chunk_.effects.emplace_back();
    if (!DecodeEffect(effects[i], shape, chunk_.offloads)) {
      effect_fault_ = {ErrorCode::kCorrupt, "an effect of an unknown kind"};
    } else {
      effect_fault_ = FaultOf(shape.effect);
    }
  }
  if (effect_fault_.text != nullptr) chunk_.effects.pop_back();
  return {};
}

// What the stimulus lists as its effects.
Fault EventDecoder::CheckEffects(StimulusShape& shape) const {
  for (std::size_t i = 0; i < shape.effects.size(); ++i) {
    if (shape.effects[i] >= chunk_.effects.size()) {
      if (effect_fault_.text != nullptr) return effect_fault_;
      return {ErrorCode::kCorrupt, "an effect that is not listed"};
    }
    const EffectShape& effect = chunk_.effects[shape.effects[i]];
    if (!IsDma(effect.effect.kind)) continue;
    if (effect.base > i ||
        (effect.base != 0 && !IsDma(chunk_.effects[shape.effects[effect.base - 1]].effect.kind))) {
      return {ErrorCode::kCorrupt, "an address relative to what is no DMA before it"};
    }
    shape.addresses += effect.base == 0 ? 1 : 0;
    shape.reads_dma = shape.reads_dma || effect.effect.kind == EffectKind::kDmaRead;
  }
  return {};
}

Fault EventDecoder::ReadShape(const schema::Stimulus::Reader& in) {
  StimulusShape& shape = chunk_.shapes.emplace_back();
  if (!DecodeStimulus(in, shape, chunk_.offloads)) {
    return {ErrorCode::kCorrupt, "a stimulus of an unknown kind"};
  }
  if (Fault fault = FaultOf(shape.stimulus); fault.text != nullptr) return fault;
  shape.plain = shape.stimulus.data_size == 0;
  if (!in.hasEffects()) return {};
  if (!DecodeColumn(in.getEffects(), capnp::ElementSize::FOUR_BYTES, shape.effects)) {
    return kOtherElements;
  }
  if (shape.effects.size() > kMaxChunkEffects) {
    return {ErrorCode::kTooLarge, "more effects than a chunk may hold"};
  }
  shape.stimulus.effect_count = static_cast<std::uint32_t>(shape.effects.size());
  shape.plain = shape.plain && shape.effects.empty();
  return CheckEffects(shape);
}

Fault EventDecoder::ReadShapes(schema::Events::Reader in) {
  const auto shapes = in.getStimuli();
  if (shapes.size() > kMaxChunkStimuli || shapes.size() > message_bytes_ / kMinShapeBytes) {
    return {ErrorCode::kTooLarge, "more different stimuli than a chunk may hold"};
  }
  chunk_.shapes.reserve(shapes.size());
  for (unsigned i = 0; i < shapes.size(); ++i) {
    const Fault fault = ReadShape(shapes[i]);
    if (fault.text == nullptr) continue;
    // Of the first event that is like this.
    const auto found = std::find(chunk_.order.begin(), chunk_.order.end(), i);
    if (found != chunk_.order.end()) {
      index = chunk_.first_index + static_cast<std::uint64_t>(found - chunk_.order.begin());
    }
    return fault;
  }
  return {};
}

Fault EventDecoder::CheckContent(std::size_t size, Source source) {
  if (size == 0) return {};
  chunk_.content_bytes += size;
  if (chunk_.content_bytes > kMaxChunkBytes) {
    return {ErrorCode::kTooLarge, "events of more than 64 MiB in a chunk"};
  }
  if (source == Source::kFresh) {
    taken_.payload += size;
    if (taken_.payload <= chunk_.payload.size()) return {};
    return {ErrorCode::kCorrupt, "more bytes than the payload has"};
  }
  for (std::size_t done = 0; done < size; ++taken_.pieces) {
    if (taken_.pieces == chunk_.piece_sizes.size()) {
      return {ErrorCode::kCorrupt, "more bytes than there are pieces"};
    }
    const std::size_t piece = chunk_.piece_sizes[taken_.pieces];
    const std::size_t end = chunk_.piece_starts[taken_.pieces] + piece;
    if (piece == 0 || piece > size - done || end > chunk_.payload.size()) {
      return {ErrorCode::kCorrupt, "a piece that does not fit"};
    }
    done += piece;
    taken_.payload = std::max(taken_.payload, end);
  }
  return {};
}

Fault EventDecoder::CheckEvent(const StimulusShape& shape) {
  taken_.effects += shape.effects.size();
  if (taken_.effects > kMaxChunkEffects) {
    return {ErrorCode::kTooLarge, "more effects than a chunk may hold"};
  }
  taken_.addresses += shape.addresses;
  if (taken_.addresses > chunk_.addresses.size()) {
    return {ErrorCode::kCorrupt, "fewer addresses than DMA"};
  }
  Fault fault = CheckContent(shape.stimulus.data_size, shape.source);
  for (std::size_t i = 0; i < shape.effects.size() && fault.text == nullptr; ++i) {
    const EffectShape& effect = chunk_.effects[shape.effects[i]];
    fault = CheckContent(effect.effect.data_size, effect.source);
  }
  return fault;
}

// The totals of all events, `counts` being how many are like each shape.
void EventDecoder::AddTotals(const std::vector<std::uint32_t>& counts) {
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const StimulusShape& shape = chunk_.shapes[i];
    TraceTotals one;
    one.AddStimulus(shape.stimulus);
    for (const std::uint32_t effect : shape.effects) one.AddEffect(chunk_.effects[effect].effect);
    chunk_.totals.Add(one, counts[i]);
  }
}

// That the columns hold what the events take from them.
Fault EventDecoder::CheckEvents() {
  constexpr Nanoseconds kEnd = std::numeric_limits<Nanoseconds>::max();
  std::vector<std::uint32_t> counts(chunk_.shapes.size());
  Nanoseconds time = chunk_.start_time;
  for (std::size_t i = 0; i < chunk_.size(); ++i) {
    index = chunk_.first_index + i;
    const std::uint32_t number = chunk_.order[i];
    if (number >= chunk_.shapes.size()) {
      return {ErrorCode::kCorrupt, "a stimulus that is not listed"};
    }
    Nanoseconds delay = chunk_.delays[i];
    if (delay == kLongDelay) {
      if (taken_.long_delays == chunk_.long_delays.size()) {
        return {ErrorCode::kCorrupt, "fewer long delays than said"};
      }
      delay = chunk_.long_delays[taken_.long_delays++];
    }
    if (delay > kEnd - time) return {ErrorCode::kOutOfOrder, "time runs backwards"};
    time += delay;
    if (i == 0) chunk_.first_time = time;
    ++counts[number];
    if (chunk_.shapes[number].plain) continue;
    if (Fault fault = CheckEvent(chunk_.shapes[number]); fault.text != nullptr) return fault;
  }
  chunk_.last_time = time;
  AddTotals(counts);
  return CheckEnd();
}

// Nothing in a chunk is there for nothing.
Fault EventDecoder::CheckEnd() const {
  if (taken_.long_delays != chunk_.long_delays.size() ||
      taken_.addresses != chunk_.addresses.size() || taken_.pieces != chunk_.piece_sizes.size() ||
      taken_.payload != chunk_.payload.size()) {
    return {ErrorCode::kCorrupt, "columns that hold more than the events take"};
  }
  return {};
}

Result<EventChunk> EventDecoder::Run(schema::Events::Reader in) {
  chunk_.first_index = in.getFirstIndex();
  if (chunk_.first_index > kMaxIndex) return Fail(ErrorCode::kCorrupt, "an index out of range");
  chunk_.start_time = in.getStartTime();
  index = chunk_.first_index;
  Fault fault = ReadColumns(in);
  if (fault.text == nullptr) fault = ReadEffects(in);
  if (fault.text == nullptr) fault = ReadShapes(in);
  if (fault.text == nullptr) fault = effect_fault_;
  if (fault.text == nullptr) fault = CheckEvents();
  if (fault.text != nullptr) return Fail(fault.code, fault.text);
  return std::move(chunk_);
}

}  // namespace nicreplay

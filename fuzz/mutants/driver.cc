// SPDX-License-Identifier: MIT
#include "fuzz/mutants/driver.h"

#include <algorithm>
#include <cstring>

#include "models/pci_config.h"
#include "replay/load.h"

namespace nicreplay {

namespace {

constexpr std::size_t kRamSize = std::size_t{1} << 20;
constexpr GuestAddress kRxBufferStride = 0x4000;
constexpr std::uint32_t kMdicRead = 1u << 27;
constexpr std::uint32_t kMdicWrite = 1u << 26;

}  // namespace

std::string_view LabelledProgram::StepOf(std::uint64_t event) const {
  std::string_view step;
  for (const Label& label : labels) {
    if (label.event <= event) step = label.step;
  }
  return step;
}

Driver::Driver(const std::string& model, const std::string& path)
    : path_(path), machine_(kRamSize) {
  TraceHeader header;
  header.model = model;
  header.recorder = "scripted session";
  writer_ = TraceWriter::Create(path, header).value();
  device_ =
      RecordingDevice::Create(**FindModel(model), *Options::Parse(""), machine_, *this).value();
  machine_.Attach(device_.get());
}

void Driver::Step(const std::string& name) { labels_.push_back({events_, name}); }

Result<LabelledProgram> Driver::Finish() {
  if (auto finished = writer_->Finish(); !finished) return tl::make_unexpected(finished.error());
  auto loaded = LoadProgram(path_, Salvage::kNo);
  if (!loaded) return tl::make_unexpected(loaded.error());
  return LabelledProgram{std::move(loaded->program), labels_};
}

void Driver::OnStimulus(const Stimulus& stimulus, std::span<const Effect> effects) {
  ++events_;
  writer_->OnStimulus(stimulus, effects);
}

void Driver::OnRecordingFailed(const Error& error) { writer_->OnRecordingFailed(error); }

std::uint64_t Driver::Do(Stimulus stimulus) {
  stimulus.time = now_;
  return machine_.Apply(stimulus);
}

void Driver::Reset() { Do({.kind = StimulusKind::kReset}); }

void Driver::Config(std::uint8_t offset, std::uint8_t size, std::uint32_t value) {
  Do({.value = value, .offset = offset, .kind = StimulusKind::kConfigWrite, .size = size});
}

std::uint32_t Driver::ConfigRead(std::uint8_t offset, std::uint8_t size) {
  return static_cast<std::uint32_t>(
      Do({.offset = offset, .kind = StimulusKind::kConfigRead, .size = size}));
}

std::uint64_t Driver::Read(std::uint32_t offset, std::uint8_t size) {
  return Do({.offset = offset, .kind = StimulusKind::kRead, .size = size});
}

void Driver::Write(std::uint32_t offset, std::uint64_t value, std::uint8_t size) {
  Do({.value = value, .offset = offset, .kind = StimulusKind::kWrite, .size = size});
}

void Driver::ReadAll(std::initializer_list<std::uint32_t> offsets) {
  for (const std::uint32_t offset : offsets) Read(offset);
}

void Driver::Offer(const ByteVector& frame) {
  Do({.data = frame.data(),
      .data_size = static_cast<std::uint32_t>(frame.size()),
      .kind = StimulusKind::kFrame});
}

void Driver::Link(LinkState state) {
  Do({.kind = StimulusKind::kLink,
      .detail = static_cast<std::uint8_t>(state == LinkState::kUp ? 1 : 0)});
}

void Driver::Put(GuestAddress address, Bytes bytes) {
  std::copy(bytes.begin(), bytes.end(),
            machine_.ram().begin() + static_cast<std::ptrdiff_t>(address));
}

std::uint32_t Driver::ReadPhy(std::uint8_t reg, std::uint8_t phy) {
  Write(e1000::kMDIC, kMdicRead | reg << 16 | phy << 21);
  return static_cast<std::uint32_t>(Read(e1000::kMDIC)) & 0xffff;
}

void Driver::WritePhy(std::uint8_t reg, std::uint16_t value) {
  Write(e1000::kMDIC, kMdicWrite | reg << 16 | 1u << 21 | value);
}

void Driver::StartTransmit() {
  Write(e1000::kTCTL, 0);
  Write(e1000::kTDBAL, kTxRing);
  Write(e1000::kTDBAH, 0);
  Write(e1000::kTDLEN, kTxCount * e1000::kDescriptorSize);
  Write(e1000::kTDH, 0);
  Write(e1000::kTDT, 0);
  Write(e1000::kTCTL, e1000::tctl::kEN);
  tail_ = 0;
}

void Driver::Submit(const std::vector<e1000::RawDescriptor>& descriptors) {
  for (const e1000::RawDescriptor& descriptor : descriptors) {
    Put(kTxRing + tail_ * e1000::kDescriptorSize, descriptor);
    tail_ = (tail_ + 1) % kTxCount;
  }
  Write(e1000::kTDT, tail_);
}

void Driver::StartReceive(std::uint32_t rctl) {
  Write(e1000::kRDBAL, kRxRing);
  Write(e1000::kRDBAH, 0);
  Write(e1000::kRDLEN, kRxCount * e1000::kDescriptorSize);
  Write(e1000::kRCTL, rctl | e1000::rctl::kEN);
  Wait(1'100'000'000);  // past the flush timer
  FillReceive();
}

void Driver::FillReceive(std::uint8_t guest_status) {
  for (std::uint32_t i = 0; i < kRxCount; ++i) {
    e1000::RxDescriptor descriptor{};
    descriptor.buffer_address = kRxBuffers + i * kRxBufferStride;
    descriptor.checksum = 0xc5c5;
    descriptor.status = guest_status;
    Put(kRxRing + i * e1000::kDescriptorSize, e1000::Encode(descriptor));
  }
  Write(e1000::kRDH, 0);
  Write(e1000::kRDT, kRxCount - 1);
}

ByteVector MakeFrame(std::size_t size, const Address& destination) {
  ByteVector frame(size);
  for (std::size_t i = 0; i < size; ++i) frame[i] = static_cast<std::uint8_t>(3 * i + 1);
  std::copy_n(destination.begin(), std::min<std::size_t>(6, size), frame.begin());
  if (size >= 14) {
    frame[12] = 0x08;
    frame[13] = 0x00;
  }
  return frame;
}

ByteVector Tagged(ByteVector frame, std::uint16_t tag, std::uint16_t type) {
  const std::array<std::uint8_t, 4> bytes = {
      static_cast<std::uint8_t>(type >> 8), static_cast<std::uint8_t>(type),
      static_cast<std::uint8_t>(tag >> 8), static_cast<std::uint8_t>(tag)};
  frame.insert(frame.begin() + 12, bytes.begin(), bytes.end());
  return frame;
}

}  // namespace nicreplay

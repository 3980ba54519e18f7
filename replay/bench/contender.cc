// SPDX-License-Identifier: MIT
#include "replay/bench/contender.h"

#include <fmt/format.h>

#include <algorithm>

#include "models/pci_config.h"
#include "models/registry.h"
#include "models/virtio/spec.h"
#include "replay/bench/e1000_driver.h"
#include "replay/bench/noop_device.h"
#include "replay/bench/virtio_driver.h"

namespace nicreplay::bench {

namespace {

constexpr std::uint32_t kBar0 = 0xfebc0000;
constexpr std::uint16_t kEverythingOn = 0x7;  // PCI 3.0, 6.2.2: decoding and bus mastering

constexpr std::size_t kPackets = 16;  // in guest memory, sent in turns
// Not a multiple of 4096: packets that compete for the same few lines of a cache are no work of a
// device.
constexpr GuestAddress kPacketStride = 0x12140;
constexpr GuestAddress kPayloadOffset = 0x1000;

constexpr std::size_t kCheckedPackets = 40;
constexpr std::uint32_t kFramesATick = 192;  // between two looks at the clock
constexpr std::size_t kBurst = 64;           // wire frames that are received at once
constexpr std::uint32_t kTicksABatch = 16;
constexpr std::size_t kRequests = 16;
constexpr Nanoseconds kPollPeriod = 50'000;
constexpr int kMaxIdle = 1000;

Stimulus ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint64_t value) {
  return {.value = value, .offset = offset, .kind = StimulusKind::kConfigWrite, .size = size};
}

constexpr OffloadSet kOffloadsOfWorkloads = kOffloadChecksum | kOffloadTcp4;

// The driver that a guest would load for a device with these ids.
std::unique_ptr<NativeDriver> CreateDriver(const DeviceInfo& info, Bus& bus, MutableBytes ram) {
  if (info.vendor_id == virtio::kVendorId) return std::make_unique<VirtioDriver>(bus, ram);
  return std::make_unique<E1000Driver>(bus, ram);
}

// Compares what comes with what should, over and over.
class ContentCheck {
 public:
  explicit ContentCheck(std::vector<std::vector<std::uint8_t>> expected)
      : expected_(std::move(expected)) {}

  void See(Bytes frame) {
    const auto& expected = expected_[seen_++ % expected_.size()];
    if (!fault_.empty() || std::ranges::equal(frame, expected)) return;
    const auto differ = std::ranges::mismatch(frame, expected);
    fault_ = fmt::format("frame {} of {} bytes (expected {}) differs at byte {}", seen_ - 1,
                         frame.size(), expected.size(), differ.in2 - expected.begin());
  }
  void SeeFrame(const Frame& frame) {
    for (const auto& bytes : WireFramesOf(frame)) See(bytes);
  }
  const std::string& fault() const { return fault_; }

 private:
  const std::vector<std::vector<std::uint8_t>> expected_;
  std::size_t seen_ = 0;
  std::string fault_;
};

}  // namespace

Contender::Contender(const Row& row, const Workload& workload, Wire& wire, Nanoseconds exit_cost)
    : row_(row),
      workload_(workload),
      wire_(wire),
      exit_cost_(exit_cost),
      machine_(kRamSize, wire.backend()),
      incoming_(workload.packet) {
  machine_.set_drain([this] {
    Pause();
    Status drained = wire_.Drain();
    Resume();
    return drained;
  });
}

Result<std::unique_ptr<Contender>> Contender::Create(const Row& row, const Workload& workload,
                                                     Wire& wire, Nanoseconds exit_cost) {
  std::unique_ptr<Contender> contender(new Contender(row, workload, wire, exit_cost));
  if (auto started = contender->Start(); !started) return tl::make_unexpected(started.error());
  if (row.model.empty()) return contender;
  if (auto checked = contender->CheckContents(); !checked) {
    return tl::make_unexpected(checked.error());
  }
  return contender;
}

Result<std::unique_ptr<Device>> Contender::CreateDevice() {
  if (harness()) return CreateNoopDevice(machine_);
  const bool offloads = (kOffloadsOfWorkloads & ~wire_.backend().offloads()) == 0;
  return CreateModel(row_.model, offloads ? row_.offload_options : row_.options, machine_);
}

Status Contender::Start() {
  auto device = CreateDevice();
  if (!device) return tl::make_unexpected(device.error());
  device_ = std::move(*device);
  machine_.Attach(device_.get());
  device_->Reset();
  machine_.Apply(ConfigWrite(PciConfig::kBar0, 4, kBar0));
  machine_.Apply(ConfigWrite(PciConfig::kCommand, 2, kEverythingOn));
  bus_.emplace(*device_, row_.doorbells);
  driver_ = CreateDriver(device_->info(), *bus_, machine_.ram());
  driver_->Start();
  PlacePackets();
  // The stock device receives nothing for a second after it was enabled.
  machine_.AdvanceBy(Nanoseconds{2'000'000'000});
  virtual_base_ = machine_.Now();
  Poll();
  ServiceIfRaised();
  return Ok();
}

void Contender::PlacePackets() {
  const PacketShape& shape = workload_.receives ? workload_.answer : workload_.packet;
  const std::vector<std::uint8_t> bytes = BuildPacket(shape, Direction::kToNetwork);
  const auto payload = bytes.begin() + shape.header_size();
  packets_.reserve(kPackets);
  for (std::size_t i = 0; i < kPackets; ++i) {
    TransmitPacket packet{shape, kPacketMemory + i * kPacketStride, 0};
    packet.payload =
        packet.headers +
        (shape.checksum == TransportChecksum::kPartial ? kPayloadOffset : shape.header_size());
    std::copy(bytes.begin(), payload, machine_.ram().begin() + static_cast<long>(packet.headers));
    std::copy(payload, bytes.end(), machine_.ram().begin() + static_cast<long>(packet.payload));
    driver_->Prepare(packet);
    packets_.push_back(packet);
  }
}

Status Contender::CheckContents() {
  const PacketShape& sent = packets_.front().shape;
  const std::vector<std::uint8_t> bytes = BuildPacket(sent, Direction::kToNetwork);
  const Bytes piece = bytes;
  ContentCheck outgoing(WireFramesOf({{&piece, 1}, OffloadOf(sent)}));
  ContentCheck incoming(incoming_->wire_bytes());
  machine_.set_inspector([&](const Frame& frame) { outgoing.SeeFrame(frame); });
  driver_->set_inspector([&](Bytes frame) { incoming.See(frame); });
  Resume();
  Status done = workload_.receives ? Receive(std::min(kCheckedPackets, PacketsAtOnce()))
                                   : Transmit(kCheckedPackets);
  if (done) done = Drain();
  Pause();
  machine_.set_inspector(nullptr);
  driver_->set_inspector(nullptr);
  if (done) done = CheckCounts();
  for (const ContentCheck* check : {&outgoing, &incoming}) {
    if (done && !check->fault().empty()) {
      return Fail(ErrorCode::kCorrupt,
                  fmt::format("{}, {}: {}", row_.name, workload_.name, check->fault()));
    }
  }
  return done;
}

Status Contender::CheckCounts() const {
  if (machine_.error()) return tl::make_unexpected(*machine_.error());
  if (harness()) return Ok();
  const PacketShape& out = packets_.front().shape;
  const PacketShape& in = workload_.packet;
  const auto check = [&](const char* what, std::uint64_t found, std::uint64_t expected) -> Status {
    if (found == expected) return Ok();
    return Fail(ErrorCode::kCorrupt, fmt::format("{}, {}: {} {}, expected {}", row_.name,
                                                 workload_.name, found, what, expected));
  };
  Status status = check("frames sent", machine_.frames_sent(), packets_sent_ * out.wire_frames());
  if (status) status = check("bytes sent", machine_.bytes_sent(), packets_sent_ * out.wire_bytes());
  if (status) {
    status =
        check("frames received", driver_->frames_received(), packets_offered_ * in.wire_frames());
  }
  if (status && packets_offered_ != 0) {
    status = check("bytes received", driver_->bytes_received(), packets_offered_ * in.wire_bytes());
  }
  return status;
}

void Contender::Resume() {
  resumed_ = Clock::now();
  stopwatch_.Resume();
}

void Contender::Pause() {
  stopwatch_.Pause();
  virtual_base_ += static_cast<Nanoseconds>((Clock::now() - resumed_).count());
}

void Contender::Tick() {
  const auto wall = static_cast<Nanoseconds>((Clock::now() - resumed_).count());
  machine_.AdvanceTo(virtual_base_ + wall + exits() * exit_cost_);
  if (machine_.Now() >= next_poll_) Poll();
  ServiceIfRaised();
}

void Contender::Poll() {
  if (device_->shadow() == nullptr) return;
  device_->Poll();
  next_poll_ = machine_.Now() + kPollPeriod;
}

void Contender::Idle() {
  Poll();
  if (machine_.work_deadline() != Machine::kNotArmed) {
    machine_.Apply({.time = machine_.Now(), .kind = StimulusKind::kWork});
  } else if (machine_.line() == LineLevel::kLow) {
    Nanoseconds next = Machine::kNotArmed;
    for (std::size_t id = 0; id < device_->info().timers.size(); ++id) {
      next = std::min(next, machine_.deadline(static_cast<TimerId>(id)));
    }
    if (next != Machine::kNotArmed && next > machine_.Now()) {
      virtual_base_ += next - machine_.Now();
      machine_.AdvanceTo(next);
    }
  }
  ServiceIfRaised();
}

template <typename Done>
Status Contender::WaitUntil(Done done) {
  for (int tries = 0; !done(); ++tries) {
    if (tries == kMaxIdle) {
      return Fail(ErrorCode::kPeer, fmt::format("{}, {}: the device does nothing more, after {} "
                                                "frames sent and {} received",
                                                row_.name, workload_.name, machine_.frames_sent(),
                                                driver_->frames_received()));
    }
    Idle();
  }
  return Ok();
}

Status Contender::Transmit(std::uint64_t packets) {
  for (std::uint64_t i = 0; i < packets; ++i) {
    const TransmitPacket& packet = packets_[next_packet_];
    if (driver_->Send(packet) == Posted::kRingFull) {
      auto sent = WaitUntil([&] { return driver_->Send(packet) == Posted::kYes; });
      if (!sent) return sent;
    }
    ++packets_sent_;
    ServiceIfRaised();
    if (++next_packet_ == packets_.size()) next_packet_ = 0;
  }
  return Ok();
}

// Until the driver has `frames` of them in all.
Status Contender::DeliverAll(std::uint64_t frames) {
  const PacketShape& shape = workload_.packet;
  const OffloadSet taken = device_->ReceiveOffloads() & wire_.backend().offloads();
  const bool whole = (OffloadsNeeded(OffloadOf(shape)) & ~taken) == 0;
  const std::size_t frames_each = whole ? shape.wire_frames() : 1;
  const std::size_t burst = std::max<std::size_t>(1, kBurst / frames_each);
  const std::size_t room = driver_->receive_capacity() - burst * frames_each;
  std::uint64_t delivered = driver_->frames_received();
  return WaitUntil([&] {
    while (delivered < frames && delivered - driver_->frames_received() <= room &&
           device_->CanReceive()) {
      const std::uint64_t missing = (frames - delivered + frames_each - 1) / frames_each;
      auto arrived = wire_.backend().Receive(std::min<std::uint64_t>(burst, missing));
      if (!arrived || arrived->empty()) break;
      machine_.port().OfferBurst(*arrived);
      delivered += arrived->size() * frames_each;
      Tick();
    }
    return driver_->frames_received() >= frames;
  });
}

// What is offered at once and answered.
Status Contender::Exchange(std::uint64_t last) {
  Status done = Ok();
  while (done && driver_->frames_received() < last) {
    const std::uint64_t before = driver_->frames_received();
    done = DeliverAll(std::min<std::uint64_t>(last, before + kRequests));
    if (done) done = Transmit(driver_->frames_received() - before);
  }
  return done;
}

Status Contender::Receive(std::size_t packets) {
  Pause();
  auto offered = wire_.Offer(*incoming_, device_->ReceiveOffloads(), packets);
  Resume();
  if (!offered) return offered;
  packets_offered_ += packets;
  const std::uint64_t last = packets_offered_ * workload_.packet.wire_frames();
  return workload_.transmits ? Exchange(last) : DeliverAll(last);
}

std::size_t Contender::PacketsAtOnce() const {
  return std::max<std::size_t>(1, wire_.capacity() / workload_.packet.wire_frames());
}

Status Contender::TransmitSome() {
  const std::uint32_t packets = std::max(1u, kFramesATick / packets_.front().shape.wire_frames());
  Status done = Ok();
  for (std::uint32_t i = 0; done && i < kTicksABatch; ++i) {
    done = Transmit(packets);
    Tick();
  }
  return done;
}

Status Contender::Drain() {
  return WaitUntil([&] { return driver_->transmits_pending() == 0; });
}

Result<Measurement> Contender::Run(std::chrono::nanoseconds time) {
  stopwatch_.Reset();
  const std::uint64_t first_exits = exits();
  const std::uint64_t first_sent = packets_sent_;
  const std::uint64_t first_offered = packets_offered_;
  Status status = Ok();
  const std::uint32_t in = workload_.packet.wire_frames();
  Resume();
  while (status && stopwatch_.elapsed() < time) {
    status = workload_.receives ? Receive(PacketsAtOnce()) : TransmitSome();
  }
  if (status) status = Drain();
  Pause();
  if (status) status = CheckCounts();
  if (!status) return tl::make_unexpected(status.error());
  Measurement measurement;
  const std::uint64_t sent = packets_sent_ - first_sent;
  const std::uint64_t offered = packets_offered_ - first_offered;
  const PacketShape& out = packets_.front().shape;
  measurement.frames = sent * out.wire_frames() + offered * in;
  measurement.bytes = sent * out.wire_bytes() + offered * workload_.packet.wire_bytes();
  measurement.exits = exits() - first_exits;
  stopwatch_.Report(&measurement, exit_cost_);
  return measurement;
}

}  // namespace nicreplay::bench

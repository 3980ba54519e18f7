// SPDX-License-Identifier: MIT
// The driver's side of the cases: registers, rings, frames and guest memory of a target with a
// virtio-net.  It decides nothing and expects nothing; what it does to the device is what its
// caller says.
#pragma once

#include <array>
#include <cstring>
#include <vector>

#include "models/virtio/driver.h"
#include "models/virtio/net_spec.h"
#include "qtest/suite/frames.h"
#include "qtest/virtio_bus.h"

namespace nicreplay::virtio {

using namespace suite;

using Words = std::vector<std::uint16_t>;

// Which driver there is.
struct DriverKind {
  const char* name;
  Driver::Mode mode;
  DriverRing::Format format;
};
inline constexpr DriverKind kLegacyDriver{"Legacy", Driver::Mode::kLegacy,
                                          DriverRing::Format::kSplit};
inline constexpr DriverKind kSplitDriver{"Split", Driver::Mode::kModern,
                                         DriverRing::Format::kSplit};
inline constexpr DriverKind kPackedDriver{"Packed", Driver::Mode::kModern,
                                          DriverRing::Format::kPacked};

class Nic {
 public:
  // Guest memory of the cases: above 1 MiB, where a PC's RAM has no holes.
  static constexpr GuestAddress kRings = 1u << 20;
  static constexpr GuestAddress kRingStride = 0x8000;
  static constexpr GuestAddress kTable = kRings + 0x60000;     // an indirect table
  static constexpr GuestAddress kMessages = kRings + 0x70000;  // of MSI-X, 16 bytes apart
  static constexpr GuestAddress kScratch = kRings + 0x80000;   // used by nobody else
  static constexpr GuestAddress kOut = 2u << 20;               // what the device reads
  static constexpr GuestAddress kIn = 3u << 20;                // what it writes

  static constexpr std::uint16_t kReceiveQueue = 0;
  static constexpr std::uint16_t kTransmitQueue = 1;
  static constexpr std::uint8_t kNoAck = 0xee;

  // What Start asks for besides what the driver needs.
  static constexpr Features kUsual =
      Features::Of(feature::kMac, feature::kStatus, feature::kCtrlVq, feature::kCtrlRx,
                   feature::kMrgRxbuf, feature::kIndirectDesc);

  Nic(Target& target, const DriverKind& kind)
      : target_(target), kind_(kind), bus_(target), driver_(bus_, kind.mode) {}

  bool IsLegacy() const { return kind_.mode == Driver::Mode::kLegacy; }
  bool IsPacked() const { return kind_.format == DriverRing::Format::kPacked; }
  TargetBus& bus() { return bus_; }
  Driver& driver() { return driver_; }
  DriverRing& ring(std::uint16_t queue) { return rings_[queue]; }

  // Assigns the BARs; I/O, memory and bus mastering on.
  void Enable() { driver_.MapBars(); }
  // Power-on or bus reset, then Enable.
  void ResetBus();

  // Registers.
  std::uint32_t Config(std::uint8_t offset, std::uint8_t size) {
    return bus_.ConfigRead(offset, size);
  }
  void SetConfig(std::uint8_t offset, std::uint8_t size, std::uint32_t value) {
    bus_.ConfigWrite(offset, size, value);
  }
  std::uint64_t ReadBar(std::uint8_t bar, std::uint32_t offset, std::uint8_t size) {
    return bus_.Read({bar, size, offset});
  }
  void WriteBar(std::uint8_t bar, std::uint32_t offset, std::uint8_t size, std::uint64_t value) {
    bus_.Write({bar, size, offset}, value);
  }
  std::uint32_t Common(std::uint32_t offset, std::uint8_t size) {
    return static_cast<std::uint32_t>(ReadBar(kModernBar, kCommonRegion + offset, size));
  }
  void SetCommon(std::uint32_t offset, std::uint8_t size, std::uint32_t value) {
    WriteBar(kModernBar, kCommonRegion + offset, size, value);
  }
  std::uint32_t Legacy(std::uint32_t offset, std::uint8_t size) {
    return static_cast<std::uint32_t>(ReadBar(kLegacyBar, offset, size));
  }
  void SetLegacy(std::uint32_t offset, std::uint8_t size, std::uint32_t value) {
    WriteBar(kLegacyBar, offset, size, value);
  }
  // Of the device's configuration, where the driver sees it while MSI-X is off.
  std::uint32_t DeviceConfig(std::uint32_t offset, std::uint8_t size);
  void SetDeviceConfig(std::uint32_t offset, std::uint8_t size, std::uint32_t value);
  void SelectQueue(std::uint16_t queue);
  std::uint16_t QueueSize(std::uint16_t queue);
  // Through the common configuration.
  Features Offered();

  // Offset of a capability: by its id, or the vendor's by its type (4.1.4).  0: there is none.
  std::uint8_t FindCapability(std::uint8_t id);
  std::uint8_t FindVirtioCapability(std::uint8_t type);

  // Whole negotiation, queues of `pairs` and control, DRIVER_OK.
  void Start(Features features = kUsual, std::uint16_t pairs = 1);
  // The same up to DRIVER_OK.
  void Prepare(Features features = kUsual, std::uint16_t pairs = 1);
  // The next Prepare gives the queue a ring of that many descriptors.
  void SetRingSize(std::uint16_t queue, std::uint16_t size) { sizes_[queue] = size; }
  Features accepted() const { return accepted_; }
  std::uint16_t control_queue() const { return static_cast<std::uint16_t>(2 * pairs_); }
  std::size_t header_size() const;
  std::uint8_t Status() { return driver_.ReadStatus(); }
  bool NeedsReset() { return (Status() & status::kNeedsReset) != 0; }

  // A buffer that the device does not see yet; all such shown, and the device told.
  void Add(std::uint16_t queue, const std::vector<DriverPiece>& pieces);
  void AddIndirect(std::uint16_t queue, const std::vector<DriverPiece>& pieces,
                   GuestAddress table = kTable);
  void Show(std::uint16_t queue);
  void Give(std::uint16_t queue, const std::vector<DriverPiece>& pieces) {
    Add(queue, pieces);
    Show(queue);
  }

  // Header and frame in one buffer.
  void Send(const ByteVector& frame) { SendWith(ByteVector(header_size()), frame); }
  void SendWith(const ByteVector& header, const ByteVector& frame);
  Frames Sent() { return target_.TakeFrames(); }
  // Buffer `place` of receiving.
  static constexpr GuestAddress In(std::uint32_t place) { return kIn + place * 0x1000u; }
  void GiveReceive(std::uint32_t place, std::uint32_t size) {
    Give(kReceiveQueue, {{In(place), size, true}});
  }
  void Receive(const ByteVector& frame);
  // A command; its acknowledgement, kNoAck: none came.
  std::uint8_t Command(std::uint8_t command_class, std::uint8_t command, const ByteVector& data);

  // What came back, by number of the buffer since Start.
  bool IsUsed(std::uint16_t queue, std::uint16_t number);
  UsedElement Used(std::uint16_t queue, std::uint16_t number);
  std::uint16_t UsedCount(std::uint16_t queue);
  // The descriptor where the buffer begins.
  std::uint16_t SlotOf(std::uint16_t queue, std::uint16_t number) const {
    return given_[queue][number].slot;
  }

  bool line_high() { return target_.line() == LineLevel::kHigh; }
  void SetLink(LinkState state);
  std::uint8_t ReadIsr() { return driver_.ReadIsr(); }

  ByteVector Peek(GuestAddress address, std::size_t size);
  void Poke(GuestAddress address, const ByteVector& bytes) { bus_.WriteMemory(address, bytes); }
  template <typename T>
  T Load(GuestAddress address) {
    T value;
    const ByteVector bytes = Peek(address, sizeof(T));
    std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }

 private:
  static constexpr std::size_t kQueues = 9;

  struct Given {
    std::uint16_t slot;
    bool wrap;
  };

  Target& target_;
  DriverKind kind_;
  TargetBus bus_;
  Driver driver_;
  Features accepted_;
  std::uint16_t pairs_ = 1;
  std::array<DriverRing, kQueues> rings_;
  std::array<std::uint16_t, kQueues> sizes_{};  // 0: the device's
  std::array<std::vector<Given>, kQueues> given_;
};

}  // namespace nicreplay::virtio

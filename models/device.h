// SPDX-License-Identifier: MIT
// The boundary of a NIC model: what a bus and a network do to a device (Device), and what a device
// may ask of its surroundings (Host).  Everything nicreplay does (recording, replay, fuzzing,
// hosting in a VMM) sits on these two classes and on nothing else of a model.
//
// Rules for every model:
//  - Single-threaded.  No clock, thread, random number, I/O or global: time, memory and frames come
//  from Host.
//  - Bounded.  No call loops without end, allocates memory, or throws, whatever the guest does.
//  - Re-entrancy is the Host's to bound: Host::FlushReceive may call Device::Receive or
//    ReceiveBurst before it returns; no other Host call may call back into the Device.
//  - What a driver on another core may see: a DmaWrite that lies in one aligned 8 bytes appears
//  whole, and DmaWrites appear in their order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace nicreplay {

using Bytes = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

// An address in the guest's physical memory, as the device puts it on the bus.
using GuestAddress = std::uint64_t;

// Nanoseconds of the guest's virtual clock.
using Nanoseconds = std::uint64_t;

// virtio 1.2, 5.1.6: what a sender leaves to the receiver of a frame.  All zero: an ordinary wire
// frame.
struct Offload {
  static constexpr std::uint8_t kNeedsChecksum = 1;  // flags: VIRTIO_NET_HDR_F_NEEDS_CSUM
  static constexpr std::uint8_t kDataValid = 2;      // flags: VIRTIO_NET_HDR_F_DATA_VALID
  static constexpr std::uint8_t kGsoNone = 0;
  static constexpr std::uint8_t kGsoTcp4 = 1;
  static constexpr std::uint8_t kGsoUdp = 3;
  static constexpr std::uint8_t kGsoTcp6 = 4;
  static constexpr std::uint8_t kGsoEcn = 0x80;  // besides a TCP type

  std::uint8_t flags = 0;
  std::uint8_t gso_type = kGsoNone;
  std::uint16_t header_length = 0;    // bytes, Ethernet header up to the end of the TCP/UDP header
  std::uint16_t gso_size = 0;         // bytes of payload a segment (MSS)
  std::uint16_t checksum_start = 0;   // bytes from the start of the frame
  std::uint16_t checksum_offset = 0;  // bytes from checksum_start

  bool operator==(const Offload&) const = default;
};

// Kinds of frames other than wire frames that one side of a link takes: a set of bits.
using OffloadSet = std::uint8_t;
inline constexpr OffloadSet kOffloadChecksum = 1;  // kNeedsChecksum; the others need it, too
inline constexpr OffloadSet kOffloadTcp4 = 2;
inline constexpr OffloadSet kOffloadTcp6 = 4;
inline constexpr OffloadSet kOffloadEcn = 8;
inline constexpr OffloadSet kOffloadUdp = 16;  // kGsoUdp
inline constexpr OffloadSet kOffloadAll = 31;

// An Ethernet frame without FCS, in any number of pieces.  Owns nothing; valid during the call that
// passes it.
struct Frame {
  std::span<const Bytes> pieces;
  Offload offload;

  std::size_t size() const {
    std::size_t total = 0;
    for (const Bytes& piece : pieces) total += piece.size();
    return total;
  }
};

// What a device did with a frame (QEMU's NetReceive: size, 0, -1).
enum class ReceiveResult : std::uint8_t {
  kConsumed,  // taken or filtered out; the network forgets the frame
  kKeep,  // not now: the network keeps the frame at the head of its queue and offers it after the
          // next flush
  kDropped,  // lost; the network forgets the frame
};

enum class LinkState : std::uint8_t { kDown, kUp };
enum class LineLevel : std::uint8_t { kLow, kHigh };

// A timer of the device, 0 to DeviceInfo::timers.size() - 1.
using TimerId = std::uint8_t;

// One access to a BAR, as the bus delivers it: size 1, 2, 4 or 8 bytes, offset aligned to size and
// inside the BAR. A model answers anything else as its bus would (reads 0, writes ignored), never
// with a crash.
struct Access {
  std::uint8_t bar;
  std::uint8_t size;
  std::uint32_t offset;
};

class ShadowPages;

// The interrupt line of a device (INTA#), after the PCI command register's interrupt disable.
class InterruptLine {
 public:
  virtual ~InterruptLine() = default;
  virtual void SetInterrupt(LineLevel level) = 0;
};

// What a model may ask of its surroundings.  All calls are made from inside a Device call.
class Host : public InterruptLine {
 public:
  virtual Nanoseconds Now() = 0;

  // Guest memory.  Any address and length, also wrapping past 2^64: what is not memory reads 0 and
  // takes no writes. PCI bus mastering is the device's own business: a device does not call these
  // while it is off.
  virtual void DmaRead(GuestAddress address, MutableBytes out) = 0;
  virtual void DmaWrite(GuestAddress address, Bytes data) = 0;

  // The bytes at `address` where they lie, for reading without a copy: at most `size` of them, and
  // none where DmaRead has to be asked.  It counts as a DMA read of what it returns.  Valid until
  // the device call returns, or until the device itself writes there.
  virtual Bytes MapRead(GuestAddress address, std::size_t size) {
    static_cast<void>(address);
    static_cast<void>(size);
    return {};
  }

  // A frame for the wire.  Called only while the link is up.
  virtual void Transmit(const Frame& frame) = 0;
  // Frames that leave together, oldest first: what Transmit would do with each.
  virtual void TransmitBurst(std::span<const Frame> frames) {
    for (const Frame& frame : frames) Transmit(frame);
  }
  // What Transmit takes besides wire frames.  It may change between calls of the device.
  virtual OffloadSet TransmitOffloads() { return 0; }

  // Arms (or moves) a timer: Device::Timer(id) is called once when Now() >= deadline.  Absolute
  // time.
  virtual void ArmTimer(TimerId id, Nanoseconds deadline) = 0;
  virtual void CancelTimer(TimerId id) = 0;

  // The device put work off: Device::Work is to be called once, at `deadline` at the latest
  // (absolute time).  A later request stands for the earlier ones, with the earliest deadline.
  // Only devices that were created with an optimization that defers ask.
  virtual void RequestWork(Nanoseconds deadline) { static_cast<void>(deadline); }
  // Nothing is put off any more.
  virtual void CancelWork() {}

  // The device may have become ready: the network offers the frames that it queued, now, without
  // asking CanReceive again, until one is kept (QEMU's qemu_flush_queued_packets).
  virtual void FlushReceive() = 0;
};

struct BarInfo {
  // kMemory64 is prefetchable and takes the next BAR, too, which then is kNone.
  enum class Kind : std::uint8_t { kNone, kMemory32, kIo, kMemory64 };
  Kind kind = Kind::kNone;
  std::uint32_t size = 0;  // bytes, a power of two
};

// What is fixed about a device when it is created.
struct DeviceInfo {
  std::uint16_t vendor_id = 0;
  std::uint16_t device_id = 0;
  std::uint8_t revision = 0;
  std::uint32_t class_code = 0;  // 24 bits: class, subclass, programming interface
  BarInfo bars[6] = {};
  std::span<const std::string_view> timers;  // names, by TimerId
};

// A NIC.  Every call is a stimulus; what the device does to its Host until the call returns are its
// effects.
class Device {
 public:
  virtual ~Device() = default;

  virtual const DeviceInfo& info() const = 0;

  // BAR accesses.  The low `size` bytes of the value count.
  virtual std::uint64_t Read(const Access& access) = 0;
  virtual void Write(const Access& access, std::uint64_t value) = 0;

  // PCI configuration space: offset 0 to 255, size 1, 2 or 4, offset aligned to size.
  virtual std::uint32_t ConfigRead(std::uint8_t offset, std::uint8_t size) = 0;
  virtual void ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) = 0;

  // Whether the network should offer a frame.  No side effects.
  virtual bool CanReceive() const = 0;
  // A frame from the network.  Called only while the link is up; also when CanReceive is false (see
  // FlushReceive).
  virtual ReceiveResult Receive(const Frame& frame) = 0;

  // How many frames of `size` bytes find buffers now, roughly.  A network that has several at once,
  // or a super-frame, can wait until there is room for all, where the device alone would have to
  // lose the rest.
  virtual std::size_t ReceiveRoom(std::size_t size) const {
    static_cast<void>(size);
    return ~std::size_t{0};
  }

  // What Receive takes besides wire frames; the network cuts and completes the others before.
  virtual OffloadSet ReceiveOffloads() const { return 0; }
  // Frames that arrived together, in order: what Receive would do with each, up to the first that
  // is kept.  Fills one result a frame that was offered (as many as `frames`), and returns how many
  // were.  What a driver sees in between is the device's business, at the end it is the same.
  virtual std::size_t ReceiveBurst(std::span<const Frame> frames,
                                   std::span<ReceiveResult> results) {
    std::size_t offered = 0;
    while (offered < frames.size()) {
      results[offered] = Receive(frames[offered]);
      if (results[offered++] == ReceiveResult::kKeep) break;
    }
    return offered;
  }

  // Does the work that was put off, if there still is any.
  virtual void Work() {}
  // The polling core's turn: takes up what the driver wrote to the shadow pages, and publishes.
  virtual void Poll() {}
  // Registers that are memory to the bus while they are shadowed; null: none.
  virtual ShadowPages* shadow() { return nullptr; }

  virtual void SetLink(LinkState state) = 0;
  virtual void Timer(TimerId id) = 0;
  // Power-on or bus reset, PCI configuration included.
  virtual void Reset() = 0;
  // Back to the state after creation, at a cost in proportion to what was used since, telling the
  // host nothing (the caller starts it anew, too).  False: the model cannot, and nothing changed.
  virtual bool PowerCycle() { return false; }

  // The whole state, timers that are armed excepted (the caller has them).  Save fills exactly
  // StateSize() bytes; Load takes what Save of the same model wrote, and refuses (returns false,
  // device unchanged) everything else.
  virtual std::size_t StateSize() const = 0;
  virtual void Save(MutableBytes out) const = 0;
  virtual bool Load(Bytes state) = 0;
};

}  // namespace nicreplay

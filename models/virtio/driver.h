// SPDX-License-Identifier: MIT
// The driver's side of virtio-net, as small as it gets: it brings a device up, lays out rings,
// makes buffers available.  Tests, generators and benchmarks share it.  It never looks at what the
// device writes, so that it can drive several devices in lockstep; whoever can read memory looks
// there.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/device.h"
#include "models/virtio/spec.h"

namespace nicreplay::virtio {

// Where a driver runs.
class DriverBus {
 public:
  virtual ~DriverBus() = default;
  virtual std::uint64_t Read(const Access& access) = 0;
  virtual void Write(const Access& access, std::uint64_t value) = 0;
  virtual std::uint32_t ConfigRead(std::uint8_t offset, std::uint8_t size) = 0;
  virtual void ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) = 0;
  virtual void WriteMemory(GuestAddress address, Bytes bytes) = 0;

  template <typename T>
  void Store(GuestAddress address, const T& value) {
    WriteMemory(address, {reinterpret_cast<const std::uint8_t*>(&value), sizeof(value)});
  }
};

// A piece of a buffer, as a descriptor describes it.
struct DriverPiece {
  GuestAddress address = 0;
  std::uint32_t size = 0;
  bool device_writes = false;
};

// A ring and what the driver knows of it.  Slots are used in order, whether or not the device is
// done with them: the caller keeps count.
class DriverRing {
 public:
  enum class Format : std::uint8_t { kSplit, kPacked };

  // Bytes that a ring of `size` takes, in the layout that legacy devices want.
  static std::uint64_t BytesFor(std::uint32_t size);

  DriverRing() = default;
  DriverRing(Format format, GuestAddress base, std::uint32_t size);

  Format format() const { return format_; }
  std::uint32_t size() const { return size_; }
  GuestAddress descriptors() const { return base_; }
  GuestAddress driver_area() const { return base_ + size_ * kDescriptorSize; }
  GuestAddress device_area() const;

  // Zeros; notifications of the device are wanted.
  void Clear(DriverBus& bus);
  // A buffer that the device does not see yet.
  void Add(DriverBus& bus, std::span<const DriverPiece> pieces);
  // The same with its descriptors in a table at `table`.
  void AddIndirect(DriverBus& bus, std::span<const DriverPiece> pieces, GuestAddress table);
  // Shows what was added.
  void Publish(DriverBus& bus);
  // What the driver wants to hear: nothing, everything, or (EVENT_IDX) that the device got to
  // `event`, the count of buffers so far in a split ring, the offset and wrap in a packed one.
  void SetInterrupts(DriverBus& bus, bool wanted);
  void SetUsedEvent(DriverBus& bus, std::uint16_t event);

  // Buffers added so far, and the place of the next one in a packed ring.
  std::uint16_t added() const { return added_; }
  std::uint16_t next() const { return next_; }
  bool wrap() const { return wrap_; }

 private:
  struct FirstFlags {  // of a packed chain, which are written when it is shown
    GuestAddress address;
    std::uint16_t flags;
  };

  std::vector<std::uint8_t> TableOf(std::span<const DriverPiece> pieces) const;
  void AddSplit(DriverBus& bus, std::span<const DriverPiece> pieces);
  void AddPacked(DriverBus& bus, std::span<const DriverPiece> pieces, std::uint16_t flags);

  Format format_ = Format::kSplit;
  GuestAddress base_ = 0;
  std::uint32_t size_ = 0;
  std::uint16_t next_ = 0;   // descriptor
  std::uint16_t added_ = 0;  // buffers
  bool wrap_ = true;
  std::vector<FirstFlags> unpublished_;
};

// A device on its bus.
class Driver {
 public:
  enum class Mode : std::uint8_t { kLegacy, kModern };

  static constexpr std::uint32_t kIoBase = 0xc000;
  static constexpr std::uint32_t kMsixBase = 0xfebd0000;
  static constexpr std::uint32_t kModernBase = 0xfe000000;

  Driver(DriverBus& bus, Mode mode) : bus_(&bus), mode_(mode) {}

  Mode mode() const { return mode_; }
  void MapBars();
  // Reset, ACKNOWLEDGE, DRIVER, features (what is offered of `wanted`), FEATURES_OK.
  Features Negotiate(Features wanted);
  void SetUpQueue(std::uint16_t number, const DriverRing& ring, std::uint16_t vector);
  void SetStatus(std::uint8_t status);
  std::uint8_t ReadStatus();
  void Start();  // DRIVER_OK
  void Notify(std::uint16_t queue);
  std::uint8_t ReadIsr();

  // MSI-X: on or off, and a vector's message.
  void EnableMsix(bool enabled);
  void SetVector(std::uint16_t vector, GuestAddress address, std::uint32_t data, bool masked);
  void SetConfigVector(std::uint16_t vector);

 private:
  std::uint32_t ReadCommon(std::uint32_t offset, std::uint8_t size) {
    return static_cast<std::uint32_t>(bus_->Read({kModernBar, size, offset}));
  }
  void WriteCommon(std::uint32_t offset, std::uint8_t size, std::uint32_t value) {
    bus_->Write({kModernBar, size, offset}, value);
  }
  std::uint8_t FindCapability(std::uint8_t id);

  DriverBus* bus_;
  Mode mode_;
  bool msix_ = false;
};

}  // namespace nicreplay::virtio

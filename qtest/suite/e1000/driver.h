// SPDX-License-Identifier: MIT
// The driver's side of the cases: registers, guest memory, rings, EEPROM, PHY, frames and time of a
// Target.  It decides nothing and expects nothing; what it does to the device is what its caller
// says.
#pragma once

#include <cstdint>
#include <vector>

#include "models/e1000/descriptors.h"
#include "models/e1000/registers.h"
#include "qtest/suite/frames.h"
#include "qtest/suite/suite_target.h"
#include "replay/target.h"

namespace nicreplay::e1000 {

using namespace suite;

inline constexpr Nanoseconds kMicrosecond = 1000;
inline constexpr Nanoseconds kMillisecond = 1000 * kMicrosecond;
inline constexpr Nanoseconds kSecond = 1000 * kMillisecond;

class Driver {
 public:
  // Guest memory of the cases: above 1 MiB, where a PC's RAM has no holes.
  static constexpr std::size_t kRamSize = suite::kRamSize;
  static constexpr GuestAddress kTxRing = 1u << 20;
  static constexpr GuestAddress kRxRing = kTxRing + (64u << 10);
  static constexpr GuestAddress kTxData = kRxRing + (64u << 10);
  static constexpr GuestAddress kRxData = kTxData + (1u << 20);
  static constexpr std::uint32_t kRxStride = 16u << 10;           // from buffer to buffer
  static constexpr GuestAddress kScratch = kRxData + (1u << 20);  // used by nobody else
  static constexpr GuestAddress kNoMemory = 0x70000000;           // neither RAM nor a device

  static constexpr std::uint32_t kRingSize = 16;      // descriptors
  static constexpr std::uint32_t kBar0 = 0xfebc0000;  // where Enable puts the registers
  static constexpr std::uint32_t kBar1 = 0xc040;

  explicit Driver(Target& target) : target_(target) {}

  // PCI 3.0, 6.2.2: bits of the command register.
  static constexpr std::uint32_t kDecoding = 0x3;      // I/O and memory
  static constexpr std::uint32_t kEverythingOn = 0x7;  // and bus mastering

  // Assigns the BARs and writes the command register.
  void Enable(std::uint32_t command = kEverythingOn);
  // Power-on or bus reset, then Enable.
  void Reset(std::uint32_t command = kEverythingOn);

  // Registers (4 bytes) and other accesses to BARs.
  std::uint32_t Read(std::uint32_t offset);
  void Write(std::uint32_t offset, std::uint32_t value);
  void SetBits(std::uint32_t offset, std::uint32_t bits) { Write(offset, Read(offset) | bits); }
  std::uint64_t ReadBar(std::uint8_t bar, std::uint32_t offset, std::uint8_t size);
  void WriteBar(std::uint8_t bar, std::uint32_t offset, std::uint8_t size, std::uint64_t value);
  std::uint32_t ReadConfig(std::uint8_t offset, std::uint8_t size);
  void WriteConfig(std::uint8_t offset, std::uint8_t size, std::uint32_t value);

  // Time stands still but for this.
  void Wait(Nanoseconds time);

  bool line_high() { return target_.line() == LineLevel::kHigh; }
  void SetLink(LinkState state);

  ByteVector Peek(GuestAddress address, std::size_t size);
  void Poke(GuestAddress address, Bytes bytes);
  // Puts bytes where no other Store of the case did.
  GuestAddress Store(const ByteVector& bytes);

  // A word through EERD (5.3.1), and the same through the pins of EECD (5.3.2).
  std::uint16_t ReadEeprom(std::uint8_t word);
  std::uint16_t ReadEepromPins(std::uint8_t word);
  // The word and what follows it, bit by bit.
  std::uint32_t ReadEepromPins(std::uint8_t word, int bits);
  // One clock of SK with the device selected.
  void ClockEeprom(std::uint32_t pins);
  // MDIC (13.4.7); both return it as it reads afterwards.
  std::uint32_t ReadPhy(std::uint8_t address);
  std::uint32_t WritePhy(std::uint8_t address, std::uint16_t value);

  // Transmit.  Start: an empty ring, enabled.  Post: a descriptor at the tail that the driver
  // keeps; returns its index.  Ring: tells the device the tail.
  void StartTransmit();
  std::uint32_t Post(const RawDescriptor& descriptor);
  std::uint32_t PostLegacy(const ByteVector& bytes, std::uint32_t command);
  std::uint32_t PostData(const ByteVector& bytes, std::uint32_t command, std::uint8_t popts = 0);
  std::uint32_t PostContext(const ContextDescriptor& context);
  void Ring() { Write(kTDT, tx_tail_); }
  // A whole frame in a legacy descriptor, sent.
  std::uint32_t Send(const ByteVector& frame, std::uint32_t command = 0);
  TxDescriptor TxAt(std::uint32_t index);
  // What came out since the last call.
  Frames Sent() { return target_.TakeFrames(); }

  // Receive.  Start: the ring's buffers posted, RCTL written with EN, and time let pass until
  // receiving is possible.
  void StartReceive(std::uint32_t rctl = rctl::kUPE | rctl::kBAM,
                    std::uint32_t buffers = kRingSize - 1);
  void Receive(const ByteVector& frame);
  void PutRx(std::uint32_t index, const RxDescriptor& descriptor);
  RxDescriptor RxAt(std::uint32_t index);
  static constexpr GuestAddress RxBuffer(std::uint32_t index) {
    return kRxData + index * kRxStride;
  }
  ByteVector RxBytes(std::uint32_t index, std::size_t size) { return Peek(RxBuffer(index), size); }

 private:
  Stimulus At(StimulusKind kind) const;

  Target& target_;
  Nanoseconds now_ = 0;
  GuestAddress next_data_ = kTxData;
  std::uint32_t tx_tail_ = 0;
};

// Checksum offsets of a packet; with an MSS, segmentation.
ContextDescriptor ContextOf(const Packet& packet, std::uint16_t mss = 0);

}  // namespace nicreplay::e1000

// SPDX-License-Identifier: MIT
// The stock transmit engine: it works the ring to its tail, one descriptor at a time, as soon as
// the doorbell rings (8254x manual, 3.3 to 3.5).
#pragma once

#include <array>
#include <cstdint>

#include "models/device.h"
#include "models/e1000/control_plane.h"
#include "models/e1000/descriptors.h"
#include "models/e1000/receive.h"

namespace nicreplay::e1000 {

// What a context descriptor says (3.3.6).
struct TransmitContext {
  std::uint8_t ipcss = 0;
  std::uint8_t ipcso = 0;
  std::uint16_t ipcse = 0;
  std::uint8_t tucss = 0;
  std::uint8_t tucso = 0;
  std::uint16_t tucse = 0;
  std::uint32_t paylen = 0;
  std::uint8_t hdrlen = 0;
  std::uint16_t mss = 0;
  bool ip = false;
  bool tcp = false;

  template <typename Self, typename Archive>
  static void Archived(Self& self, Archive& archive) {
    archive.Number(self.ipcss);
    archive.Number(self.ipcso);
    archive.Number(self.ipcse);
    archive.Number(self.tucss);
    archive.Number(self.tucso);
    archive.Number(self.tucse);
    archive.Number(self.paylen, std::uint32_t{0xfffff});
    archive.Number(self.hdrlen);
    archive.Number(self.mss);
    archive.Flag(self.ip);
    archive.Flag(self.tcp);
  }
};

class StockTransmitter {
 public:
  StockTransmitter(ControlPlane& control, StockReceiver& loopback)
      : control_(control), loopback_(loopback) {}

  // At most one lap of the ring.
  void Run();

  void Reset();

  template <typename Self, typename Archive>
  static void Archived(Self& self, Archive& archive) {
    archive.Buffer(self.saved_header_);
    archive.Buffer(self.tag_);
    archive.Buffer(self.buffer_, self.used_);
    archive.Number(self.size_);
    archive.Number(self.segments_);
    archive.Number(self.popts_);
    archive.Flag(self.tag_wanted_);
    archive.Flag(self.segmenting_);
    TransmitContext::Archived(self.offloads_, archive);
    TransmitContext::Archived(self.segmentation_, archive);
  }

 protected:
  // For the optimized engine, which leaves to this one what it cannot do faster.
  static constexpr std::size_t kTagSize = 4;
  static constexpr std::size_t kPacketSize = 0x10000;
  // Offsets of a context are 8 bits: what they point at ends before this.
  static constexpr std::size_t kHeaderRoom = 512;

  std::uint8_t* packet() { return buffer_.data() + kTagSize; }

  void Process(const RawDescriptor& raw);
  void TakeContext(const ContextDescriptor& context);
  void TakeTag(const TxDescriptor& descriptor);
  void Append(const TxDescriptor& descriptor);
  void AppendSegmented(const TxDescriptor& descriptor);
  void FinishPacket();
  // 3.3.3.3: status goes back with RS or RPS alone; returns the cause that this is.
  std::uint32_t WriteBack(GuestAddress address, const TxDescriptor& descriptor);

  void SendSegment();
  void AdjustHeaders();
  void AdjustTcpHeader();
  void InsertChecksums(const TransmitContext& context, std::uint8_t popts);
  void InsertChecksum(std::uint8_t offset, std::uint8_t start, std::uint16_t end);
  void Send(std::uint8_t* frame, std::size_t size);

  ControlPlane& control_;
  StockReceiver& loopback_;

  std::array<std::uint8_t, 256> saved_header_{};  // of the TSO packet, put before each segment
  std::array<std::uint8_t, kTagSize> tag_{};      // VLAN tag to insert
  // Room for a tag, then the packet: inserting a tag moves the addresses forward.
  std::array<std::uint8_t, kTagSize + kPacketSize> buffer_{};
  std::size_t used_ = 0;        // of it, since the latest reset: what was read from memory
  std::uint16_t size_ = 0;      // a full packet of 64 KiB counts as empty, as in stock QEMU
  std::uint16_t segments_ = 0;  // sent of this TSO packet
  std::uint8_t popts_ = 0;
  bool tag_wanted_ = false;
  bool segmenting_ = false;       // the latest descriptor had TSE
  TransmitContext offloads_;      // of the latest context without TSE
  TransmitContext segmentation_;  // of the latest context with TSE
};

}  // namespace nicreplay::e1000

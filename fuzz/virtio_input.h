// SPDX-License-Identifier: MIT
// The items of inputs for a virtio-net device: what drivers do in one go (negotiation, rings,
// buffers, commands, MSI-X), rings and registers that make no sense, frames, time, everything raw.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "fuzz/input.h"
#include "fuzz/operation_sink.h"
#include "models/virtio/driver.h"

namespace nicreplay {

// The kinds of items, in the order of their opcodes.
enum class VirtioItem : std::uint8_t {
  kBringUp,
  kTransmit,
  kBuffers,
  kFrame,
  kSuperFrame,
  kRawFrame,
  kCommand,
  kMacTable,
  kRss,
  kRegister,
  kRead,
  kAccess,
  kConfig,
  kMemory,
  kDescriptor,
  kAvailable,
  kWanted,
  kNotify,
  kMsix,
  kQueue,
  kWindow,
  kTime,
  kEvent,
};

constexpr std::uint8_t VirtioOpcode(VirtioItem item, unsigned variant = 0) {
  return Opcode(static_cast<unsigned>(item), variant);
}

// What the driver laid out, for those who look over the device's shoulder.
struct VirtioLayout {
  static constexpr std::size_t kMaxRings = 5;  // of two queue pairs
  static constexpr GuestAddress kMessages = 0x8000;
  static constexpr std::uint64_t kMessageBytes = 0x1000;

  // Nothing was written that could have moved rings or messages, or let the device look away.
  bool known = false;
  bool event_index = false;
  std::array<virtio::DriverRing, kMaxRings> rings;  // size 0: none
  std::array<std::uint32_t, kMaxRings> epochs{};    // how often each was laid out
};

// Plays the items of an input as operations.
class VirtioInput : private virtio::DriverBus {
 public:
  // More operations than these are not played.
  static constexpr std::size_t kMaxOperations = 2000;
  // The ways to make the device, by InputHeader::settings modulo their number.
  static constexpr std::array<std::string_view, 8> kSettings = {
      "vnet_hdr=on,packed=on,mq=on,rss=on,hash=on",
      "",
      "vnet_hdr=on",
      "disable-legacy=on,vnet_hdr=on,packed=on",
      "disable-modern=on,vnet_hdr=on",
      "vectors=0,packed=on",
      "queue_pairs=2,vnet_hdr=on,packed=on,mq=on,rss=on,hash=on",
      "host_mtu=1500,speed=1000,duplex=full,num_buffers=off,vnet_hdr=on,packed=on,in_order=on"};
  static constexpr std::string_view SettingsOf(const InputHeader& header) {
    return kSettings[header.settings % kSettings.size()];
  }

  VirtioInput(Bytes input, const InputStart& start, OperationSink& sink);
  // Until the input ends or the sink is done.
  void Run();

  const VirtioLayout& layout() const { return layout_; }

  // One kind of item, by VirtioItem.
  struct Kind {
    ItemKind item;
    void (VirtioInput::*play)(InputReader operands, unsigned variant);
  };
  static const Kind& KindOf(std::uint8_t opcode);

 private:
  using Pieces = std::vector<virtio::DriverPiece>;

  // DriverBus
  std::uint64_t Read(const Access& access) override;
  void Write(const Access& access, std::uint64_t value) override;
  std::uint32_t ConfigRead(std::uint8_t offset, std::uint8_t size) override;
  void ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) override;
  void WriteMemory(GuestAddress address, Bytes bytes) override;

  std::uint64_t Do(Stimulus operation);
  void Offer(Bytes frame, unsigned variant, const Offload* offload = nullptr);
  void LoseTrack() { layout_.known = false; }
  bool Has(unsigned bit) const { return accepted_.Has(bit); }
  std::uint16_t ControlQueue() const;
  std::size_t HeaderSize() const;
  void MapDevice();
  void SetUpRings(std::uint8_t sizes, std::uint16_t vectors);
  // A ring that exists: the device has been brought up.
  virtio::DriverRing& RingOf(std::uint16_t queue);
  void Give(std::uint16_t queue, const Pieces& pieces, unsigned variant);
  void SendCommand(std::uint8_t command_class, std::uint8_t command, Bytes data, unsigned variant);

  void PlayBringUp(InputReader operands, unsigned variant);
  void PlayTransmit(InputReader operands, unsigned variant);
  void PlayBuffers(InputReader operands, unsigned variant);
  void PlayFrame(InputReader operands, unsigned variant);
  void PlaySuperFrame(InputReader operands, unsigned variant);
  void PlayRawFrame(InputReader operands, unsigned variant);
  void PlayCommand(InputReader operands, unsigned variant);
  void PlayMacTable(InputReader operands, unsigned variant);
  void PlayRss(InputReader operands, unsigned variant);
  void PlayRegister(InputReader operands, unsigned variant);
  void PlayRead(InputReader operands, unsigned variant);
  void PlayAccess(InputReader operands, unsigned variant);
  void PlayConfig(InputReader operands, unsigned variant);
  void PlayMemory(InputReader operands, unsigned variant);
  void PlayDescriptor(InputReader operands, unsigned variant);
  void PlayAvailable(InputReader operands, unsigned variant);
  void PlayWanted(InputReader operands, unsigned variant);
  void PlayNotify(InputReader operands, unsigned variant);
  void PlayMsix(InputReader operands, unsigned variant);
  void PlayQueue(InputReader operands, unsigned variant);
  void PlayWindow(InputReader operands, unsigned variant);
  void PlayTime(InputReader operands, unsigned variant);
  void PlayEvent(InputReader operands, unsigned variant);

  static const Kind kKinds[];

  InputReader items_;
  InputHeader header_;
  OperationSink& sink_;
  Nanoseconds now_ = 0;
  std::size_t count_ = 0;
  virtio::Driver driver_;
  virtio::Features accepted_;
  bool mapped_ = false;  // nobody has been at PCI registers and messages since it was reset
  VirtioLayout layout_;
};

const ItemGrammar& VirtioGrammar();

}  // namespace nicreplay

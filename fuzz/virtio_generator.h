// SPDX-License-Identifier: MIT
// A generator of virtio-net driver behaviour: drivers of either interface and ring format that
// negotiate, send, receive and give commands, mixed with what no driver does (malformed rings and
// commands, odd registers, resets under way).
//
// A live QEMU is driven by the same operations, so that what makes QEMU 7.2 abort is left out, and
// so is what qtest/live/virtio-net.md lists as different.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "fuzz/generators.h"
#include "fuzz/operation_sink.h"
#include "fuzz/random.h"
#include "models/virtio/driver.h"

namespace nicreplay {

class VirtioGenerator final : private virtio::DriverBus {
 public:
  VirtioGenerator(std::uint64_t seed, OperationSink& sink, GeneratorWindow window);

  // Brings the device up and runs episodes, again and again, until the sink is done.
  void Run();

  // The kinds of episodes, by name.
  static std::vector<std::string_view> ModeNames();

 private:
  using Pieces = std::vector<virtio::DriverPiece>;
  struct Mode {
    std::string_view name;
    unsigned weight;
    void (VirtioGenerator::*episode)();
  };
  static const Mode kModes[];
  enum QueueNumber : std::uint16_t { kReceive, kTransmit, kControl, kQueues };

  // DriverBus
  std::uint64_t Read(const Access& access) override;
  void Write(const Access& access, std::uint64_t value) override;
  std::uint32_t ConfigRead(std::uint8_t offset, std::uint8_t size) override;
  void ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) override;
  void WriteMemory(GuestAddress address, Bytes bytes) override;
  void Do(Stimulus operation);
  void Offer(Bytes frame);

  // Bringing up (virtio_generator.cc)
  void Discover();
  void BringUp();
  void NegotiateOddly();
  void SetUpRings();
  void SetUpMsix();
  bool Has(unsigned bit) const { return accepted_.Has(bit); }
  std::uint32_t HeaderSize() const;
  void Give(std::uint16_t queue, const Pieces& pieces);
  // Mostly tells the device, too; whether it did.
  bool Show(std::uint16_t queue);

  // Choices (virtio_choices.cc)
  GuestAddress Buffer(std::uint32_t size);
  std::vector<std::uint8_t> AnyFrame();
  std::uint32_t AnyFrameSize();
  void AnyPacket(std::vector<std::uint8_t>* frame);
  Pieces Cut(GuestAddress address, std::uint32_t size, bool device_writes, std::uint32_t least);
  // For the next buffer of the queue.
  GuestAddress Table(std::uint16_t queue);

  // Episodes (virtio_episodes.cc)
  void Transmit();
  void TransmitMany();
  void PostBuffers();
  void Receive();
  void Interrupts();
  void Msix();
  void Registers();
  void DeviceConfiguration();
  void OddRegisters();
  void Window();
  void Link();
  void Command();
  void PciCommand();
  void ResetQueue();
  void Status();
  void Restart();

  // Commands (virtio_commands.cc)
  void SendCommand(std::uint8_t command_class, std::uint8_t command,
                   const std::vector<std::uint8_t>& data);
  void ReceiveModes();
  void Addresses();
  void Vlans();
  void QueuePairs();
  void Rss();
  void OtherCommands();
  void MalformedCommand();

  // Rings that make no sense (virtio_hostile.cc)
  void Hostile();
  void Raw(std::uint16_t queue, std::uint16_t slot, const virtio::DriverPiece& piece,
           std::uint16_t flags, std::uint16_t next);
  void HostileChain(std::uint16_t queue);
  void HostileIndirect(std::uint16_t queue);
  void HostileIndex(std::uint16_t queue);
  void HostileDirection(std::uint16_t queue);

  // What the device has of buffers to receive into, as far as it can be known.
  void NoteOffered(std::uint32_t size);
  void Consume();

  Random random_;
  OperationSink& sink_;
  const GeneratorWindow window_;
  const GuestAddress rings_base_;
  const GuestAddress tables_;
  const GuestAddress messages_;
  const GuestAddress buffers_;

  bool has_legacy_ = true;
  bool has_modern_ = true;
  virtio::Driver driver_;
  virtio::Features accepted_;
  std::array<virtio::DriverRing, kQueues> rings_;
  bool filtering_ = false;  // commands may have changed what is received
  bool link_up_ = true;
  bool msix_ = false;
  bool broken_ = false;  // the rings, or what is known of them
  unsigned episodes_ = 0;
  struct PostedBuffer {
    std::uint32_t bytes;
    std::uint32_t descriptors;
  };
  std::deque<PostedBuffer> posted_;
  std::deque<std::uint32_t> waiting_;  // frames
  bool blocked_ = false;               // the first of them until the next notification
  std::uint32_t posted_descriptors_ = 0;
};

}  // namespace nicreplay

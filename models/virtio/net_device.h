// SPDX-License-Identifier: MIT
// The network device (virtio 1.2, 5.1) as QEMU's virtio-net with a user-space datapath.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "models/virtio/net_spec.h"
#include "models/virtio/receive_filter.h"
#include "models/virtio/rss.h"
#include "models/virtio/settings.h"
#include "models/virtio/virtio_device.h"

namespace nicreplay::virtio {

class NetDevice final : public VirtioDevice {
 public:
  NetDevice(const Settings& settings, const Memory& memory, Interrupts& interrupts, Host& host);

  bool CanReceive() const { return CanReceive(0); }
  ReceiveResult Receive(const Frame& frame);
  OffloadSet ReceiveOffloads() const;
  void SetLink(LinkState state);

  std::uint32_t config_size() const override { return settings_.config_size; }
  void ReadConfig(std::uint32_t offset, MutableBytes out) const override;
  void WriteConfig(std::uint32_t offset, Bytes data) override;

  template <typename Self, typename Archive>
  static void Archived(Self& self, Archive& archive);

 protected:
  void OnNotify(std::uint32_t number) override;
  void OnStatus(std::uint8_t status) override;
  void OnFeatures(Features features) override;
  void OnReset() override;

 private:
  // An element that was filled with a part of a frame.
  struct Placed {
    std::uint16_t id;
    std::uint16_t descriptors;
    std::uint32_t length;
  };
  // Where the header's num_buffers lies.
  struct NumBuffersField {
    std::array<Piece, 2> pieces{};
    std::size_t count = 0;
  };
  enum class Sent : std::uint8_t { kYes, kBroken };
  struct Pass {  // over a transmit queue
    std::uint32_t sent = 0;
    bool broken = false;
  };

  Queue& receive_queue(std::uint32_t pair) { return queue(2 * pair); }
  bool IsLinkUp() const { return (net_status_ & net_status::kLinkUp) != 0; }
  void CreateQueues(std::uint32_t pairs);
  void FlushQueuedFrames(std::uint8_t status);

  // net_transmit.cc
  void Transmit(std::uint32_t number);
  Pass TransmitPass(Queue& queue, std::uint16_t pair);
  Sent Send(std::uint16_t pair);
  void HandToNetwork(std::size_t size, std::uint16_t pair);
  void DropAll(Queue& queue);

  // net_receive.cc
  bool CanReceive(std::uint32_t pair) const;
  std::uint32_t Steer(const Flow& flow, const Hashed& hash) const;
  bool HasBuffers(Queue& queue, std::uint64_t size);
  ReceiveResult Deliver(Queue& queue, const Frame& frame, const Hashed& hash);
  void WriteHeader(const Frame& frame, const Hashed& hash);
  NumBuffersField FindNumBuffers() const;
  std::uint64_t WriteFrame(const Frame& frame, std::uint64_t from, std::uint64_t offset);
  ReceiveResult GiveUp(Queue& queue, std::uint32_t count, ReceiveResult result);

  // net_control.cc
  void Control(Queue& queue);
  bool ControlElement();
  std::uint8_t Command(std::uint8_t command_class, std::uint8_t command);
  std::uint8_t SetReceiveMode(std::uint8_t command);
  std::uint8_t SetMac(std::uint8_t command);
  std::uint8_t SetMacTable();
  std::uint8_t SetVlan(std::uint8_t command);
  std::uint8_t AcknowledgeAnnouncement(std::uint8_t command);
  std::uint8_t SetQueuePairs(std::uint8_t command);
  std::uint32_t ConfigureRss(bool with_queues);
  std::uint8_t SetGuestOffloads(std::uint8_t command);

  const Settings settings_;
  Host& host_;
  ReceiveFilter filter_;
  RssConfig rss_;
  FlowTable flows_;
  std::uint16_t net_status_ = net_status::kLinkUp;
  std::uint16_t current_pairs_ = 1;
  Features guest_offloads_;
  std::size_t header_size_ = kShortHeader;
  bool mergeable_ = false;
  bool multiqueue_ = false;

  // Reused, because they are large.
  Element element_;
  Element command_;  // frames may arrive while it is carried out
  std::array<Placed, kMaxQueueSize> placed_;
  std::vector<std::uint8_t> packet_;
};

template <typename Self, typename Archive>
void NetDevice::Archived(Self& self, Archive& archive) {
  VirtioDevice::Archived(self, archive);
  ReceiveFilter::Archived(self.filter_, archive);
  RssConfig::Archived(self.rss_, archive);
  FlowTable::Archived(self.flows_, archive);
  archive.Number(self.net_status_,
                 static_cast<std::uint16_t>(net_status::kLinkUp | net_status::kAnnounce));
  archive.Bounded(self.current_pairs_, static_cast<std::uint16_t>(self.settings_.queue_pairs));
  std::uint64_t offloads = self.guest_offloads_.bits();
  archive.Number(offloads);
  if constexpr (!std::is_const_v<Self>) self.guest_offloads_ = Features(offloads);
  archive.Bounded(self.header_size_, kHashHeader);
  archive.Flag(self.mergeable_);
  archive.Flag(self.multiqueue_);
}

}  // namespace nicreplay::virtio

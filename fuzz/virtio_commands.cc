// SPDX-License-Identifier: MIT
// Commands on the control virtqueue, well-formed and not.
#include "fuzz/virtio_generator.h"
#include "models/virtio/net_spec.h"

namespace nicreplay {

namespace control = virtio::control;

namespace {

void Append16(std::vector<std::uint8_t>* bytes, std::uint64_t value) {
  bytes->push_back(static_cast<std::uint8_t>(value));
  bytes->push_back(static_cast<std::uint8_t>(value >> 8));
}

void Append32(std::vector<std::uint8_t>* bytes, std::uint64_t value) {
  Append16(bytes, value);
  Append16(bytes, value >> 16);
}

}  // namespace

void VirtioGenerator::SendCommand(std::uint8_t command_class, std::uint8_t command,
                                  const std::vector<std::uint8_t>& data) {
  std::vector<std::uint8_t> bytes = {command_class, command};
  bytes.insert(bytes.end(), data.begin(), data.end());
  const auto size = static_cast<std::uint32_t>(bytes.size());
  const GuestAddress at = Buffer(size + 8);
  WriteMemory(at, bytes);
  Pieces pieces = Cut(at, size, false, 1);
  const GuestAddress ack = Buffer(8);
  pieces.push_back({ack, static_cast<std::uint32_t>(random_.Between(1, 3)), true});
  Give(kControl, pieces);
  Show(kControl);
}

void VirtioGenerator::ReceiveModes() {
  filtering_ = true;
  const auto on = static_cast<std::uint8_t>(random_.OneIn(8) ? 2 : random_.Below(2));
  SendCommand(control::kRx, static_cast<std::uint8_t>(random_.Below(7)), {on});
}

void VirtioGenerator::Addresses() {
  filtering_ = true;
  if (random_.OneIn(2)) {
    std::vector<std::uint8_t> mac = {
        0x52, 0x54, 0, 0x12, 0x34, static_cast<std::uint8_t>(0x56 + random_.Below(2))};
    if (random_.OneIn(6)) mac.resize(random_.Below(9));
    SendCommand(control::kMac, static_cast<std::uint8_t>(random_.OneIn(8) ? 2 : 1), mac);
    return;
  }
  std::vector<std::uint8_t> table;
  for (int kind = 0; kind < 2; ++kind) {
    const std::uint64_t count = random_.OneIn(5) ? random_.Between(60, 70) : random_.Below(4);
    Append32(&table, random_.OneIn(10) ? count + 1 : count);
    const bool unicast = random_.OneIn(4) ? kind != 0 : kind == 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint8_t first = unicast ? 0x02 : 0x01;
      const std::uint8_t third = unicast ? 0 : 0x5e;
      table.insert(table.end(),
                   {first, 0, third, 0, 0, static_cast<std::uint8_t>(1 + random_.Below(2))});
    }
  }
  if (random_.OneIn(10)) table.resize(random_.Below(table.size()));
  SendCommand(control::kMac, control::kMacTableSet, table);
}

void VirtioGenerator::Vlans() {
  filtering_ = true;
  std::vector<std::uint8_t> id;
  Append16(&id, random_.OneIn(8) ? random_.Next() : random_.Below(12));
  if (random_.OneIn(12)) id.resize(1);
  SendCommand(control::kVlan, static_cast<std::uint8_t>(random_.Below(random_.OneIn(8) ? 4 : 2)),
              id);
}

void VirtioGenerator::QueuePairs() {
  std::vector<std::uint8_t> pairs;
  Append16(&pairs, random_.Below(4));
  if (random_.OneIn(8)) pairs.resize(1);
  SendCommand(control::kMq, static_cast<std::uint8_t>(random_.OneIn(6) ? random_.Below(5) : 0),
              pairs);
}

void VirtioGenerator::Rss() {
  const bool hash = random_.OneIn(3);
  std::vector<std::uint8_t> bytes;
  Append32(&bytes, random_.OneIn(6) ? 0 : random_.Next() & 0x1ff);
  constexpr std::uint64_t kMasks[] = {0, 1, 3, 127, 2, 255, 0xffff};
  const std::uint64_t mask = hash ? 0 : random_.Pick(kMasks);
  Append16(&bytes, mask);
  Append16(&bytes, random_.OneIn(6) ? 1 : 0);
  for (std::uint64_t i = 0; i <= std::min<std::uint64_t>(mask, 255); ++i) {
    Append16(&bytes, random_.Below(4));
  }
  Append16(&bytes, random_.OneIn(6) ? random_.Below(4) : 1);
  const std::uint64_t key = random_.OneIn(5) ? random_.Below(48) : 40;
  bytes.push_back(static_cast<std::uint8_t>(key));
  for (std::uint64_t i = 0; i < key; ++i)
    bytes.push_back(static_cast<std::uint8_t>(random_.Next()));
  if (random_.OneIn(8)) bytes.resize(random_.Below(bytes.size()));
  SendCommand(control::kMq, hash ? control::kMqHashConfig : control::kMqRssConfig, bytes);
}

void VirtioGenerator::OtherCommands() {
  std::vector<std::uint8_t> bytes;
  if (random_.OneIn(2)) {
    Append32(&bytes, random_.OneIn(2) ? 0 : random_.Next() & 0x783);
    Append32(&bytes, random_.OneIn(8) ? 1 : 0);
    if (random_.OneIn(8)) bytes.resize(5);
    SendCommand(control::kGuestOffloads, static_cast<std::uint8_t>(random_.OneIn(8) ? 1 : 0),
                bytes);
    return;
  }
  const auto command = static_cast<std::uint8_t>(random_.Below(2));
  SendCommand(static_cast<std::uint8_t>(random_.OneIn(2) ? control::kAnnounce : random_.Next()),
              command, {});
}

// Too short to be a command: the device breaks.
void VirtioGenerator::MalformedCommand() {
  const GuestAddress at = Buffer(16);
  const Pieces no_ack = {{at, 3, false}};
  const Pieces short_header = {{at, 1, false}, {at + 8, 1, true}};
  Give(kControl, random_.OneIn(2) ? no_ack : short_header);
  Show(kControl);
  driver_.ReadStatus();
  broken_ = true;
  episodes_ = std::min(episodes_, 5u);
}

void VirtioGenerator::Command() {
  switch (random_.Below(20)) {
    case 0:
      if (random_.OneIn(4)) MalformedCommand();
      break;
    case 1:
    case 2:
      OtherCommands();
      break;
    case 3:
    case 4:
      QueuePairs();
      break;
    case 5:
      Rss();
      break;
    case 6:
    case 7:
    case 8:
    case 9:
      Vlans();
      break;
    case 10:
    case 11:
    case 12:
    case 13:
      Addresses();
      break;
    default:
      ReceiveModes();
  }
  if (random_.OneIn(3)) Receive();
}

}  // namespace nicreplay

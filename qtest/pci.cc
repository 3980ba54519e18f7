// SPDX-License-Identifier: MIT
#include "qtest/pci.h"

namespace nicreplay {

namespace {

constexpr std::uint8_t kId = 0x00;
constexpr std::uint8_t kClassRevision = 0x08;
constexpr std::uint32_t kClassNetwork = 0x02;  // base class, bits 31:24 of kClassRevision
constexpr std::uint16_t kCommandIo = 1;
constexpr std::uint16_t kCommandMemory = 2;
constexpr std::uint32_t kBarIo = 1;
constexpr std::uint32_t kBarType = 6;
constexpr std::uint32_t kBar64 = 4;

std::uint16_t DataPort(std::uint8_t offset) {
  return static_cast<std::uint16_t>(kPciConfigData + (offset & 3));
}

}  // namespace

std::optional<PciSelection> SelectedBy(std::uint32_t selector) {
  if ((selector & 0x80ff0000u) != 0x80000000u) return std::nullopt;
  return PciSelection{{static_cast<std::uint8_t>(selector >> 11 & 0x1f),
                       static_cast<std::uint8_t>(selector >> 8 & 7)},
                      static_cast<std::uint8_t>(selector & 0xfc)};
}

std::array<QtestCommand, 2> PciConfigRead(PciAddress address, std::uint8_t offset,
                                          std::uint8_t size) {
  return {QtestCommand::Out(4, kPciConfigAddress, PciConfigSelector(address, offset)),
          QtestCommand::In(size, DataPort(offset))};
}

std::array<QtestCommand, 2> PciConfigWrite(PciAddress address, std::uint8_t offset,
                                           std::uint8_t size, std::uint32_t value) {
  return {QtestCommand::Out(4, kPciConfigAddress, PciConfigSelector(address, offset)),
          QtestCommand::Out(size, DataPort(offset), value)};
}

std::size_t PostConfigRead(QtestClient& client, PciAddress address, std::uint8_t offset,
                           std::uint8_t size) {
  const auto commands = PciConfigRead(address, offset, size);
  client.Post(commands[0]);
  return client.Post(commands[1]);
}

std::size_t PostConfigWrite(QtestClient& client, PciAddress address, std::uint8_t offset,
                            std::uint8_t size, std::uint32_t value) {
  const auto commands = PciConfigWrite(address, offset, size, value);
  client.Post(commands[0]);
  return client.Post(commands[1]);
}

PciBars PciBars::Decode(std::uint16_t command, const std::array<std::uint32_t, kCount>& bars) {
  PciBars decoded;
  for (std::size_t i = 0; i < kCount; ++i) {
    const bool io = (bars[i] & kBarIo) != 0;
    std::uint64_t base = bars[i] & (io ? ~3u : ~15u);
    const std::size_t number = i;
    if (!io && (bars[i] & kBarType) == kBar64 && i + 1 < kCount) {
      base |= std::uint64_t{bars[++i]} << 32;
    }
    if (base == 0 || (command & (io ? kCommandIo : kCommandMemory)) == 0) continue;
    decoded.bar[number] = {io ? Bar::Kind::kIo : Bar::Kind::kMemory, base};
  }
  return decoded;
}

Result<PciNic> FindNic(QtestClient& client) {
  struct Slot {
    PciAddress address;
    std::size_t id;
    std::size_t revision;
  };
  std::array<Slot, 32> slots;
  for (std::size_t device = 0; device < slots.size(); ++device) {
    const PciAddress address{static_cast<std::uint8_t>(device), 0};
    slots[device] = {address, PostConfigRead(client, address, kId, 4),
                     PostConfigRead(client, address, kClassRevision, 4)};
  }
  if (auto done = client.Exchange(); !done) return tl::make_unexpected(done.error());
  for (const Slot& slot : slots) {
    auto id = client.Hex(slot.id);
    auto revision = client.Hex(slot.revision);
    if (!id) return tl::make_unexpected(id.error());
    if (!revision) return tl::make_unexpected(revision.error());
    if (*id == 0xffffffff || *revision >> 24 != kClassNetwork) continue;
    return PciNic{slot.address, static_cast<std::uint16_t>(*id),
                  static_cast<std::uint16_t>(*id >> 16)};
  }
  return Fail(ErrorCode::kPeer, "the machine has no network controller on bus 0");
}

}  // namespace nicreplay

// SPDX-License-Identifier: MIT
#include "fuzz/dictionary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <vector>

#include "fuzz/e1000_input.h"
#include "fuzz/virtio_input.h"
#include "models/virtio/describe.h"
#include "models/virtio/net_spec.h"
#include "models/virtio/spec.h"

namespace nicreplay {

namespace {

std::string Word(std::string_view name, std::span<const std::uint8_t> bytes) {
  std::string text = fmt::format("{}=\"", name);
  for (const std::uint8_t byte : bytes) text += fmt::format("\\x{:02x}", byte);
  return text + "\"\n";
}

std::string ItemWord(const ItemKind& kind, std::uint8_t opcode) {
  std::vector<std::uint8_t> item(1u + kind.operands);
  item[0] = opcode;
  std::string name(kind.name);
  std::replace(name.begin(), name.end(), '-', '_');
  return Word("item_" + name, item);
}

std::string E1000Dictionary() {
  std::string text = "# Items of inputs for an e1000, and the registers of its table.\n";
  for (std::size_t i = 0; i < E1000Input::Kinds().size(); ++i) {
    text += ItemWord(E1000Input::Kinds()[i].item, E1000Opcode(static_cast<E1000Item>(i)));
  }
  for (std::size_t row = 0; row < e1000::kRegisters.size(); ++row) {
    const std::uint8_t write[] = {E1000Opcode(E1000Item::kWrite), static_cast<std::uint8_t>(row)};
    const std::uint8_t read[] = {E1000Opcode(E1000Item::kRead), static_cast<std::uint8_t>(row)};
    text += Word(fmt::format("write_{}", e1000::kRegisters[row].name), write);
    text += Word(fmt::format("read_{}", e1000::kRegisters[row].name), read);
  }
  return text;
}

// (5.1.6.5)
struct Command {
  std::string_view name;
  std::uint8_t of;  // its class
  std::uint8_t number;
};
namespace control = virtio::control;
constexpr Command kCommands[] = {
    {"rx_promisc", control::kRx, control::kRxPromisc},
    {"rx_allmulti", control::kRx, control::kRxAllMulti},
    {"rx_alluni", control::kRx, control::kRxAllUni},
    {"rx_nomulti", control::kRx, control::kRxNoMulti},
    {"rx_nouni", control::kRx, control::kRxNoUni},
    {"rx_nobcast", control::kRx, control::kRxNoBroadcast},
    {"mac_table_set", control::kMac, control::kMacTableSet},
    {"mac_addr_set", control::kMac, control::kMacAddrSet},
    {"vlan_add", control::kVlan, control::kVlanAdd},
    {"vlan_del", control::kVlan, control::kVlanDelete},
    {"announce_ack", control::kAnnounce, control::kAnnounceAck},
    {"mq_vq_pairs_set", control::kMq, control::kMqPairsSet},
    {"mq_rss_config", control::kMq, control::kMqRssConfig},
    {"mq_hash_config", control::kMq, control::kMqHashConfig},
    {"guest_offloads_set", control::kGuestOffloads, control::kGuestOffloadsSet},
};

// Of the common configuration (4.1.4.3): names that can stand in a dictionary, by offset.
std::map<std::uint32_t, std::string> CommonRegisters() {
  const auto describer = CreateVirtioNetDescriber();
  std::map<std::uint32_t, std::string> registers;
  for (std::uint32_t offset = 0; offset <= virtio::common::kQueueReset; ++offset) {
    const std::string name =
        describer->RegisterName({virtio::kModernBar, 4, virtio::kCommonRegion + offset});
    std::string word;
    for (const char c : name) {
      if (c == ' ') word += '_';
      if (c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0) word += c;
    }
    if (!name.starts_with("common configuration")) registers.emplace(offset, word);
  }
  return registers;
}

std::string VirtioDictionary() {
  std::string text =
      "# Items of inputs for a virtio-net device, its common configuration, and its commands.\n";
  for (unsigned i = 0; i <= static_cast<unsigned>(VirtioItem::kEvent); ++i) {
    const std::uint8_t opcode = VirtioOpcode(static_cast<VirtioItem>(i));
    text += ItemWord(VirtioInput::KindOf(opcode).item, opcode);
  }
  const auto registers = CommonRegisters();
  for (const auto& [offset, name] : registers) {
    const bool four = offset % 4 == 0 && !registers.contains(offset + 2);
    const bool one = registers.contains(offset + 1) || offset % 2 != 0;
    const unsigned variant = four ? 1 : one ? 2 : 0;  // as PlayRegister has sizes
    const std::uint8_t write[] = {VirtioOpcode(VirtioItem::kRegister, variant),
                                  static_cast<std::uint8_t>(offset)};
    text += Word("write_" + name, write);
  }
  for (const Command& command : kCommands) {
    const std::uint8_t item[] = {VirtioOpcode(VirtioItem::kCommand), command.of, command.number};
    text += Word(fmt::format("command_{}", command.name), item);
  }
  return text;
}

}  // namespace

std::string DictionaryOf(FuzzTarget::Family family) {
  return family == FuzzTarget::Family::kE1000 ? E1000Dictionary() : VirtioDictionary();
}

}  // namespace nicreplay

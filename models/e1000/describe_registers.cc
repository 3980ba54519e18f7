// SPDX-License-Identifier: MIT
#include "models/e1000/describe_registers.h"

#include <fmt/format.h>

#include "models/e1000/registers.h"

namespace nicreplay::e1000 {
namespace {

void Append(std::string& text, std::string_view part) {
  if (!text.empty()) text += '|';
  text += part;
}

std::string_view PhyRegisterName(std::uint32_t reg) {
  switch (reg) {
    case phy::kPCTRL:
      return "PCTRL";
    case phy::kPSTATUS:
      return "PSTATUS";
    case phy::kPID1:
      return "PID1";
    case phy::kPID2:
      return "PID2";
    case phy::kANA:
      return "ANA";
    case phy::kPLPA:
      return "PLPA";
    case phy::kANE:
      return "ANE";
    case phy::kGCON:
      return "GCON";
    case phy::kGSTATUS:
      return "GSTATUS";
    case phy::kPSCON:
      return "PSCON";
    case phy::kPSSTAT:
      return "PSSTAT";
    case phy::kEPSCON:
      return "EPSCON";
    case phy::kREC:
      return "REC";
    default:
      return "";
  }
}

// 13.4.7: "READ PHY 1 reg 2 PID1 data 0x0141 R".
std::string DescribeMdic(std::uint32_t value) {
  static constexpr std::string_view kOperations[] = {"NO-OP", "WRITE", "READ", "READ+WRITE"};
  const std::uint32_t reg = (value & mdic::kREGADD) >> mdic::kREGADD_SHIFT;
  std::string text = fmt::format("{} PHY {} reg {}", kOperations[value >> 26 & 3],
                                 (value & mdic::kPHYADD) >> mdic::kPHYADD_SHIFT, reg);
  const std::string_view name = PhyRegisterName(reg);
  if (!name.empty()) text += fmt::format(" {}", name);
  text += fmt::format(" data 0x{:04x}", value & mdic::kDATA);
  const std::string flags =
      DescribeFields(mdic::kFields, value & (mdic::kR | mdic::kI | mdic::kE | 1u << 31));
  return flags.empty() ? text : text + " " + flags;
}

// 13.4.22: BSIZE and BSEX together are the size of a receive buffer.
std::string DescribeRctl(std::uint32_t value) {
  static constexpr std::string_view kSizes[2][4] = {{"2048", "1024", "512", "256"},
                                                    {"reserved", "16384", "8192", "4096"}};
  const std::uint32_t coded = (value & rctl::kBSIZE) >> rctl::kBSIZE_SHIFT;
  std::string text = DescribeFields(rctl::kFields, value & ~(rctl::kBSIZE | rctl::kBSEX));
  Append(text, fmt::format("BSIZE={}", kSizes[(value & rctl::kBSEX) != 0][coded]));
  return text;
}

// 13.5.2: four bytes of the MAC address in RAL, two and AV in RAH.
std::string DescribeReceiveAddress(std::uint32_t offset, std::uint32_t value) {
  const auto byte = [&](int i) { return value >> 8 * i & 0xff; };
  if (offset % 8 == 0) {
    return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}", byte(0), byte(1), byte(2), byte(3));
  }
  std::string text = fmt::format("{:02x}:{:02x}", byte(0), byte(1));
  if ((value >> 16 & 3) != 0) Append(text, fmt::format("AS={}", value >> 16 & 3));
  if ((value & rah::kAV) != 0) Append(text, "AV");
  return text;
}

}  // namespace

std::string DescribeFields(std::span<const Field> fields, std::uint32_t value) {
  std::string text;
  for (const Field& field : fields) {
    const std::uint32_t bits = value & field.mask;
    if (bits == 0) continue;
    value &= ~field.mask;
    if (field.single_bit()) {
      Append(text, field.name);
    } else {
      Append(text, fmt::format("{}={}", field.name, bits >> field.shift()));
    }
  }
  if (value != 0) Append(text, fmt::format("0x{:x}", value));
  return text;
}

std::string DescribeRegister(std::uint32_t offset, std::uint32_t value) {
  const RegisterRow* row = FindRegister(offset);
  if (row == nullptr) return {};
  if (row->offset == kMDIC) return DescribeMdic(value);
  if (row->offset == kRCTL) return DescribeRctl(value);
  if (row->offset == kRA) return DescribeReceiveAddress(offset & ~3u, value);
  return row->fields.empty() ? std::string() : DescribeFields(row->fields, value);
}

}  // namespace nicreplay::e1000

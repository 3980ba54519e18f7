// SPDX-License-Identifier: MIT
#include "models/e1000/control_plane.h"

#include <algorithm>

#include "models/e1000/timers.h"

namespace nicreplay::e1000 {
namespace {

constexpr std::uint8_t kCacheLineDwords = 0x10;
constexpr std::uint32_t kEtherTypeVlan = 0x8100;

// What registers hold after a reset that is not 0 (13.4.1, 13.4.2, 13.4.15, 13.4.16); STATUS and
// MANC are stock QEMU's.
constexpr std::uint32_t kCtrlAfterReset =
    ctrl::kADVD3WUC | ctrl::kSDP0_DATA | ctrl::kSPEED_1000 | ctrl::kSLU;
constexpr std::uint32_t kStatusAfterReset = status::kBit31 | status::kGIO_MASTER_ENABLE |
                                            status::kASDV | status::kMTXCKOK | status::kSPEED_1000 |
                                            status::kFD | status::kLU;
constexpr std::uint32_t kLedctlAfterReset = 0x602;
constexpr std::uint32_t kPbaAfterReset = 0x00100030;
constexpr std::uint32_t kMancAfterReset =
    manc::kEN_MNG2HOST | manc::kRCV_TCO_EN | manc::kARP_EN | manc::k0298_EN | manc::kRMCP_EN;

}  // namespace

ControlPlane::ControlPlane(const Settings& settings, Host& host, InterruptLine& line)
    : settings_(settings),
      info_(InfoOf(settings)),
      host_(host),
      line_(line),
      pci_(info_, settings.rom_size),
      eeprom_(settings),
      interrupts_(settings.mitigation, registers_, pci_, host, line),
      link_(settings, registers_, interrupts_, host),
      receive_control_(registers_, host) {
  pci_.Preset(PciConfig::kCacheLineSize, kCacheLineDwords);
}

bool ControlPlane::Accessible(const RegisterRow& row, std::uint32_t offset) const {
  switch (row.gate) {
    case Gate::kAlways:
      return true;
    case Gate::kMitigation:
      return settings_.mitigation == Feature::kOn;
    case Gate::kExtra:
      return settings_.extra_mac_registers == Feature::kOn;
    case Gate::kExtraFirstElement:
      return settings_.extra_mac_registers == Feature::kOn || offset != row.offset;
  }
  return false;
}

std::uint32_t ControlPlane::ReadRegister(std::uint32_t offset) {
  const RegisterRow* row = FindRegister(offset);
  if (row == nullptr || !Accessible(*row, offset)) return 0;
  const std::uint32_t value = registers_[offset];
  switch (row->read) {
    case ReadRule::kZero:
      return 0;
    case ReadRule::kPlain:
      return value;
    case ReadRule::kLow4:
      return value & 0xf;
    case ReadRule::kLow11:
      return value & 0x7ff;
    case ReadRule::kLow13:
      return value & 0x1fff;
    case ReadRule::kLow16:
      return value & 0xffff;
    case ReadRule::kClear:
      registers_[offset] = 0;
      return value;
    case ReadRule::kClearPair:
      registers_[offset] = 0;
      registers_[offset - 4] = 0;
      return value;
    case ReadRule::kIcr:
      interrupts_.SetCauses(0);
      return value;
    case ReadRule::kEecd:
      return eeprom_.ReadEecd();
    case ReadRule::kEerd:
      return eeprom_.ReadEerd(value);
  }
  return 0;
}

Doorbell ControlPlane::WriteRegister(std::uint32_t offset, std::uint32_t value) {
  const RegisterRow* row = FindRegister(offset);
  if (row == nullptr || !Accessible(*row, offset)) return Doorbell::kNone;
  std::uint32_t& held = registers_[offset];
  switch (row->write) {
    case WriteRule::kIgnore:
      break;
    case WriteRule::kPlain:
      held = value;
      break;
    case WriteRule::kLow16:
      held = value & 0xffff;
      break;
    case WriteRule::kRingLength:
      held = value & kRingLengthBits;
      break;
    case WriteRule::kCtrl:
      held = value & ~ctrl::kRST;  // 13.4.1: RST clears itself; stock QEMU resets nothing
      break;
    case WriteRule::kEecd:
      eeprom_.WriteEecd(value);
      break;
    case WriteRule::kMdic:
      link_.WriteMdic(value);
      break;
    case WriteRule::kIcr:
      interrupts_.SetCauses(held & ~value);
      break;
    case WriteRule::kIcs:
      interrupts_.Raise(value);
      break;
    case WriteRule::kIms:
      held |= value;
      interrupts_.Raise(0);
      break;
    case WriteRule::kImc:
      registers_[kIMS] &= ~value;
      interrupts_.Raise(0);
      break;
    case WriteRule::kRctl:
      receive_control_.WriteRctl(value);
      break;
    case WriteRule::kRdt:
      receive_control_.WriteRdt(value);
      break;
    case WriteRule::kTransmit:
      held = value;
      registers_[kTDT] &= kRingIndexBits;
      return Doorbell::kTransmit;
  }
  return Doorbell::kNone;
}

void ControlPlane::ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) {
  pci_.Write(offset, size, value, line_);
  const bool takes_command = offset == PciConfig::kCommand && (size == 1 || size == 2 || size == 4);
  if (takes_command && pci_.bus_master()) host_.FlushReceive();
}

bool ControlPlane::CanReceive() const {
  return receive_control_.Enabled() && pci_.bus_master() && receive_control_.HasRoom(1) &&
         !receive_control_.flush_pending();
}

void ControlPlane::OnTimer(TimerId id) {
  switch (id) {
    case kAutonegotiationTimer:
      link_.OnTimer();
      break;
    case kMitigationTimer:
      interrupts_.OnTimer();
      break;
    case kFlushTimer:
      receive_control_.OnTimer();
      break;
    default:
      break;
  }
}

void ControlPlane::Reset() {
  registers_.Clear();
  registers_[kCTRL] = kCtrlAfterReset;
  registers_[kSTATUS] = kStatusAfterReset;
  registers_[kLEDCTL] = kLedctlAfterReset;
  registers_[kPBA] = kPbaAfterReset;
  registers_[kMANC] = kMancAfterReset;
  if (settings_.init_vet == Feature::kOn) registers_[kVET] = kEtherTypeVlan;
  const MacAddress& mac = settings_.mac;
  registers_[kRA] = mac[0] | mac[1] << 8 | mac[2] << 16 | std::uint32_t{mac[3]} << 24;
  registers_[kRA + 4] = rah::kAV | mac[4] | mac[5] << 8;

  link_.Reset();
  interrupts_.Reset();
  receive_control_.Reset();
  pci_.Reset(line_);
}

void ControlPlane::DmaRead(GuestAddress address, MutableBytes out) {
  if (out.empty()) return;
  if (pci_.bus_master()) {
    host_.DmaRead(address, out);
  } else {
    std::fill(out.begin(), out.end(), std::uint8_t{0});
  }
}

void ControlPlane::DmaWrite(GuestAddress address, Bytes data) {
  if (!data.empty() && pci_.bus_master()) host_.DmaWrite(address, data);
}

Bytes ControlPlane::MapRead(GuestAddress address, std::size_t size) {
  return pci_.bus_master() ? host_.MapRead(address, size) : Bytes{};
}

}  // namespace nicreplay::e1000

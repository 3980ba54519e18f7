// SPDX-License-Identifier: MIT
#include "models/e1000/link.h"

#include "models/e1000/timers.h"

namespace nicreplay::e1000 {
namespace {

constexpr std::uint64_t kNegotiationMilliseconds = 500;

enum class PhyAccess : std::uint8_t { kNone, kRead, kReadWrite };

struct PhyRow {
  std::uint8_t address;
  PhyAccess access;
  std::uint16_t initial;
};

// 13.4.7.1: the PHY registers that stock QEMU has, and their values after a reset.  PSTATUS has the
// link up and autonegotiation not complete; PID2 depends on the chip.
constexpr std::array kPhyRows = {
    PhyRow{phy::kPCTRL, PhyAccess::kReadWrite, 0x1140},
    PhyRow{phy::kPSTATUS, PhyAccess::kRead, 0x794d},
    PhyRow{phy::kPID1, PhyAccess::kRead, 0x0141},
    PhyRow{phy::kPID2, PhyAccess::kRead, 0},
    PhyRow{phy::kANA, PhyAccess::kReadWrite, 0x0de1},
    PhyRow{phy::kPLPA, PhyAccess::kRead, 0x01e0},
    PhyRow{phy::kANE, PhyAccess::kRead, 0},
    PhyRow{phy::kGCON, PhyAccess::kReadWrite, 0x0e00},
    PhyRow{phy::kGSTATUS, PhyAccess::kRead, 0x3c00},
    PhyRow{phy::kPSCON, PhyAccess::kReadWrite, 0x0360},
    PhyRow{phy::kPSSTAT, PhyAccess::kRead, 0xac00},
    PhyRow{phy::kEPSCON, PhyAccess::kReadWrite, 0x0d60},
    PhyRow{phy::kREC, PhyAccess::kRead, 0},
};

constexpr std::array<PhyAccess, phy::kRegisters> kPhyAccess = [] {
  std::array<PhyAccess, phy::kRegisters> access{};
  for (const PhyRow& row : kPhyRows) access[row.address] = row.access;
  return access;
}();

}  // namespace

bool Link::NegotiationPossible() const {
  return autonegotiation_ == Feature::kOn && (phy_[phy::kPCTRL] & phy::kCtrlAutonegEnable) != 0;
}

void Link::LinkDown() {
  registers_[kSTATUS] &= ~status::kLU;
  phy_[phy::kPSTATUS] &= static_cast<std::uint16_t>(~(phy::kStatusLink | phy::kStatusAutonegDone));
  phy_[phy::kPLPA] &= static_cast<std::uint16_t>(~phy::kPartnerAcknowledge);
}

void Link::LinkUp() {
  registers_[kSTATUS] |= status::kLU;
  phy_[phy::kPSTATUS] |= phy::kStatusLink;
}

void Link::RestartNegotiation() {
  LinkDown();
  host_.ArmTimer(kAutonegotiationTimer, MillisecondDeadline(host_.Now(), kNegotiationMilliseconds));
}

void Link::SetState(LinkState state) {
  const std::uint32_t old_status = registers_[kSTATUS];
  state_ = state;
  if (state == LinkState::kDown) {
    LinkDown();
  } else if (NegotiationPossible() && (phy_[phy::kPSTATUS] & phy::kStatusAutonegDone) == 0) {
    RestartNegotiation();
  } else {
    LinkUp();
    host_.FlushReceive();
  }
  if (registers_[kSTATUS] != old_status) interrupts_.Raise(cause::kLSC);
}

void Link::OnTimer() {
  if (state_ == LinkState::kDown) return;
  LinkUp();
  phy_[phy::kPLPA] |= phy::kPartnerAcknowledge;
  phy_[phy::kPSTATUS] |= phy::kStatusAutonegDone;
  host_.FlushReceive();
  interrupts_.Raise(cause::kLSC);
}

void Link::WriteMdic(std::uint32_t value) {
  const auto address = static_cast<std::uint8_t>((value & mdic::kREGADD) >> mdic::kREGADD_SHIFT);
  if ((value & mdic::kPHYADD) >> mdic::kPHYADD_SHIFT != phy::kAddress) {
    // No other PHY answers; the register keeps what it had.
    value = registers_[kMDIC] | mdic::kE;
  } else if ((value & mdic::kOP_READ) != 0) {
    if (kPhyAccess[address] == PhyAccess::kNone) {
      value |= mdic::kE;
    } else {
      value = (value & ~mdic::kDATA) | phy_[address];
    }
  } else if ((value & mdic::kOP_WRITE) != 0) {
    value = WritePhy(address, value);
  }
  registers_[kMDIC] = value | mdic::kR;
  if ((value & mdic::kI) != 0) interrupts_.Raise(cause::kMDAC);
}

std::uint32_t Link::WritePhy(std::uint8_t address, std::uint32_t mdic) {
  if (kPhyAccess[address] != PhyAccess::kReadWrite) return mdic | mdic::kE;
  const auto data = static_cast<std::uint16_t>(mdic & mdic::kDATA);
  if (address == phy::kPCTRL) {
    WriteControl(data);
  } else {
    phy_[address] = data;
  }
  return mdic;
}

void Link::WriteControl(std::uint16_t value) {
  constexpr std::uint16_t kNotKept =
      phy::kCtrlReserved | phy::kCtrlReset | phy::kCtrlRestartAutoneg;
  phy_[phy::kPCTRL] = static_cast<std::uint16_t>(value & ~kNotKept);
  if (NegotiationPossible() && (value & phy::kCtrlRestartAutoneg) != 0) RestartNegotiation();
}

void Link::Reset() {
  host_.CancelTimer(kAutonegotiationTimer);
  phy_.fill(0);
  for (const PhyRow& row : kPhyRows) phy_[row.address] = row.initial;
  phy_[phy::kPID2] = phy_id2_;
  if (state_ == LinkState::kDown) LinkDown();
}

}  // namespace nicreplay::e1000

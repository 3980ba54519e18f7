// SPDX-License-Identifier: MIT
// What registers hold, keep, hide and ignore.
#include <map>

#include "qtest/suite/e1000/conformance.h"

namespace nicreplay::e1000 {
namespace {

NICREPLAY_CONFORMANCE(Registers);

constexpr std::uint32_t kAll = 0xffffffff;

TEST_P(Registers, ValuesAfterPowerOn) {
  FromManual("13.4.1, 13.4.15, 13.4.16");
  FromQemu();  // STATUS, MANC, VET; everything else is 0
  const std::map<std::uint32_t, std::uint32_t> values = {
      {kCTRL, 0x00140240}, {kSTATUS, 0x80080783}, {kEECD, 0x188},
      {kVET, 0x8100},      {kLEDCTL, 0x602},      {kPBA, 0x00100030},
      {kMANC, 0x222300},   {kRA, 0x12005452},     {kRA + 4, 0x80005634},
  };
  for (const RegisterRow& row : kRegisters) {
    const std::uint32_t last = row.offset == kPBM ? kPBM + 16 : row.end();
    for (std::uint32_t offset = row.offset; offset < last; offset += 4) {
      const auto known = values.find(offset);
      EXPECT_EQ(nic().Read(offset), known == values.end() ? 0 : known->second)
          << NameOfRegister(offset);
    }
  }
}

TEST_P(Registers, StorageKeepsAllBits) {
  FromManual("13.4.16, 13.4.25, 13.4.36, 13.5.1, 13.5.2, 13.5.4, 13.6");
  for (const std::uint32_t offset :
       {kVET + 0,   kLEDCTL + 0,     kPBA + 0,        kRDBAL + 0,     kRDBAH + 0, kTDBAL + 0,
        kTDBAH + 0, kTXDCTL + 0,     kMTA + 0,        kMTA + 127 * 4, kRA + 0,    kRA + 31 * 4,
        kVFTA + 0,  kVFTA + 127 * 4, kWUC + 0,        kWUFC + 0,      kWUS + 0,   kIPAV + 0,
        kIP4AT + 0, kIP4AT + 6 * 4,  kIP6AT + 0,      kIP6AT + 3 * 4, kWUPM + 0,  kWUPM + 31 * 4,
        kSWSM + 0,  kFFVT + 0,       kFFVT + 254 * 4, kFCRUC + 0,     kRCTL + 0}) {
    nic().Write(offset, 0xa5a5c3c3);
    EXPECT_EQ(nic().Read(offset), 0xa5a5c3c3) << NameOfRegister(offset);
    nic().Write(offset, 0x5a5a3c3c);
    EXPECT_EQ(nic().Read(offset), 0x5a5a3c3c) << NameOfRegister(offset);
  }
}

TEST_P(Registers, NeighboursAreNotTouched) {
  FromManual("13.5.1, 13.5.4");
  nic().Write(kMTA + 4 * 63, kAll);
  nic().Write(kVFTA + 4 * 64, kAll);
  EXPECT_EQ(nic().Read(kMTA + 4 * 62), 0u);
  EXPECT_EQ(nic().Read(kMTA + 4 * 64), 0u);
  EXPECT_EQ(nic().Read(kVFTA + 4 * 63), 0u);
  EXPECT_EQ(nic().Read(kVFTA + 4 * 65), 0u);
}

TEST_P(Registers, RingLengthsAreMultiplesOf128) {
  FromManual("13.4.27, 13.4.38");
  for (const std::uint32_t offset : {kRDLEN, kTDLEN}) {
    nic().Write(offset, kAll);
    EXPECT_EQ(nic().Read(offset), 0xfff80u) << NameOfRegister(offset);
  }
}

TEST_P(Registers, RingIndicesAre16Bits) {
  FromManual("13.4.28, 13.4.29, 13.4.39, 13.4.40");
  for (const std::uint32_t offset : {kRDH, kRDT, kTDH, kTDT}) {
    nic().Write(offset, kAll);
    EXPECT_EQ(nic().Read(offset), 0xffffu) << NameOfRegister(offset);
  }
}

TEST_P(Registers, InterruptDelaysAre16Bits) {
  FromManual("13.4.18, 13.4.30, 13.4.31, 13.4.44");
  for (const std::uint32_t offset : {kITR, kRDTR, kRADV, kTADV}) {
    nic().Write(offset, kAll);
    EXPECT_EQ(nic().Read(offset), 0xffffu) << NameOfRegister(offset);
  }
}

TEST_P(Registers, FifoPointersShowTheirLowBits) {
  FromManual("13.8");
  for (const std::uint32_t offset : {kTDFH, kTDFT}) {
    nic().Write(offset, kAll);
    EXPECT_EQ(nic().Read(offset), 0x7ffu) << NameOfRegister(offset);
  }
  for (const std::uint32_t offset :
       {kTDFHS, kTDFTS, kTDFPC, kRDFH, kRDFT, kRDFHS, kRDFTS, kRDFPC}) {
    nic().Write(offset, kAll);
    EXPECT_EQ(nic().Read(offset), 0x1fffu) << NameOfRegister(offset);
  }
}

TEST_P(Registers, FlexibleFiltersShowTheirLowBits) {
  FromManual("13.6.9, 13.6.10");
  for (const std::uint32_t offset : {kFFLT + 0, kFFLT + 6 * 4}) {
    nic().Write(offset, kAll);
    EXPECT_EQ(nic().Read(offset), 0x7ffu) << NameOfRegister(offset);
  }
  for (const std::uint32_t offset : {kFFMT + 0, kFFMT + 254 * 4}) {
    nic().Write(offset, kAll);
    EXPECT_EQ(nic().Read(offset), 0xfu) << NameOfRegister(offset);
  }
}

TEST_P(Registers, AdaptiveSpacingIs16Bits) {
  FromManual("13.4.35");
  nic().Write(kAIT, kAll);
  EXPECT_EQ(nic().Read(kAIT), 0xffffu);
}

TEST_P(Registers, PacketBufferIsPlainMemory) {
  FromManual("13.8");
  for (std::uint32_t offset = kPBM; offset < kBar0Size; offset += 0x3ffc) {
    nic().Write(offset, offset ^ kAll);
  }
  for (std::uint32_t offset = kPBM; offset < kBar0Size; offset += 0x3ffc) {
    EXPECT_EQ(nic().Read(offset), offset ^ kAll) << NameOfRegister(offset);
  }
}

TEST_P(Registers, ReadOnlyOnesIgnoreWrites) {
  FromManual("13.4.2, 13.7");
  for (const RegisterRow& row : kRegisters) {
    if (row.write != WriteRule::kIgnore) continue;
    const std::uint32_t before = nic().Read(row.offset);
    nic().Write(row.offset, ~before);
    EXPECT_EQ(nic().Read(row.offset), before) << row.name;
  }
}

TEST_P(Registers, InterruptMaskClearReadsZero) {
  FromManual("13.4.21");
  nic().Write(kIMS, 0xff);
  nic().Write(kIMC, 0x0f);
  EXPECT_EQ(nic().Read(kIMC), 0u);
}

// The 8254x has these; QEMU does not, nor the addresses under which the 82543 had others.
TEST_P(Registers, UnimplementedOnesReadZero) {
  FromQemu();
  for (const std::uint32_t offset :
       {0x0004u, 0x0018u, 0x0028u, 0x002cu, 0x0030u, 0x0170u, 0x0178u, 0x0180u, 0x0410u,
        0x2160u, 0x2168u, 0x2828u, 0x2c00u, 0x3000u, 0x3820u, 0x3830u, 0x5000u, 0x5900u,
        0x8000u, 0x93fcu, 0x9bfcu, 0x0040u, 0x0108u, 0x0110u, 0x0138u, 0x0200u, 0x0420u,
        0x0438u, 0x0600u, 0x402cu, 0x4044u, 0x4084u, 0x409cu, 0x4100u}) {
    ASSERT_EQ(FindRegister(offset), nullptr);
    nic().Write(offset, kAll);
    EXPECT_EQ(nic().Read(offset), 0u) << offset;
  }
}

TEST_P(Registers, DeviceResetBitClearsItselfAndResetsNothing) {
  FromManual("13.4.1");
  FromQemu();  // the manual resets the device
  nic().Write(kRDBAL, 0x1230);
  nic().Write(kIMS, 0x55);
  nic().Write(kCTRL, kAll);
  EXPECT_EQ(nic().Read(kCTRL), ~ctrl::kRST);
  EXPECT_EQ(nic().Read(kRDBAL), 0x1230u);
  EXPECT_EQ(nic().Read(kIMS), 0x55u);
}

TEST_P(Registers, WithoutMitigationItsRegistersAreMissing) {
  FromQemu();
  if (!RestartWithout("mitigation", Behaviour::kMitigationOption)) return;
  for (const std::uint32_t offset : {kITR, kRDTR, kRADV, kTADV}) {
    nic().Write(offset, 0x1234);
    EXPECT_EQ(nic().Read(offset), 0u) << NameOfRegister(offset);
  }
}

TEST_P(Registers, WithoutExtraRegistersTheyAreMissing) {
  FromQemu();
  if (!RestartWithout("extra_mac_registers", Behaviour::kExtraRegistersOption)) return;
  for (const RegisterRow& row : kRegisters) {
    if (row.gate != Gate::kExtra && row.gate != Gate::kExtraFirstElement) continue;
    nic().Write(row.offset, kAll);
    EXPECT_EQ(nic().Read(row.offset), 0u) << row.name;
  }
  nic().StartTransmit();
  nic().Send(MakeFrame(60));
  EXPECT_EQ(nic().Read(kPTC64), 0u);
  EXPECT_EQ(nic().Read(kGOTCL), 0u);
  EXPECT_EQ(nic().Read(kTPT), 1u);
}

// The switch is looked up by register index, and tables have it at their first element alone.
TEST_P(Registers, WithoutExtraRegistersTablesLoseTheirFirstElement) {
  FromQemu();
  if (!RestartWithout("extra_mac_registers", Behaviour::kExtraRegistersOption)) return;
  for (const std::uint32_t offset : {kIP4AT, kIP6AT, kWUPM, kFFVT, kPBM}) {
    nic().Write(offset + 4, 0x12345678);
    EXPECT_EQ(nic().Read(offset + 4), 0x12345678u) << NameOfRegister(offset + 4);
  }
}

TEST_P(Registers, WithoutInitVetTheVlanTypeIsZero) {
  FromQemu();
  Restart("init_vet=off");
  EXPECT_EQ(nic().Read(kVET), 0u);
}

}  // namespace
}  // namespace nicreplay::e1000

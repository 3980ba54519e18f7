// SPDX-License-Identifier: MIT
// The table itself, and one case for every rule that registers follow.
#include "models/e1000/registers.h"

#include "models/e1000/test_host.h"

namespace nicreplay::e1000 {
namespace {

TEST(RegisterTable, NamesRegistersAndArrayElements) {
  EXPECT_EQ(NameOfRegister(0x3818), "TDT");
  EXPECT_EQ(NameOfRegister(0x381a), "TDT");
  EXPECT_EQ(NameOfRegister(0x5200 + 17 * 4), "MTA[17]");
  EXPECT_EQ(NameOfRegister(0x5400), "RAL[0]");
  EXPECT_EQ(NameOfRegister(0x5400 + 5 * 4), "RAH[2]");
  EXPECT_EQ(NameOfRegister(0x1fffc), "PBM[16383]");
  EXPECT_EQ(NameOfRegister(0x3820), "");  // TIDV: stock QEMU has none
  EXPECT_EQ(NameOfRegister(0x20000), "");
}

TEST(RegisterTable, FieldsOfARegisterDoNotOverlap) {
  for (const RegisterRow& row : kRegisters) {
    std::uint32_t taken = 0;
    for (const Field& field : row.fields) {
      EXPECT_NE(field.mask, 0u) << row.name << '.' << field.name;
      EXPECT_EQ(taken & field.mask, 0u) << row.name << '.' << field.name;
      taken |= field.mask;
    }
  }
}

// What a register reads after all ones were written to it.
struct WriteCase {
  const char* name;
  std::uint32_t offset;
  std::uint32_t expected;
};
class RegisterWrite : public testing::TestWithParam<WriteCase> {};

TEST_P(RegisterWrite, KeepsTheBitsThatTheRegisterHas) {
  Bench bench;
  bench.Write(GetParam().offset, UINT32_MAX);
  EXPECT_EQ(bench.Read(GetParam().offset), GetParam().expected);
}

constexpr WriteCase kWriteCases[] = {
    {"PBA", kPBA, UINT32_MAX},
    {"VET", kVET, UINT32_MAX},
    {"CTRL", kCTRL, ~ctrl::kRST},
    {"STATUS", kSTATUS, 0x80080783},
    {"MANC", kMANC, 0x00222300},
    {"TDLEN", kTDLEN, 0xfff80},
    {"RDLEN", kRDLEN, 0xfff80},
    {"TDH", kTDH, 0xffff},
    {"RDH", kRDH, 0xffff},
    {"RDT", kRDT, 0xffff},
    {"TDT", kTDT, 0xffff},
    {"ITR", kITR, 0xffff},
    {"RDTR", kRDTR, 0xffff},
    {"RADV", kRADV, 0xffff},
    {"TADV", kTADV, 0xffff},
    {"AIT", kAIT, 0xffff},
    {"TDFH", kTDFH, 0x7ff},
    {"TDFPC", kTDFPC, 0x1fff},
    {"RDFT", kRDFT, 0x1fff},
    {"FFLT6", kFFLT + 24, 0x7ff},
    {"FFMT254", kFFMT + 254 * 4, 0xf},
    {"FFVT254", kFFVT + 254 * 4, UINT32_MAX},
    {"FFMT255", kFFMT + 255 * 4, 0},
    {"MTA127", kMTA + 127 * 4, UINT32_MAX},
    {"VFTA0", kVFTA, UINT32_MAX},
    {"RAH15", kRA + 31 * 4, UINT32_MAX},
    {"PBM16383", 0x1fffc, UINT32_MAX},
    {"FCRUC", kFCRUC, UINT32_MAX},
    {"CRCERRS", kCRCERRS, 0},
    {"TORL", kTORL, 0},
    {"IMC", kIMC, 0},
    {"TIDV", 0x3820, 0},
    {"RXCSUM", 0x5000, 0},
    {"TIPG", 0x410, 0},
    {"CTRL_EXT", 0x18, 0},
    {"RdtrAlias", 0x108, 0},
};
INSTANTIATE_TEST_SUITE_P(All, RegisterWrite, testing::ValuesIn(kWriteCases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Registers, CountersOfTheClearGroupClearOnRead) {
  Bench bench;
  bench.StartTransmit();
  bench.Send(MakeFrame(60, kBroadcast));
  for (const std::uint32_t counter : {kTPT, kGPTC, kPTC64, kBPTC}) {
    EXPECT_EQ(bench.Read(counter), 1u) << NameOfRegister(counter);
    EXPECT_EQ(bench.Read(counter), 0u) << NameOfRegister(counter);
  }
}

TEST(Registers, HighHalvesClearBothAndLowHalvesClearNothing) {
  Bench bench;
  bench.StartTransmit();
  bench.Send(MakeFrame(60));
  for (const std::uint32_t low : {kTOTL, kGOTCL}) {
    EXPECT_EQ(bench.Read(low), 64u);
    EXPECT_EQ(bench.Read(low), 64u);
    EXPECT_EQ(bench.Read(low + 4), 0u);
    EXPECT_EQ(bench.Read(low), 0u);
  }
}

TEST(Registers, MissedPacketsDoNotClear) {
  Bench bench;
  bench.StartReceive();
  bench.Write(kRDT, bench.Read(kRDH));
  EXPECT_EQ(bench.Receive(MakeFrame(60)), ReceiveResult::kDropped);
  for (const std::uint32_t counter : {kMPC, kRNBC}) {
    EXPECT_EQ(bench.Read(counter), 1u);
    EXPECT_EQ(bench.Read(counter), 1u);
  }
}

TEST(Registers, MitigationOffHidesItsRegisters) {
  Bench bench("mitigation=off");
  for (const std::uint32_t offset : {kITR, kRDTR, kRADV, kTADV}) {
    bench.Write(offset, 5);
    EXPECT_EQ(bench.Read(offset), 0u) << NameOfRegister(offset);
  }
}

TEST(Registers, WithoutExtraRegistersArraysLoseTheirFirstElementOnly) {
  Bench bench("extra_mac_registers=off");
  for (const std::uint32_t array : {kIP4AT, kIP6AT, kWUPM, kFFLT, kFFMT, kFFVT, kPBM}) {
    bench.Write(array, 5);
    bench.Write(array + 4, 5);
    EXPECT_EQ(bench.Read(array), 0u) << NameOfRegister(array);
    EXPECT_EQ(bench.Read(array + 4), 5u) << NameOfRegister(array);
  }
  bench.Write(kAIT, 5);
  EXPECT_EQ(bench.Read(kAIT), 0u);
  bench.Write(kWUFC, 5);
  EXPECT_EQ(bench.Read(kWUFC), 5u);
}

TEST(Registers, HiddenCountersStillCount) {
  Bench bench("extra_mac_registers=off");
  bench.StartTransmit();
  bench.Send(MakeFrame(60, kBroadcast));
  EXPECT_EQ(bench.Read(kBPTC), 0u);
  EXPECT_EQ(bench.Read(kTPT), 1u);
}

}  // namespace
}  // namespace nicreplay::e1000

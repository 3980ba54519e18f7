// SPDX-License-Identifier: MIT
#include "models/e1000/describe.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "models/e1000/describe_descriptors.h"
#include "models/e1000/descriptors.h"
#include "models/e1000/registers.h"

namespace nicreplay::e1000 {
namespace {

constexpr GuestAddress kTxBase = 0x1'2345'6000;
constexpr GuestAddress kRxBase = 0x8000;

Access At(std::uint32_t offset, std::uint8_t size = 4) { return {0, size, offset}; }

class E1000DescriberTest : public testing::Test {
 protected:
  void SetUp() override {
    Write(kTDBAL, static_cast<std::uint32_t>(kTxBase));
    Write(kTDBAH, kTxBase >> 32);
    Write(kTDLEN, 256 * 16);
    Write(kRDBAL, kRxBase);
    Write(kRDLEN, 8 * 16);
  }

  void Write(std::uint32_t offset, std::uint64_t value) { describer_->OnWrite(At(offset), value); }
  std::string Fields(std::uint32_t offset, std::uint64_t value) {
    return describer_->RegisterFields(At(offset), value);
  }

  std::unique_ptr<Describer> describer_ = CreateE1000Describer();
};

TEST_F(E1000DescriberTest, RegisterNames) {
  EXPECT_EQ(describer_->RegisterName(At(kRDT)), "RDT");
  EXPECT_EQ(describer_->RegisterName(At(kMTA + 4 * 17)), "MTA[17]");
  EXPECT_EQ(describer_->RegisterName(At(kRA + 4)), "RAH[0]");
  EXPECT_EQ(describer_->RegisterName(At(0xabc)), "0x00abc");
  EXPECT_EQ(describer_->RegisterName(At(0x1fffc)), "PBM[16383]");
  EXPECT_EQ(describer_->RegisterName(At(0xffffffff, 1)), "0xffffffff");
  EXPECT_EQ(describer_->RegisterName(At(kRDBAL, 8)), "RDBAL+RDBAH");
  EXPECT_EQ(describer_->RegisterName({1, 4, 0x10}), "BAR1:0x10");
}

TEST_F(E1000DescriberTest, Fields) {
  EXPECT_EQ(Fields(kICR, 0x81), "TXDW|RXT0");
  EXPECT_EQ(Fields(kICR, 0), "");
  EXPECT_EQ(Fields(kRDT, 12), "");
  EXPECT_EQ(Fields(0xabc, 12), "");
  EXPECT_EQ(Fields(kTCTL, 0x000000f2), "EN|CT=15");
  EXPECT_EQ(Fields(kIMS, 0x80000001), "TXDW|0x80000000");
  EXPECT_EQ(describer_->RegisterFields({1, 4, 0}, 0xffff), "");
  EXPECT_EQ(describer_->RegisterFields(At(kRCTL - 4, 8), 0x800200000000), " + EN|BAM|BSIZE=2048");
}

TEST_F(E1000DescriberTest, ReceiveControl) {
  EXPECT_EQ(Fields(kRCTL, 0x00008002), "EN|BAM|BSIZE=2048");
  EXPECT_EQ(Fields(kRCTL, 0x00030000), "BSIZE=256");
  EXPECT_EQ(Fields(kRCTL, 0x02010002), "EN|BSIZE=16384");
}

TEST_F(E1000DescriberTest, PhyAccess) {
  EXPECT_EQ(Fields(kMDIC, 0x18220141), "READ PHY 1 reg 2 PID1 data 0x0141 R");
  EXPECT_EQ(Fields(kMDIC, 0x043f1234), "WRITE PHY 1 reg 31 data 0x1234");
  EXPECT_EQ(Fields(kMDIC, 0x60000000), "NO-OP PHY 0 reg 0 PCTRL data 0x0000 I|E");
}

// 13.4.7.1, Table 13-2.
TEST_F(E1000DescriberTest, PhyRegisterNames) {
  const std::pair<std::uint32_t, std::string> names[] = {
      {0, "PCTRL"},   {1, "PSTATUS"}, {2, "PID1"}, {3, "PID2"},     {4, "ANA"},
      {5, "PLPA"},    {6, "ANE"},     {9, "GCON"}, {10, "GSTATUS"}, {16, "PSCON"},
      {17, "PSSTAT"}, {20, "EPSCON"}, {21, "REC"}};
  for (const auto& [reg, name] : names) {
    EXPECT_EQ(Fields(kMDIC, 0x08200000 | reg << 16),
              "READ PHY 1 reg " + std::to_string(reg) + " " + name + " data 0x0000");
  }
}

TEST_F(E1000DescriberTest, TimerNames) {
  EXPECT_EQ(describer_->TimerName(0), "autoneg timer");
  EXPECT_EQ(describer_->TimerName(2), "flush timer");
  EXPECT_EQ(describer_->TimerName(3), "timer 3");
}

TEST_F(E1000DescriberTest, ReceiveAddresses) {
  EXPECT_EQ(Fields(kRA, 0x12005452), "52:54:00:12");
  EXPECT_EQ(Fields(kRA + 4, 0x80005634), "34:56|AV");
  EXPECT_EQ(Fields(kRA + 12, 0x00015634), "34:56|AS=1");
}

TEST_F(E1000DescriberTest, MemoryNames) {
  EXPECT_EQ(describer_->MemoryName(kTxBase + 12 * 16), "TX descriptor 12, buffer address");
  EXPECT_EQ(describer_->MemoryName(kTxBase + 12 * 16 + 12), "TX descriptor 12, upper.status");
  EXPECT_EQ(describer_->MemoryName(kTxBase + 255 * 16 + 15), "TX descriptor 255, upper.special");
  EXPECT_EQ(describer_->MemoryName(kTxBase + 256 * 16), "");
  EXPECT_EQ(describer_->MemoryName(kTxBase - 1), "");
  EXPECT_EQ(describer_->MemoryName(kRxBase + 5 * 16 + 12), "RX descriptor 5, status");
  EXPECT_EQ(describer_->MemoryName(kRxBase + 5 * 16 + 9), "RX descriptor 5, length");
  EXPECT_EQ(describer_->MemoryName(kRxBase + 8 * 16), "");
}

TEST_F(E1000DescriberTest, CompletionMarkers) {
  for (std::size_t byte = 0; byte < 16; ++byte) {
    EXPECT_EQ(describer_->IsCompletionMarker(kTxBase + 16 + byte), byte == 12);
    EXPECT_EQ(describer_->IsCompletionMarker(kRxBase + 16 + byte), byte == 12);
    EXPECT_TRUE(describer_->MayHoldMarkers(kTxBase + 16 + byte, kTxBase + 16 + byte));
  }
  EXPECT_FALSE(describer_->IsCompletionMarker(0x1234c));
  EXPECT_FALSE(describer_->MayHoldMarkers(0x1234c, 0x1234c));
  EXPECT_TRUE(describer_->MayHoldMarkers(kTxBase - 100, kTxBase + 12));
  EXPECT_TRUE(describer_->MayHoldMarkers(0, ~GuestAddress{0}));
}

TEST_F(E1000DescriberTest, FollowsTheDriver) {
  Write(kRDBAL, 0x1234567f);
  EXPECT_EQ(describer_->MemoryName(0x12345670), "RX descriptor 0, buffer address");
  Write(kRDLEN, 0xfff0007f);
  EXPECT_EQ(describer_->MemoryName(0x12345670), "");
  // Eight bytes are two registers; a byte is the whole register.
  describer_->OnWrite(At(kRDBAL, 8), 0x9'0000'1000);
  describer_->OnWrite(At(kRDLEN, 1), 0xff80);
  EXPECT_EQ(describer_->MemoryName(0x9'0000'1070), "RX descriptor 7, buffer address");
  EXPECT_EQ(describer_->MemoryName(0x9'0000'1080), "");
  describer_->OnWrite({1, 4, kRDBAH}, 0);
  EXPECT_NE(describer_->MemoryName(0x9'0000'1000), "");
  describer_->OnReset();
  EXPECT_EQ(describer_->MemoryName(0x9'0000'1000), "");
}

TEST_F(E1000DescriberTest, HeadOutsideOfTheRing) {
  EXPECT_EQ(describer_->MemoryName(kTxBase + 300 * 16 + 12), "");
  Write(kTDH, 300);
  EXPECT_EQ(describer_->MemoryName(kTxBase + 300 * 16 + 12), "TX descriptor 300, upper.status");
}

TEST_F(E1000DescriberTest, RingAcrossTheEndOfTheAddressSpace) {
  Write(kRDBAH, 0xffffffff);
  Write(kRDBAL, 0xffffffc0);
  EXPECT_EQ(describer_->MemoryName(0x1c), "RX descriptor 5, status");
}

std::vector<std::uint8_t> Join(const std::vector<RawDescriptor>& all) {
  std::vector<std::uint8_t> bytes;
  for (const auto& raw : all) bytes.insert(bytes.end(), raw.begin(), raw.end());
  return bytes;
}

TEST_F(E1000DescriberTest, TransmitDescriptors) {
  const GuestAddress address = kTxBase + 12 * 16;
  EXPECT_EQ(describer_->DescribeMemory(
                address, Join({Encode(TxDescriptor{0x1234000, 60 | txd::kEOP | txd::kRS, 1})})),
            "TX descriptor 12: legacy, buffer 0x1234000, length 60, EOP|RS, status DD");
  EXPECT_EQ(describer_->DescribeMemory(
                address, Join({Encode(TxDescriptor{
                             0x1234000, 1448 | txd::kDTYP_DATA | txd::kDEXT | txd::kTSE | txd::kVLE,
                             0x00640300})})),
            "TX descriptor 12: data, buffer 0x1234000, length 1448, TSE|VLE, status none, POPTS "
            "IXSM|TXSM, special 0x0064");
  const ContextDescriptor context{
      14, 24, 33, 34, 50, 0, 2896 | txd::kDEXT | txd::kContextTCP | txd::kTSE, 0, 54, 1448};
  EXPECT_EQ(describer_->DescribeMemory(address, Join({Encode(context)})),
            "TX descriptor 12: context, IPCSS 14 IPCSO 24 IPCSE 33, TUCSS 34 TUCSO 50 TUCSE 0, "
            "PAYLEN 2896 HDRLEN 54 MSS 1448, TCP|TSE, status none");
}

TEST_F(E1000DescriberTest, ReceiveDescriptors) {
  EXPECT_EQ(
      describer_->DescribeMemory(kRxBase, Join({Encode(RxDescriptor{0xabc000, 64, 0, 7, 0, 0})})),
      "RX descriptor 0: buffer 0xabc000, length 64, status DD|EOP|IXSM");
  EXPECT_EQ(describer_->DescribeMemory(kRxBase,
                                       Join({Encode(RxDescriptor{0xabc000, 64, 0x12, 0, 1, 100})})),
            "RX descriptor 0: buffer 0xabc000, length 64, status none, errors CE, checksum 0x0012, "
            "special 0x0064");
}

TEST_F(E1000DescriberTest, PartsOfDescriptors) {
  const std::uint8_t bytes[] = {1, 0, 0, 0};
  EXPECT_EQ(describer_->DescribeMemory(kTxBase + 12, bytes),
            "TX descriptor 0: upper.status DD, upper.popts 0x0, upper.special 0x0");
  EXPECT_EQ(describer_->DescribeMemory(kRxBase + 12, Bytes(bytes).first(1)),
            "RX descriptor 0: status DD");
  EXPECT_EQ(describer_->DescribeMemory(kRxBase + 8, bytes),
            "RX descriptor 0: length 0x1, checksum 0x0");
}

TEST_F(E1000DescriberTest, RunsOfDescriptorsAreBounded) {
  const std::vector<std::uint8_t> bytes(6 * 16);
  const std::string text = describer_->DescribeMemory(kTxBase, bytes);
  EXPECT_NE(text.find("TX descriptor 3: "), std::string::npos) << text;
  EXPECT_EQ(text.find("TX descriptor 4: "), std::string::npos) << text;
  EXPECT_NE(text.find("32 more bytes"), std::string::npos) << text;
  EXPECT_EQ(describer_->DescribeMemory(0x777000, bytes), "");
}

// Every byte has a name, and what DescribeDescriptor is given never makes it read beyond it.
TEST(DescribeDescriptor, AnyPartOfAnyBytes) {
  std::mt19937 random(1);
  for (const RingKind kind : {RingKind::kTransmit, RingKind::kReceive}) {
    for (std::size_t from = 0; from < 16; ++from) {
      EXPECT_FALSE(DescriptorField(kind, from).empty());
      for (std::size_t size = 0; from + size <= 16; ++size) {
        std::vector<std::uint8_t> bytes(size);
        for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random() >> 5);
        EXPECT_LT(DescribeDescriptor(kind, from, bytes).size(), 400u);
      }
    }
    EXPECT_TRUE(DescriptorField(kind, 16).empty());
  }
}

}  // namespace
}  // namespace nicreplay::e1000

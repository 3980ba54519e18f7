// SPDX-License-Identifier: MIT
// Bus reset: what goes and what stays.
#include "models/pci_config.h"
#include "qtest/suite/e1000/conformance.h"

namespace nicreplay::e1000 {
namespace {

class Reset : public Conformance {
 protected:
  // Turning bus mastering on offers frames, which a disabled receiver loses: it is enabled first.
  void StartReceiveThenMaster() {
    nic().Write(kRCTL, rctl::kUPE | rctl::kEN);
    nic().Enable();
    nic().StartReceive();
  }
};
NICREPLAY_CONFORMANCE_INSTANCES(Reset);

TEST_P(Reset, RegistersAreAsAfterPowerOn) {
  FromManual("14.3");
  std::vector<std::uint32_t> before;
  const auto visit = [&](auto&& f) {
    for (const RegisterRow& row : kRegisters) {
      if (row.offset == kEECD || row.offset == kPBM) continue;
      f(row.offset);
      if (row.count > 1) f(row.end() - 4);
    }
  };
  visit([&](std::uint32_t offset) { before.push_back(nic().Read(offset)); });
  visit([&](std::uint32_t offset) {
    if (offset != kTCTL) nic().Write(offset, 0x5a5a5a5a);
  });
  nic().Write(kPBM, 1);
  nic().Reset();
  std::size_t i = 0;
  visit([&](std::uint32_t offset) {
    EXPECT_EQ(nic().Read(offset), before[i++]) << NameOfRegister(offset);
  });
  EXPECT_EQ(nic().Read(kPBM), 0u);
}

TEST_P(Reset, PhyIsAsAfterPowerOn) {
  FromQemu();
  nic().WritePhy(phy::kANA, 0x1111);
  nic().WritePhy(phy::kPCTRL, phy::kCtrlAutonegEnable | phy::kCtrlRestartAutoneg);
  nic().Wait(kSecond);
  nic().Reset();
  EXPECT_EQ(nic().ReadPhy(phy::kANA) & mdic::kDATA, 0x0de1u);
  EXPECT_EQ(nic().ReadPhy(phy::kPCTRL) & mdic::kDATA, 0x1140u);
  EXPECT_EQ(nic().ReadPhy(phy::kPSTATUS) & mdic::kDATA, 0x794du);
}

TEST_P(Reset, StationAddressComesBack) {
  FromManual("13.5.2");
  nic().Write(kRA, 0);
  nic().Write(kRA + 4, 0);
  nic().Reset();
  EXPECT_EQ(nic().Read(kRA), 0x12005452u);
  EXPECT_EQ(nic().Read(kRA + 4), rah::kAV | 0x5634u);
}

TEST_P(Reset, LowersTheLine) {
  FromPci("2.2.6");
  nic().Write(kIMS, cause::kLSC);
  nic().Write(kICS, cause::kLSC);
  EXPECT_TRUE(nic().line_high());
  nic().Reset();
  EXPECT_FALSE(nic().line_high());
  EXPECT_EQ(nic().Read(kICR), 0u);
}

TEST_P(Reset, EndsTheModerationWindow) {
  FromQemu();
  nic().Write(kITR, 0xffff);
  nic().Write(kIMS, cause::kLSC);
  nic().Write(kICS, cause::kLSC);
  nic().Reset();
  nic().Write(kIMS, cause::kLSC);
  nic().Write(kICS, cause::kLSC);
  EXPECT_TRUE(nic().line_high());
}

TEST_P(Reset, StopsNegotiation) {
  FromQemu();
  nic().WritePhy(phy::kPCTRL, phy::kCtrlAutonegEnable | phy::kCtrlRestartAutoneg);
  nic().Reset();
  EXPECT_NE(nic().Read(kSTATUS) & status::kLU, 0u);
  nic().Wait(kSecond);
  EXPECT_EQ(nic().Read(kICR), 0u);
}

TEST_P(Reset, StopsTheFlushTimer) {
  FromQemu();
  nic().StartReceive();
  nic().Write(kRCTL, rctl::kEN);
  nic().Reset(Driver::kDecoding);
  nic().Receive(MakeFrame(64));
  nic().Wait(2 * kSecond);
  StartReceiveThenMaster();
  EXPECT_EQ(nic().RxBytes(0, 64), MakeFrame(64)) << "no timer flushed and lost the frame";
}

TEST_P(Reset, ForgetsAnUnfinishedFrame) {
  FromQemu();
  nic().StartTransmit();
  nic().PostLegacy(MakeFrame(70), 0);
  nic().Ring();
  nic().Reset();
  nic().StartTransmit();
  nic().Send(MakeFrame(64));
  EXPECT_EQ(nic().Sent(), Frames{MakeFrame(64)});
}

TEST_P(Reset, ForgetsContexts) {
  FromQemu();
  nic().StartTransmit();
  const Packet packet = MakePacket(Network::kIpv4, Transport::kTcp, 100, PseudoHeader::kWithLength);
  nic().PostContext(ContextOf(packet));
  nic().Ring();
  nic().Reset();
  nic().StartTransmit();
  nic().PostData(packet.bytes, txd::kEOP, txd::kPoptsTXSM);
  nic().Ring();
  const Frames sent = nic().Sent();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(Slice(sent[0], 2, 152), Slice(packet.bytes, 2, 152)) << "a context of zeros";
  EXPECT_NE(Be16(sent[0], 0), Be16(packet.bytes, 0));
}

TEST_P(Reset, LinkThatIsDownStaysDown) {
  FromQemu();
  nic().SetLink(LinkState::kDown);
  nic().Reset();
  EXPECT_EQ(nic().Read(kSTATUS) & status::kLU, 0u);
  EXPECT_EQ(nic().ReadPhy(phy::kPSTATUS) & phy::kStatusLink, 0u);
  EXPECT_EQ(nic().Read(kICR), 0u);
}

TEST_P(Reset, FramesThatWaitGoOnWaiting) {
  FromQemu();
  nic().Receive(MakeFrame(64));
  nic().Reset(Driver::kDecoding);
  StartReceiveThenMaster();
  EXPECT_EQ(nic().RxBytes(0, 64), MakeFrame(64));
}

// RCTL reads 0 again, but buffers keep the size of before: a tail offers the frame, and a disabled
// receiver loses it.
TEST_P(Reset, BufferSizeStays) {
  FromQemu();
  nic().Write(kRCTL, 0);
  nic().Reset();
  nic().Receive(MakeFrame(64));
  nic().Write(kRDT, 5);
  nic().StartReceive();
  EXPECT_EQ(nic().Read(kRDH), 0u);
}

TEST_P(Reset, EepromGoesOnWhereItWas) {
  FromQemu();
  nic().Write(kEECD, eecd::kCS);
  const std::uint32_t command = 6u << 6 | 0x0c;
  for (int bit = 8; bit >= 4; --bit) {
    nic().ClockEeprom((command >> bit & 1) != 0 ? eecd::kDI : 0);
  }
  nic().Reset();
  for (int bit = 3; bit >= 0; --bit) {
    nic().ClockEeprom((command >> bit & 1) != 0 ? eecd::kDI : 0);
  }
  std::uint32_t word = 0;
  for (int bit = 0; bit < 16; ++bit) {
    word = word << 1 | ((nic().Read(kEECD) & eecd::kDO) != 0 ? 1 : 0);
    nic().ClockEeprom(0);
  }
  EXPECT_EQ(word, 0x8086u);
}

TEST_P(Reset, BusMasterIsOff) {
  FromPci("6.2.2");
  Stimulus reset;
  reset.kind = StimulusKind::kReset;
  target().Apply(reset);
  EXPECT_EQ(nic().ReadConfig(PciConfig::kCommand, 2), 0u);
  EXPECT_EQ(nic().ReadConfig(0x10, 4), 0u);
  EXPECT_EQ(nic().ReadConfig(0x14, 4), 1u);
}

}  // namespace
}  // namespace nicreplay::e1000

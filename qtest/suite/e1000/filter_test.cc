// SPDX-License-Identifier: MIT
// Which frames are received, and what the filters count.
#include "qtest/suite/e1000/conformance.h"

namespace nicreplay::e1000 {
namespace {

class Filter : public Conformance {
 protected:
  void Start(std::uint32_t rctl) { nic().StartReceive(rctl); }

  bool Takes(const EtherAddress& destination, std::size_t size = 64) {
    const std::uint32_t head = nic().Read(kRDH);
    nic().Write(kRDT, (head + Driver::kRingSize - 1) % Driver::kRingSize);
    nic().Receive(MakeFrame(size, destination));
    return nic().Read(kRDH) != head;
  }

  void SetAddress(std::uint32_t index, const EtherAddress& address, std::uint32_t valid) {
    nic().Write(kRA + 8 * index, address[0] | address[1] << 8 | address[2] << 16 |
                                     static_cast<std::uint32_t>(address[3]) << 24);
    nic().Write(kRA + 8 * index + 4, address[4] | address[5] << 8 | valid);
  }

  // One of MPRC and BPRC counted one frame.
  void ExpectCountedBy(std::uint32_t counter) {
    EXPECT_EQ(nic().Read(kMPRC), counter == kMPRC ? 1u : 0u);
    EXPECT_EQ(nic().Read(kBPRC), counter == kBPRC ? 1u : 0u);
  }

  // The bit of the multicast table for an address.
  void SetTable(const EtherAddress& address, int shift, bool set = true) {
    const std::uint32_t bit = (address[4] | address[5] << 8) >> shift & 0xfff;
    nic().Write(kMTA + 4 * (bit / 32), set ? 1u << bit % 32 : 0);
  }
};
NICREPLAY_CONFORMANCE_INSTANCES(Filter);

TEST_P(Filter, OwnAddress) {
  FromManual("13.5.2");
  Start(0);
  EXPECT_TRUE(Takes(kStation));
  EXPECT_FALSE(Takes(kOther));
  EXPECT_FALSE(Takes(kBroadcast));
  EXPECT_FALSE(Takes(kMulticast));
}

TEST_P(Filter, EveryByteOfTheAddressCounts) {
  FromManual("13.5.2");
  Start(0);
  for (std::size_t i = 0; i < 6; ++i) {
    EtherAddress near = kStation;
    near[i] ^= i == 0 ? 0x02 : 0x01;
    EXPECT_FALSE(Takes(near)) << i;
  }
}

TEST_P(Filter, AllReceiveAddresses) {
  FromManual("13.5.2");
  Start(0);
  for (std::uint8_t i = 0; i < kReceiveAddresses; ++i) {
    const EtherAddress address = {0x02, 0, 0, 0, 0x40, i};
    EXPECT_FALSE(Takes(address)) << int{i};
    SetAddress(i, address, rah::kAV);
    EXPECT_TRUE(Takes(address)) << int{i};
    SetAddress(i, address, 0);
    EXPECT_FALSE(Takes(address)) << int{i} << ": not valid";
  }
}

TEST_P(Filter, ReceiveAddressMayBeMulticastOrBroadcast) {
  FromManual("3.2.1");
  Start(0);
  SetAddress(3, kMulticast, rah::kAV);
  SetAddress(4, kBroadcast, rah::kAV);
  EXPECT_TRUE(Takes(kMulticast));
  EXPECT_TRUE(Takes(kBroadcast));
  EXPECT_EQ(nic().Read(kMPRC), Expected(Behaviour::kGroupThroughRa));
  EXPECT_EQ(nic().Read(kBPRC), Expected(Behaviour::kGroupThroughRa));
}

// RAH bits 17:16 select the source address on the 8254x.
TEST_P(Filter, AddressSelectIsNotImplemented) {
  FromQemu();
  Start(0);
  SetAddress(1, kOther, rah::kAV | 1u << 16);
  EXPECT_TRUE(Takes(kOther));
}

TEST_P(Filter, UnicastPromiscuous) {
  FromManual("13.4.22");
  Start(rctl::kUPE);
  EXPECT_TRUE(Takes(kOther));
  EXPECT_FALSE(Takes(kMulticast));
  EXPECT_FALSE(Takes(kBroadcast));
}

TEST_P(Filter, MulticastPromiscuous) {
  FromManual("13.4.22");
  Start(rctl::kMPE);
  EXPECT_TRUE(Takes(kMulticast));
  EXPECT_EQ(nic().Read(kMPRC), 1u);
  EXPECT_FALSE(Takes(kOther));
}

TEST_P(Filter, MulticastPromiscuousAndBroadcasts) {
  FromQemu();
  Start(rctl::kMPE);
  EXPECT_EQ(Takes(kBroadcast), Expected(Behaviour::kMpeTakesBroadcasts) != 0);
  nic().Read(kMPRC);
  Start(rctl::kMPE | rctl::kBAM);
  EXPECT_TRUE(Takes(kBroadcast));
  ExpectCountedBy(Expected(Behaviour::kBroadcastUnderMpe));
}

TEST_P(Filter, BroadcastAccept) {
  FromManual("13.4.22");
  Start(rctl::kBAM);
  EXPECT_TRUE(Takes(kBroadcast));
  EXPECT_EQ(nic().Read(kBPRC), 1u);
  EXPECT_EQ(nic().Read(kMPRC), 0u);
  EXPECT_FALSE(Takes(kMulticast));
  EXPECT_FALSE(Takes(kOther));
}

TEST_P(Filter, MulticastTable) {
  FromManual("13.5.1");
  constexpr std::array<int, 4> kShifts = {4, 3, 2, 0};
  for (std::uint32_t mo = 0; mo < kShifts.size(); ++mo) {
    Start(mo << rctl::kMO_SHIFT);
    for (const EtherAddress& address : {kMulticast, EtherAddress{0x01, 0, 0x5e, 0, 0, 0},
                                        EtherAddress{0x33, 0x33, 0, 0, 0xff, 0xff},
                                        EtherAddress{0x01, 0, 0x5e, 0x7f, 0xed, 0xcb}}) {
      EXPECT_FALSE(Takes(address)) << mo;
      SetTable(address, kShifts[mo]);
      EXPECT_TRUE(Takes(address)) << mo;
      EXPECT_EQ(nic().Read(kMPRC), 1u);
      SetTable(address, kShifts[mo], false);
    }
  }
}

TEST_P(Filter, MulticastTableIsImperfect) {
  FromManual("13.5.1");
  Start(0);
  SetTable(kMulticast, 4);
  EtherAddress same_bit = kMulticast;
  same_bit[3] ^= 0x55;
  EXPECT_TRUE(Takes(same_bit));
}

TEST_P(Filter, MulticastTableLetsUnicastIn) {
  FromQemu();
  Start(0);
  SetTable(kOther, 4);
  EXPECT_TRUE(Takes(kOther));
  EXPECT_EQ(nic().Read(kMPRC), Expected(Behaviour::kUnicastThroughMta));
}

TEST_P(Filter, MulticastTableLetsBroadcastIn) {
  FromQemu();
  Start(0);
  SetTable(kBroadcast, 4);
  EXPECT_TRUE(Takes(kBroadcast));
  ExpectCountedBy(Expected(Behaviour::kBroadcastThroughMta));
}

TEST_P(Filter, OwnAddressGoesBeforeTheTable) {
  FromQemu();
  Start(0);
  SetTable(kStation, 4);
  EXPECT_TRUE(Takes(kStation));
  EXPECT_EQ(nic().Read(kMPRC), 0u);
}

TEST_P(Filter, FilteredFramesCountNowhere) {
  FromQemu();
  Start(0);
  EXPECT_FALSE(Takes(kOther));
  for (const std::uint32_t counter : {kTPR, kGPRC, kTORL, kGORCL, kPRC127, kMPC, kRNBC}) {
    EXPECT_EQ(nic().Read(counter), 0u) << NameOfRegister(counter);
  }
}

TEST_P(Filter, CountedThoughNotDelivered) {
  FromQemu();
  nic().StartReceive(rctl::kBAM | 3u << rctl::kBSIZE_SHIFT, 1);
  nic().Receive(MakeFrame(300, kBroadcast));
  EXPECT_EQ(nic().Read(kICR), cause::kRXO);
  EXPECT_EQ(nic().Read(kBPRC), Expected(Behaviour::kFilteredNotDelivered));
}

TEST_P(Filter, LongestFrame) {
  FromManual("13.4.22");
  FromQemu();
  Start(rctl::kUPE);
  const std::size_t longest = Expected(Behaviour::kLongestFrame);
  EXPECT_TRUE(Takes(kOther, longest));
  EXPECT_EQ(nic().Read(kROC), 0u);
  EXPECT_FALSE(Takes(kOther, longest + 1));
  EXPECT_EQ(nic().Read(kROC), 1u);
  EXPECT_EQ(nic().Read(kICR), cause::kRXT0) << "and no cause for the lost one";
}

TEST_P(Filter, LongestLongFrame) {
  FromManual("13.4.22");
  FromQemu();
  Start(rctl::kUPE | rctl::kLPE);
  const std::size_t longest = Expected(Behaviour::kLongestLongFrame);
  EXPECT_TRUE(Takes(kOther, longest));
  EXPECT_FALSE(Takes(kOther, longest + 1));
  EXPECT_EQ(nic().Read(kROC), 1u);
}

TEST_P(Filter, StoreBadPacketsLiftsTheLimit) {
  FromQemu();
  Start(rctl::kUPE | rctl::kSBP);
  EXPECT_TRUE(Takes(kOther, 1523));
  EXPECT_TRUE(Takes(kOther, 16385));
  EXPECT_EQ(nic().Read(kROC), 0u);
}

TEST_P(Filter, SizeIsJudgedBeforeTheAddress) {
  FromQemu();
  Start(0);
  EXPECT_FALSE(Takes(kOther, 1600));
  EXPECT_EQ(nic().Read(kROC), 1u);
}

TEST_P(Filter, AddressWrittenByTheDriverIsUsed) {
  FromManual("13.5.2");
  Start(0);
  SetAddress(0, kOther, rah::kAV);
  EXPECT_TRUE(Takes(kOther));
  EXPECT_FALSE(Takes(kStation));
}

}  // namespace
}  // namespace nicreplay::e1000

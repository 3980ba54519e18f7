// SPDX-License-Identifier: MIT
// Which frames the receive filter lets in.
#include "qtest/suite/virtio/conformance.h"

namespace nicreplay::virtio {
namespace {

class VirtioFilter : public Conformance {
 protected:
  static constexpr EtherAddress kFirst = {2, 0, 0, 0, 0, 1};
  static constexpr EtherAddress kSecond = {2, 0, 0, 0, 0, 2};
  static constexpr EtherAddress kGroup = {1, 0, 0x5e, 0, 0, 1};

  // A driver that is not promiscuous.
  void StartFiltering(Features further = {}) {
    nic().Start(Nic::kUsual | Features::Of(feature::kCtrlRxExtra, feature::kCtrlMacAddr) | further);
    ASSERT_EQ(SetMode(control::kRxPromisc, 0), control::kOk);
    received_ = 0;
  }
  std::uint8_t SetMode(std::uint8_t mode, std::uint8_t on) {
    return nic().Command(control::kRx, mode, {on});
  }
  bool Gets(const ByteVector& frame) {
    nic().GiveReceive(received_ % 16, 2000);
    nic().Receive(frame);
    const bool got = nic().UsedCount(Nic::kReceiveQueue) > received_;
    if (got) ++received_;
    return got;
  }
  bool Gets(const EtherAddress& to) { return Gets(MakeFrame(64, to)); }

  // Two tables of a MAC_TABLE_SET (5.1.6.5.2).
  static ByteVector Table(const std::vector<EtherAddress>& unicast,
                          const std::vector<EtherAddress>& multicast) {
    ByteVector bytes;
    for (const auto* kind : {&unicast, &multicast}) {
      for (unsigned i = 0; i < 4; ++i) {
        bytes.push_back(static_cast<std::uint8_t>(kind->size() >> 8 * i));
      }
      for (const EtherAddress& address : *kind) {
        bytes.insert(bytes.end(), address.begin(), address.end());
      }
    }
    return bytes;
  }
  std::uint8_t SetTable(const ByteVector& table) {
    return nic().Command(control::kMac, control::kMacTableSet, table);
  }
  std::uint8_t SetVlan(std::uint8_t command, std::uint16_t id) {
    return nic().Command(
        control::kVlan, command,
        {static_cast<std::uint8_t>(id & 0xff), static_cast<std::uint8_t>(id >> 8)});
  }

 private:
  std::uint16_t received_ = 0;
};
NICREPLAY_VIRTIO_INSTANCES(VirtioFilter, kSplitDriver);

TEST_P(VirtioFilter, OwnAddressAndBroadcastsPass) {
  FromVirtio("5.1.6.5.1, 5.1.6.5.2");
  StartFiltering();
  EXPECT_TRUE(Gets(kStation));
  EXPECT_TRUE(Gets(kBroadcast));
  EXPECT_FALSE(Gets(kOther));
  EXPECT_FALSE(Gets(kMulticast));
}

TEST_P(VirtioFilter, StationAddressIsAnOption) {
  FromQemu();
  Restart("mac=52:54:00:aa:bb:cc");
  StartFiltering();
  EXPECT_TRUE(Gets(kOther));
  EXPECT_FALSE(Gets(kStation));
}

TEST_P(VirtioFilter, PromiscuousModeTakesEverything) {
  FromVirtio("5.1.6.5.1.1");
  StartFiltering();
  EXPECT_EQ(SetMode(control::kRxPromisc, 1), control::kOk);
  for (const EtherAddress& to : {kStation, kBroadcast, kOther, kMulticast}) {
    EXPECT_TRUE(Gets(to));
  }
}

TEST_P(VirtioFilter, PromiscuousModeTakesWhatOthersRefuse) {
  FromQemu();
  StartFiltering(Features::Of(feature::kCtrlVlan));
  SetMode(control::kRxNoUni, 1);
  SetMode(control::kRxNoBroadcast, 1);
  SetMode(control::kRxPromisc, 1);
  EXPECT_TRUE(Gets(kStation));
  EXPECT_TRUE(Gets(kBroadcast));
  EXPECT_TRUE(Gets(Tagged(MakeFrame(64), 5)));
}

TEST_P(VirtioFilter, AllMulticastTakesGroupsOnly) {
  FromVirtio("5.1.6.5.1.1");
  StartFiltering();
  EXPECT_EQ(SetMode(control::kRxAllMulti, 1), control::kOk);
  EXPECT_TRUE(Gets(kMulticast));
  EXPECT_FALSE(Gets(kOther));
  EXPECT_EQ(SetMode(control::kRxAllMulti, 0), control::kOk);
  EXPECT_FALSE(Gets(kMulticast));
}

TEST_P(VirtioFilter, AllUnicastTakesSinglesOnly) {
  FromVirtio("5.1.6.5.1.1");
  StartFiltering();
  EXPECT_EQ(SetMode(control::kRxAllUni, 1), control::kOk);
  EXPECT_TRUE(Gets(kOther));
  EXPECT_FALSE(Gets(kMulticast));
  EXPECT_EQ(SetMode(control::kRxAllUni, 0), control::kOk);
  EXPECT_FALSE(Gets(kOther));
}

TEST_P(VirtioFilter, NoMulticastBeatsAllMulticast) {
  FromVirtio("5.1.6.5.1.1");
  StartFiltering();
  SetMode(control::kRxAllMulti, 1);
  EXPECT_EQ(SetMode(control::kRxNoMulti, 1), control::kOk);
  EXPECT_FALSE(Gets(kMulticast));
  EXPECT_TRUE(Gets(kBroadcast));
  SetMode(control::kRxNoMulti, 0);
  EXPECT_TRUE(Gets(kMulticast));
}

TEST_P(VirtioFilter, NoUnicastBeatsTheOwnAddress) {
  FromVirtio("5.1.6.5.1.1");
  StartFiltering();
  SetMode(control::kRxAllUni, 1);
  EXPECT_EQ(SetMode(control::kRxNoUni, 1), control::kOk);
  EXPECT_FALSE(Gets(kStation));
  EXPECT_FALSE(Gets(kOther));
  EXPECT_TRUE(Gets(kBroadcast));
  SetMode(control::kRxNoUni, 0);
  EXPECT_TRUE(Gets(kStation));
}

TEST_P(VirtioFilter, NoBroadcasts) {
  FromVirtio("5.1.6.5.1.1");
  StartFiltering();
  SetMode(control::kRxAllMulti, 1);
  EXPECT_EQ(SetMode(control::kRxNoBroadcast, 1), control::kOk);
  EXPECT_FALSE(Gets(kBroadcast));
  EXPECT_TRUE(Gets(kMulticast));
  SetMode(control::kRxNoBroadcast, 0);
  EXPECT_TRUE(Gets(kBroadcast));
}

TEST_P(VirtioFilter, AnyValueButZeroIsOn) {
  FromQemu();
  StartFiltering();
  EXPECT_EQ(SetMode(control::kRxAllUni, 0x80), control::kOk);
  EXPECT_TRUE(Gets(kOther));
}

TEST_P(VirtioFilter, TableHoldsBothKinds) {
  FromVirtio("5.1.6.5.2");
  StartFiltering();
  EXPECT_EQ(SetTable(Table({kFirst, kSecond}, {kGroup})), control::kOk);
  EXPECT_TRUE(Gets(kFirst));
  EXPECT_TRUE(Gets(kSecond));
  EXPECT_TRUE(Gets(kGroup));
  EXPECT_FALSE(Gets(kOther));
  EXPECT_FALSE(Gets(kMulticast));
  EXPECT_TRUE(Gets(kStation)) << "besides its own";
}

TEST_P(VirtioFilter, TablesAreOfTheirKind) {
  FromVirtio("5.1.6.5.2");
  StartFiltering();
  EXPECT_EQ(SetTable(Table({kGroup}, {kFirst})), control::kOk);
  EXPECT_FALSE(Gets(kFirst));
  EXPECT_FALSE(Gets(kGroup));
}

TEST_P(VirtioFilter, NewTableReplacesTheOld) {
  FromVirtio("5.1.6.5.2");
  StartFiltering();
  SetTable(Table({kFirst}, {kGroup}));
  EXPECT_EQ(SetTable(Table({kSecond}, {})), control::kOk);
  EXPECT_FALSE(Gets(kFirst));
  EXPECT_FALSE(Gets(kGroup));
  EXPECT_TRUE(Gets(kSecond));
  EXPECT_EQ(SetTable(Table({}, {})), control::kOk);
  EXPECT_FALSE(Gets(kSecond));
}

TEST_P(VirtioFilter, AllBytesOfAnAddressCount) {
  FromVirtio("5.1.6.5.2");
  StartFiltering();
  SetTable(Table({kFirst}, {kGroup}));
  for (std::size_t i = 0; i < kFirst.size(); ++i) {
    EtherAddress near = kFirst;
    near[i] ^= 0x80;
    EXPECT_FALSE(Gets(near)) << i;
    near = kGroup;
    near[i] ^= 0x80;
    EXPECT_FALSE(Gets(near)) << i;
  }
}

TEST_P(VirtioFilter, TableOfSixtyFourIsNoOverflow) {
  FromQemu();
  StartFiltering();
  std::vector<EtherAddress> many(64, kFirst);
  many[63] = kSecond;
  EXPECT_EQ(SetTable(Table(many, {})), control::kOk);
  EXPECT_TRUE(Gets(kSecond));
  EXPECT_FALSE(Gets(kOther));
}

TEST_P(VirtioFilter, TableThatOverflowsLetsItsKindIn) {
  FromVirtio("5.1.6.5.2.1");
  FromQemu();
  StartFiltering();
  EXPECT_EQ(SetTable(Table(std::vector<EtherAddress>(65, kFirst), {})), control::kOk);
  EXPECT_TRUE(Gets(kOther));
  EXPECT_FALSE(Gets(kMulticast));
  EXPECT_EQ(SetTable(Table({}, std::vector<EtherAddress>(65, kGroup))), control::kOk);
  EXPECT_FALSE(Gets(kOther));
  EXPECT_TRUE(Gets(kMulticast));
}

TEST_P(VirtioFilter, BothKindsShareTheRoom) {
  FromQemu();
  StartFiltering();
  const std::vector<EtherAddress> half(40, kFirst);
  EXPECT_EQ(SetTable(Table(half, half)), control::kOk);
  EXPECT_FALSE(Gets(kOther));
  EXPECT_TRUE(Gets(kFirst));
  EXPECT_TRUE(Gets(kMulticast));
}

TEST_P(VirtioFilter, StationAddressChanges) {
  FromVirtio("5.1.6.5.2");
  StartFiltering();
  EXPECT_EQ(nic().Command(control::kMac, control::kMacAddrSet, {2, 0, 0, 0, 0, 1}), control::kOk);
  EXPECT_TRUE(Gets(kFirst));
  EXPECT_FALSE(Gets(kStation));
  EXPECT_EQ(nic().DeviceConfig(0, 4), 0x00000002u);
  EXPECT_EQ(nic().DeviceConfig(4, 2), 0x0100u);
}

TEST_P(VirtioFilter, ResetForgetsModesTablesAndAddress) {
  FromVirtio("2.4.1");
  FromQemu();
  StartFiltering();
  SetMode(control::kRxAllMulti, 1);
  SetMode(control::kRxNoBroadcast, 1);
  SetTable(Table({kFirst}, {}));
  nic().Command(control::kMac, control::kMacAddrSet, {2, 0, 0, 0, 0, 2});
  StartFiltering();
  EXPECT_FALSE(Gets(kFirst));
  EXPECT_FALSE(Gets(kSecond));
  EXPECT_FALSE(Gets(kMulticast));
  EXPECT_TRUE(Gets(kBroadcast));
  EXPECT_TRUE(Gets(kStation));
}

TEST_P(VirtioFilter, TaggedFramesNeedTheirVlan) {
  FromVirtio("5.1.6.5.3");
  StartFiltering(Features::Of(feature::kCtrlVlan));
  const ByteVector frame = Tagged(MakeFrame(64), 0xa09);
  EXPECT_FALSE(Gets(frame));
  EXPECT_EQ(SetVlan(control::kVlanAdd, 0xa09), control::kOk);
  EXPECT_TRUE(Gets(frame));
  EXPECT_FALSE(Gets(Tagged(MakeFrame(64), 0xa08)));
  EXPECT_EQ(SetVlan(control::kVlanDelete, 0xa09), control::kOk);
  EXPECT_FALSE(Gets(frame));
}

TEST_P(VirtioFilter, PriorityIsNoPartOfTheVlan) {
  FromVirtio("5.1.6.5.3");
  StartFiltering(Features::Of(feature::kCtrlVlan));
  SetVlan(control::kVlanAdd, 0x123);
  for (const std::uint16_t priority : Words{0x0000, 0x1000, 0x2000, 0xe000, 0xf000}) {
    const auto tag = static_cast<std::uint16_t>(priority | 0x123);
    EXPECT_TRUE(Gets(Tagged(MakeFrame(64), tag))) << priority;
  }
}

TEST_P(VirtioFilter, FirstAndLastVlan) {
  FromVirtio("5.1.6.5.3");
  StartFiltering(Features::Of(feature::kCtrlVlan));
  for (const std::uint16_t id : Words{0, 1, 31, 32, 4095}) {
    EXPECT_EQ(SetVlan(control::kVlanAdd, id), control::kOk);
    EXPECT_TRUE(Gets(Tagged(MakeFrame(64), id))) << id;
    EXPECT_FALSE(Gets(Tagged(MakeFrame(64), static_cast<std::uint16_t>(id ^ 0x40)))) << id;
  }
}

TEST_P(VirtioFilter, VlanAloneIsNotEnough) {
  FromVirtio("5.1.6.5.3");
  StartFiltering(Features::Of(feature::kCtrlVlan));
  SetVlan(control::kVlanAdd, 5);
  EXPECT_FALSE(Gets(Tagged(MakeFrame(64, kOther), 5)));
  EXPECT_TRUE(Gets(MakeFrame(64))) << "frames without a tag";
}

TEST_P(VirtioFilter, OtherTagsAreNotLookedAt) {
  FromQemu();
  StartFiltering(Features::Of(feature::kCtrlVlan));
  EXPECT_TRUE(Gets(Tagged(MakeFrame(64), 5, 0x88a8)));
}

TEST_P(VirtioFilter, WithoutTheFeatureAllVlansPass) {
  FromVirtio("5.1.6.5.3");
  FromQemu();
  StartFiltering();
  for (const std::uint16_t id : Words{0, 1, 4095})
    EXPECT_TRUE(Gets(Tagged(MakeFrame(64), id))) << id;
}

TEST_P(VirtioFilter, RefusedFrameTakesNoBuffer) {
  FromVirtio("5.1.6.5.1");
  StartFiltering();
  nic().GiveReceive(0, 2000);
  nic().ReadIsr();
  nic().Receive(MakeFrame(64, kOther));
  EXPECT_EQ(nic().UsedCount(Nic::kReceiveQueue), 0);
  EXPECT_EQ(nic().ReadIsr(), 0);
}

}  // namespace
}  // namespace nicreplay::virtio

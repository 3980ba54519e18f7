// SPDX-License-Identifier: MIT
// The control virtqueue, and what its commands do to receiving.
#include "models/virtio/test_bench.h"

namespace nicreplay::virtio {
namespace {

constexpr GuestAddress kIn = Bench::kBuffers + 0x20000;
constexpr MacAddress kOther = {0x02, 0, 0, 0, 0, 1};
constexpr MacAddress kGroup = {0x01, 0, 0x5e, 0, 0, 1};
constexpr MacAddress kEveryone = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

BenchSetup WithFeatures(Features features, const std::string& options = "") {
  BenchSetup setup;
  setup.features = setup.features | features;
  setup.options = options;
  return setup;
}

const BenchSetup& Filters() {
  static const BenchSetup setup =
      WithFeatures(Features::Of(feature::kCtrlRx, feature::kCtrlVlan, feature::kCtrlMacAddr));
  return setup;
}

// Whether a frame to that station reaches memory.
bool Gets(Bench& bench, const ByteVector& frame) {
  bench.GiveReceive(kIn, 2000);
  const std::uint16_t before = bench.UsedIndex(0);
  EXPECT_EQ(bench.Receive(frame), ReceiveResult::kConsumed);
  return bench.UsedIndex(0) != before;
}
bool Gets(Bench& bench, const MacAddress& to) { return Gets(bench, MakeFrame(64, to)); }

std::uint8_t SetMode(Bench& bench, std::uint8_t mode, std::uint8_t on) {
  return bench.Command(control::kRx, mode, {on});
}

ByteVector Table(const std::vector<MacAddress>& unicast, const std::vector<MacAddress>& multicast) {
  ByteVector bytes;
  for (const auto* list : {&unicast, &multicast}) {
    bytes.insert(bytes.end(), {static_cast<std::uint8_t>(list->size()), 0, 0, 0});
    for (const MacAddress& mac : *list) bytes.insert(bytes.end(), mac.begin(), mac.end());
  }
  return bytes;
}

TEST(ControlTest, BeginsPromiscuous) {
  Bench bench(Filters());
  EXPECT_TRUE(Gets(bench, kOther));
  EXPECT_TRUE(Gets(bench, kGroup));
  EXPECT_EQ(SetMode(bench, control::kRxPromisc, 0), control::kOk);
  EXPECT_FALSE(Gets(bench, kOther));
  EXPECT_FALSE(Gets(bench, kGroup));
  EXPECT_TRUE(Gets(bench, kEveryone));
  EXPECT_TRUE(Gets(bench, MacAddress{0x52, 0x54, 0, 0x12, 0x34, 0x56}));
}

TEST(ControlTest, ModesLetKindsOfFramesIn) {
  struct Row {
    std::uint8_t mode;
    MacAddress to;
    bool passes;
  };
  const MacAddress own = {0x52, 0x54, 0, 0x12, 0x34, 0x56};
  const Row rows[] = {{control::kRxAllMulti, kGroup, true},
                      {control::kRxAllUni, kOther, true},
                      {control::kRxNoUni, own, false},
                      {control::kRxNoBroadcast, kEveryone, false},
                      {control::kRxNoMulti, kGroup, false}};
  for (const Row& row : rows) {
    Bench bench(Filters());
    SetMode(bench, control::kRxPromisc, 0);
    if (row.mode == control::kRxNoMulti) SetMode(bench, control::kRxAllMulti, 1);
    EXPECT_EQ(SetMode(bench, row.mode, 1), control::kOk);
    EXPECT_EQ(Gets(bench, row.to), row.passes) << int{row.mode};
    EXPECT_EQ(SetMode(bench, row.mode, 0), control::kOk);
    const bool without = row.to == own || row.to == kEveryone || row.mode == control::kRxNoMulti;
    EXPECT_EQ(Gets(bench, row.to), without) << int{row.mode};
  }
  Bench bench(Filters());
  EXPECT_EQ(SetMode(bench, 6, 1), control::kError);
  EXPECT_EQ(bench.Command(control::kRx, control::kRxPromisc, {}), control::kError);
}

TEST(ControlTest, TheMacTableHoldsBothKinds) {
  Bench bench(Filters());
  SetMode(bench, control::kRxPromisc, 0);
  EXPECT_EQ(bench.Command(control::kMac, control::kMacTableSet, Table({kOther}, {kGroup})),
            control::kOk);
  EXPECT_TRUE(Gets(bench, kOther));
  EXPECT_TRUE(Gets(bench, kGroup));
  MacAddress near = kOther;
  near[5] = 2;
  EXPECT_FALSE(Gets(bench, near));
  // Unicast addresses do not let multicast frames in, nor the other way round.
  EXPECT_EQ(bench.Command(control::kMac, control::kMacTableSet, Table({kGroup}, {kOther})),
            control::kOk);
  EXPECT_FALSE(Gets(bench, kOther));
  EXPECT_FALSE(Gets(bench, kGroup));
}

TEST(ControlTest, AMacTableThatOverflowsLetsItsKindIn) {
  Bench bench(Filters());
  SetMode(bench, control::kRxPromisc, 0);
  const std::vector<MacAddress> many(65, MacAddress{2, 2, 2, 2, 2, 2});
  EXPECT_EQ(bench.Command(control::kMac, control::kMacTableSet, Table(many, {})), control::kOk);
  EXPECT_TRUE(Gets(bench, kOther));
  EXPECT_FALSE(Gets(bench, kGroup));
  const std::vector<MacAddress> half(40, MacAddress{2, 2, 2, 2, 2, 2});
  EXPECT_EQ(bench.Command(control::kMac, control::kMacTableSet, Table(half, half)), control::kOk);
  EXPECT_FALSE(Gets(bench, kOther));
  EXPECT_TRUE(Gets(bench, kGroup));
}

TEST(ControlTest, MalformedMacTablesAreRefused) {
  Bench bench(Filters());
  const ByteVector good = Table({kOther}, {kGroup});
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(bench.Command(control::kMac, control::kMacTableSet,
                            {good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)}),
              control::kError)
        << size;
  }
  ByteVector longer = good;
  longer.push_back(0);
  EXPECT_EQ(bench.Command(control::kMac, control::kMacTableSet, longer), control::kError);
  // 0x2aaaaaab entries of 6 bytes are 2 bytes modulo 2^32.
  EXPECT_EQ(bench.Command(control::kMac, control::kMacTableSet,
                          {0xab, 0xaa, 0xaa, 0x2a, 0, 0, 0, 0, 0, 0}),
            control::kError);
  EXPECT_FALSE(bench.NeedsReset());
}

TEST(ControlTest, TheStationAddressChanges) {
  Bench bench(Filters());
  SetMode(bench, control::kRxPromisc, 0);
  EXPECT_EQ(bench.Command(control::kMac, control::kMacAddrSet, {2, 0, 0, 0, 0}), control::kError);
  EXPECT_EQ(bench.Command(control::kMac, 2, {2, 0, 0, 0, 0, 1}), control::kError);
  EXPECT_FALSE(Gets(bench, kOther));
  EXPECT_EQ(bench.Command(control::kMac, control::kMacAddrSet, {2, 0, 0, 0, 0, 1}), control::kOk);
  EXPECT_TRUE(Gets(bench, kOther));
  EXPECT_EQ(bench.device->Read({kModernBar, 4, kDeviceRegion}), 2u);
  bench.Start();
  EXPECT_EQ(bench.device->Read({kModernBar, 1, kDeviceRegion}), 0x52u);
}

TEST(ControlTest, VlansAreFiltered) {
  Bench bench(Filters());
  SetMode(bench, control::kRxPromisc, 0);
  ByteVector frame = MakeFrame(64);
  frame[12] = 0x81;
  frame[13] = 0;
  frame[14] = 0xe0 | 0x0a;  // priority, VLAN 0xa09
  frame[15] = 0x09;
  EXPECT_FALSE(Gets(bench, frame));
  EXPECT_EQ(bench.Command(control::kVlan, control::kVlanAdd, {0x09, 0x0a}), control::kOk);
  EXPECT_TRUE(Gets(bench, frame));
  EXPECT_EQ(bench.Command(control::kVlan, control::kVlanDelete, {0x09, 0x0a}), control::kOk);
  EXPECT_FALSE(Gets(bench, frame));
  EXPECT_EQ(bench.Command(control::kVlan, control::kVlanAdd, {0, 0x10}), control::kError);
  EXPECT_EQ(bench.Command(control::kVlan, 2, {1, 0}), control::kError);
  EXPECT_EQ(bench.Command(control::kVlan, control::kVlanAdd, {1}), control::kError);
}

TEST(ControlTest, WithoutTheFeatureAllVlansPass) {
  Bench bench(WithFeatures(Features::Of(feature::kCtrlRx)));
  SetMode(bench, control::kRxPromisc, 0);
  ByteVector frame = MakeFrame(64);
  frame[12] = 0x81;
  frame[13] = 0;
  EXPECT_TRUE(Gets(bench, frame));
}

TEST(ControlTest, GuestOffloadsAreSwitched) {
  Bench bench(WithFeatures(
      Features::Of(feature::kCtrlGuestOffloads, feature::kGuestCsum, feature::kGuestTso4),
      "vnet_hdr=on"));
  EXPECT_EQ(bench.device->ReceiveOffloads(), kOffloadChecksum | kOffloadTcp4);
  const auto set = [&](std::uint8_t bits) {
    return bench.Command(control::kGuestOffloads, control::kGuestOffloadsSet,
                         {bits, 0, 0, 0, 0, 0, 0, 0});
  };
  EXPECT_EQ(set(1u << feature::kGuestCsum), control::kOk);
  EXPECT_EQ(bench.device->ReceiveOffloads(), kOffloadChecksum);
  // Not negotiated; only part of a number; no such command.
  EXPECT_EQ(bench.Command(control::kGuestOffloads, 0, {0, 1, 0, 0, 0, 0, 0, 0}), control::kError);
  EXPECT_EQ(bench.Command(control::kGuestOffloads, 0, {0, 0, 0, 0}), control::kError);
  EXPECT_EQ(bench.Command(control::kGuestOffloads, 1, {0, 0, 0, 0, 0, 0, 0, 0}), control::kError);
  EXPECT_EQ(bench.device->ReceiveOffloads(), kOffloadChecksum);
  EXPECT_EQ(set(0), control::kOk);
  EXPECT_EQ(bench.device->ReceiveOffloads(), 0);
  Bench other(WithFeatures({}));
  EXPECT_EQ(other.Command(control::kGuestOffloads, 0, {0, 0, 0, 0, 0, 0, 0, 0}), control::kError);
}

TEST(ControlTest, ThereIsNothingToAnnounce) {
  Bench bench(WithFeatures(Features::Of(feature::kGuestAnnounce)));
  EXPECT_EQ(bench.Command(control::kAnnounce, control::kAnnounceAck, {}), control::kError);
  EXPECT_EQ(bench.Command(17, 0, {}), control::kError);
}

TEST(ControlTest, ACommandWithoutHeaderOrAcknowledgementBreaksTheDevice) {
  {
    Bench bench(Filters());
    bench.Give(2, {{Bench::kBuffers, 3, false}});
    EXPECT_TRUE(bench.NeedsReset());
    EXPECT_EQ(bench.UsedIndex(2), 0);
  }
  Bench bench(Filters());
  bench.Give(2, {{Bench::kBuffers, 1, false}, {Bench::kBuffers + 8, 1, true}});
  EXPECT_TRUE(bench.NeedsReset());
  bench.Start();
  EXPECT_EQ(SetMode(bench, control::kRxPromisc, 0), control::kOk);
}

}  // namespace
}  // namespace nicreplay::virtio

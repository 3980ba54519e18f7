// SPDX-License-Identifier: MIT
// A device whose network takes headers.  QEMU's own wants a TAP for that, so these are tried on
// models; that headers pass unchanged in both directions is tested beside ours
// (models/virtio/datapath_test.cc).
#include "qtest/suite/virtio/conformance.h"

namespace nicreplay::virtio {
namespace {

class VirtioOffloads : public Conformance {
 protected:
  static constexpr Features kGuest =
      Features::Of(feature::kGuestCsum, feature::kGuestTso4, feature::kGuestTso6);

  // False: a device that cannot.
  [[nodiscard]] bool StartWithOffloads(Features guest) {
    if (!RestartModel("vnet_hdr=on")) return false;
    nic().Start(Nic::kUsual | guest |
                Features::Of(feature::kCsum, feature::kHostTso4, feature::kHostTso6,
                             feature::kCtrlGuestOffloads));
    return true;
  }
  std::uint8_t Switch(std::uint64_t bits) {
    ByteVector data(8);
    for (std::size_t i = 0; i < data.size(); ++i) {
      data[i] = static_cast<std::uint8_t>(bits >> 8 * i);
    }
    return nic().Command(control::kGuestOffloads, control::kGuestOffloadsSet, data);
  }
};
NICREPLAY_VIRTIO_INSTANCES(VirtioOffloads, kSplitDriver, kPackedDriver);

constexpr const char* kNeedsTap = "QEMU needs a network with offloads";

TEST_P(VirtioOffloads, AreOffered) {
  FromVirtio("5.1.3.1");
  if (!RestartModel("vnet_hdr=on")) GTEST_SKIP() << kNeedsTap;
  const Features offered = nic().Offered();
  for (const unsigned bit :
       {feature::kCsum, feature::kGuestCsum, feature::kGuestTso4, feature::kGuestTso6,
        feature::kGuestEcn, feature::kGuestUfo, feature::kHostTso4, feature::kHostTso6,
        feature::kHostEcn, feature::kHostUfo}) {
    EXPECT_TRUE(offered.Has(bit)) << bit;
  }
}

TEST_P(VirtioOffloads, OptionsTakeThemAway) {
  FromQemu();
  if (!RestartModel("vnet_hdr=on,csum=off,guest_tso4=off,host_ufo=off")) {
    GTEST_SKIP() << kNeedsTap;
  }
  const Features offered = nic().Offered();
  for (const unsigned bit : {feature::kCsum, feature::kGuestTso4, feature::kHostUfo}) {
    EXPECT_FALSE(offered.Has(bit)) << bit;
  }
  EXPECT_TRUE(offered.Has(feature::kGuestTso6));
}

TEST_P(VirtioOffloads, FramesThatAskForNothingLeaveAsTheyAre) {
  FromVirtio("5.1.6.2");
  if (!StartWithOffloads({})) GTEST_SKIP() << kNeedsTap;
  const Packet packet =
      MakePacket(Network::kIpv4, Transport::kTcp, 3000, PseudoHeader::kWithLength);
  nic().Send(packet.bytes);
  EXPECT_EQ(nic().Sent(), Frames{packet.bytes});
}

TEST_P(VirtioOffloads, NegotiatedOnesAreSwitched) {
  FromVirtio("5.1.6.5.8");
  if (!StartWithOffloads(kGuest)) GTEST_SKIP() << kNeedsTap;
  for (const Features some : {Features(), Features::Of(feature::kGuestCsum), kGuest}) {
    EXPECT_EQ(Switch(some.bits()), control::kOk) << some.bits();
  }
}

TEST_P(VirtioOffloads, OthersAreNot) {
  FromVirtio("5.1.6.5.8");
  if (!StartWithOffloads(kGuest)) GTEST_SKIP() << kNeedsTap;
  for (const Features some :
       {Features::Of(feature::kGuestUfo), kGuest | Features::Of(feature::kGuestEcn),
        Features::Of(feature::kCsum), Features(std::uint64_t{1} << 63)}) {
    EXPECT_EQ(Switch(some.bits()), control::kError) << some.bits();
  }
}

TEST_P(VirtioOffloads, SwitchingNeedsItsFeature) {
  FromVirtio("5.1.6.5.8");
  if (!RestartModel("vnet_hdr=on")) GTEST_SKIP() << kNeedsTap;
  nic().Start(Nic::kUsual | kGuest);
  EXPECT_EQ(Switch(0), control::kError);
}

TEST_P(VirtioOffloads, SwitchNeedsEightBytes) {
  FromVirtio("5.1.6.5.8");
  if (!StartWithOffloads(kGuest)) GTEST_SKIP() << kNeedsTap;
  EXPECT_EQ(nic().Command(control::kGuestOffloads, control::kGuestOffloadsSet, ByteVector(7)),
            control::kError);
  EXPECT_EQ(nic().Command(control::kGuestOffloads, 1, ByteVector(8)), control::kError);
}

}  // namespace
}  // namespace nicreplay::virtio

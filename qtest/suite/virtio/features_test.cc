// SPDX-License-Identifier: MIT
// Features: what is offered, and what is accepted of it.
#include "qtest/suite/virtio/conformance.h"

namespace nicreplay::virtio {
namespace {

NICREPLAY_VIRTIO(FeatureBits, kSplitDriver);

constexpr std::uint8_t kStarting = status::kAcknowledge | status::kDriver;
constexpr std::uint32_t kAllOnes = 0xffffffff;

// What the device accepted, as the legacy interface of a transitional device shows it.
Features Accepted(Nic& nic) { return Features(nic.Legacy(legacy::kDriverFeatures, 4)); }

void WriteFeatures(Nic& nic, std::uint32_t word, std::uint32_t value) {
  nic.SetCommon(common::kDriverFeatureSelect, 4, word);
  nic.SetCommon(common::kDriverFeature, 4, value);
}

TEST_P(FeatureBits, OffersWhatItsOptionsSay) {
  FromVirtio("5.1.3, 6");
  FromQemu();
  const Features offered = nic().Offered();
  for (const unsigned bit :
       {feature::kCtrlGuestOffloads, feature::kMac, feature::kMrgRxbuf, feature::kStatus,
        feature::kCtrlVq, feature::kCtrlRx, feature::kCtrlVlan, feature::kCtrlRxExtra,
        feature::kGuestAnnounce, feature::kCtrlMacAddr, feature::kIndirectDesc, feature::kEventIdx,
        feature::kVersion1, feature::kRingReset}) {
    EXPECT_TRUE(offered.Has(bit)) << bit;
  }
  for (const unsigned bit : {feature::kMq, feature::kRss, feature::kRingPacked, feature::kMtu,
                             feature::kSpeedDuplex, feature::kInOrder}) {
    EXPECT_FALSE(offered.Has(bit)) << bit;
  }
}

TEST_P(FeatureBits, OptionsAddAndTakeAwayFeatures) {
  FromQemu();
  Restart(
      "packed=on,mq=on,rss=on,host_mtu=1500,speed=1000,status=off,mrg_rxbuf=off,"
      "indirect_desc=off,event_idx=off,queue_reset=off");
  const Features offered = nic().Offered();
  for (const unsigned bit :
       {feature::kMq, feature::kRss, feature::kRingPacked, feature::kMtu, feature::kSpeedDuplex}) {
    EXPECT_TRUE(offered.Has(bit)) << bit;
  }
  for (const unsigned bit : {feature::kStatus, feature::kMrgRxbuf, feature::kIndirectDesc,
                             feature::kEventIdx, feature::kRingReset}) {
    EXPECT_FALSE(offered.Has(bit)) << bit;
  }
}

// The network of the suite takes plain frames.
TEST_P(FeatureBits, OffersNoOffloadsWithoutANetworkForThem) {
  FromVirtio("5.1.3.1");
  FromQemu();
  const Features offered = nic().Offered();
  for (const unsigned bit :
       {feature::kCsum, feature::kGuestCsum, feature::kGuestTso4, feature::kGuestTso6,
        feature::kGuestEcn, feature::kGuestUfo, feature::kHostTso4, feature::kHostTso6,
        feature::kHostEcn, feature::kHostUfo, feature::kHashReport}) {
    EXPECT_FALSE(offered.Has(bit)) << bit;
  }
}

TEST_P(FeatureBits, LegacyBitsAreForTheLegacyInterface) {
  FromVirtio("6.3");
  EXPECT_EQ(nic().Offered() & kLegacyOnly, Features());
  const Features legacy(nic().Legacy(legacy::kDeviceFeatures, 4));
  EXPECT_TRUE(legacy.Has(feature::kNotifyOnEmpty));
  EXPECT_TRUE(legacy.Has(feature::kAnyLayout));
}

TEST_P(FeatureBits, FurtherFeatureWordsAreZero) {
  FromVirtio("4.1.4.3.1");
  for (const std::uint32_t word : {2u, 3u, 0x80000000u, kAllOnes}) {
    nic().SetCommon(common::kDeviceFeatureSelect, 4, word);
    EXPECT_EQ(nic().Common(common::kDeviceFeature, 4), 0u) << word;
    WriteFeatures(nic(), word, kAllOnes);
    EXPECT_EQ(nic().Common(common::kDriverFeature, 4), 0u) << word;
  }
}

TEST_P(FeatureBits, FeatureSelectorsReadBack) {
  FromVirtio("4.1.4.3");
  nic().SetCommon(common::kDeviceFeatureSelect, 4, 0x1234);
  nic().SetCommon(common::kDriverFeatureSelect, 4, 0x5678);
  EXPECT_EQ(nic().Common(common::kDeviceFeatureSelect, 4), 0x1234u);
  EXPECT_EQ(nic().Common(common::kDriverFeatureSelect, 4), 0x5678u);
}

TEST_P(FeatureBits, DriverFeaturesReadBack) {
  FromVirtio("4.1.4.3.1");
  WriteFeatures(nic(), 0, 0x00010020);
  WriteFeatures(nic(), 1, 1);
  EXPECT_EQ(nic().Common(common::kDriverFeature, 4), 1u);
  nic().SetCommon(common::kDriverFeatureSelect, 4, 0);
  EXPECT_EQ(nic().Common(common::kDriverFeature, 4), 0x00010020u);
}

TEST_P(FeatureBits, OfferedFeaturesAreReadOnly) {
  FromVirtio("4.1.4.3");
  const Features offered = nic().Offered();
  nic().SetCommon(common::kDeviceFeatureSelect, 4, 0);
  nic().SetCommon(common::kDeviceFeature, 4, 0);
  EXPECT_EQ(nic().Offered(), offered);
}

TEST_P(FeatureBits, WhatWasNotOfferedIsNotAccepted) {
  FromVirtio("2.2.1");
  WriteFeatures(nic(), 0, kAllOnes);
  EXPECT_EQ(Accepted(nic()), Features(nic().Legacy(legacy::kDeviceFeatures, 4)));
}

TEST_P(FeatureBits, AnySubsetIsAccepted) {
  FromVirtio("2.2.2");
  for (const Features some : {Features(), Features::Of(feature::kMac),
                              Features::Of(feature::kStatus, feature::kMrgRxbuf)}) {
    nic().driver().Negotiate(some | Features::Of(feature::kVersion1));
    EXPECT_NE(nic().Status() & status::kFeaturesOk, 0);
    EXPECT_EQ(Accepted(nic()), some);
  }
}

TEST_P(FeatureBits, FeaturesCanChangeUntilTheyAreOk) {
  FromVirtio("3.1.1");
  nic().driver().SetStatus(kStarting);
  WriteFeatures(nic(), 0, Features::Of(feature::kMac).bits());
  WriteFeatures(nic(), 0, Features::Of(feature::kStatus).bits());
  EXPECT_EQ(Accepted(nic()), Features::Of(feature::kStatus));
}

TEST_P(FeatureBits, FeaturesAreFinalOnceTheyAreOk) {
  FromVirtio("2.2.2, 3.1.1");
  nic().driver().SetStatus(kStarting);
  WriteFeatures(nic(), 0, Features::Of(feature::kMac).bits());
  WriteFeatures(nic(), 1, 1);
  nic().driver().SetStatus(kStarting | status::kFeaturesOk);
  WriteFeatures(nic(), 0, Features::Of(feature::kStatus).bits());
  EXPECT_EQ(Accepted(nic()), Features::Of(feature::kMac));
}

}  // namespace
}  // namespace nicreplay::virtio

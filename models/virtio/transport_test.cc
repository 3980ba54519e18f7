// SPDX-License-Identifier: MIT
// Configuration space, registers, negotiation, interrupts.
#include <gmock/gmock.h>

#include "models/pci_config.h"
#include "models/virtio/test_bench.h"

namespace nicreplay::virtio {
namespace {

using testing::ElementsAre;

constexpr std::uint8_t kMsixControl = 0x9a;  // of a transitional device
constexpr std::uint8_t kWindow = 0x84;
constexpr GuestAddress kIn = Bench::kBuffers + 0x20000;

class BareDevice {
 public:
  explicit BareDevice(const std::string& options = "") {
    auto created = CreateModel("virtio-net", options, host);
    EXPECT_TRUE(created.has_value()) << (created ? "" : created.error().message);
    if (created) device = std::move(*created);
    host.device = device.get();
    device->Reset();
  }
  std::uint32_t Config(std::uint8_t offset, std::uint8_t size) {
    return device->ConfigRead(offset, size);
  }
  // Ids of capabilities, in the order of the list.
  std::vector<std::uint32_t> Capabilities() {
    std::vector<std::uint32_t> ids;
    for (auto at = static_cast<std::uint8_t>(Config(0x34, 1)); at != 0;
         at = static_cast<std::uint8_t>(Config(static_cast<std::uint8_t>(at + 1), 1))) {
      const std::uint32_t id = Config(at, 1);
      ids.push_back(id == 9 ? Config(static_cast<std::uint8_t>(at + 3), 1) : id);
    }
    return ids;
  }
  std::uint32_t Common(std::uint32_t offset, std::uint8_t size) {
    return static_cast<std::uint32_t>(device->Read({kModernBar, size, offset}));
  }
  void SetCommon(std::uint32_t offset, std::uint8_t size, std::uint32_t value) {
    device->Write({kModernBar, size, offset}, value);
  }
  std::uint64_t Offered() {
    SetCommon(common::kDeviceFeatureSelect, 4, 1);
    const std::uint64_t high = Common(common::kDeviceFeature, 4);
    SetCommon(common::kDeviceFeatureSelect, 4, 0);
    return high << 32 | Common(common::kDeviceFeature, 4);
  }

  BenchHost host;
  std::unique_ptr<Device> device;
};

TEST(TransportTest, ATransitionalDeviceHasEverything) {
  BareDevice bare;
  EXPECT_EQ(bare.Config(0, 4), 0x10001af4u);
  EXPECT_EQ(bare.Config(8, 4), 0x02000000u);
  EXPECT_EQ(bare.Config(0x2c, 4), 0x00011af4u);
  EXPECT_EQ(bare.Config(0x3d, 1), 1u);
  EXPECT_THAT(bare.Capabilities(),
              ElementsAre(0x11, cfg_type::kPci, cfg_type::kNotify, cfg_type::kDevice,
                          cfg_type::kIsr, cfg_type::kCommon));
  const DeviceInfo& info = bare.device->info();
  EXPECT_EQ(info.bars[0].kind, BarInfo::Kind::kIo);
  EXPECT_EQ(info.bars[0].size, 32u);
  EXPECT_EQ(info.bars[1].kind, BarInfo::Kind::kMemory32);
  EXPECT_EQ(info.bars[4].kind, BarInfo::Kind::kMemory64);
  bare.device->ConfigWrite(0x20, 4, 0xffffffff);
  bare.device->ConfigWrite(0x24, 4, 0xffffffff);
  EXPECT_EQ(bare.Config(0x20, 4), 0xffffc00cu);
  EXPECT_EQ(bare.Config(0x24, 4), 0xffffffffu);
}

TEST(TransportTest, InterfacesAndVectorsCanBeLeftOut) {
  BareDevice modern("disable-legacy=on,vectors=0");
  EXPECT_EQ(modern.Config(0, 4), 0x10411af4u);
  EXPECT_EQ(modern.Config(8, 1), 1u);
  EXPECT_EQ(modern.Config(0x2c, 4), 0x11001af4u);
  EXPECT_EQ(modern.device->info().bars[0].kind, BarInfo::Kind::kNone);
  EXPECT_EQ(modern.device->info().bars[1].kind, BarInfo::Kind::kNone);
  EXPECT_EQ(modern.device->Read({kLegacyBar, 4, 0}), 0u);
  EXPECT_EQ(modern.device->Read({kMsixBar, 4, 0}), 0u);
  EXPECT_EQ(modern.Capabilities().size(), 5u);
  BareDevice legacy("disable-modern=on");
  EXPECT_EQ(legacy.Config(0, 4), 0x10001af4u);
  EXPECT_THAT(legacy.Capabilities(), ElementsAre(0x11));
  EXPECT_EQ(legacy.device->Read({kModernBar, 4, common::kDeviceFeature}), 0u);
}

TEST(TransportTest, OptionsDecideWhatIsOffered) {
  BareDevice all("vnet_hdr=on,mq=on,rss=on,hash=on,packed=on,host_mtu=9000,speed=1000,duplex=full");
  const Features offered(all.Offered());
  for (const unsigned bit :
       {feature::kMq, feature::kRss, feature::kHashReport, feature::kRingPacked, feature::kMtu,
        feature::kSpeedDuplex, feature::kVersion1, feature::kCsum, feature::kHostTso4}) {
    EXPECT_TRUE(offered.Has(bit)) << bit;
  }
  for (const unsigned bit : {feature::kGso, feature::kNotifyOnEmpty, feature::kUnused}) {
    EXPECT_FALSE(offered.Has(bit)) << bit;
  }
  EXPECT_EQ(all.device->Read({kModernBar, 2, kDeviceRegion + 10}), 9000u);
  EXPECT_EQ(all.device->Read({kModernBar, 4, kDeviceRegion + 12}), 1000u);
  EXPECT_EQ(all.device->Read({kModernBar, 4, kDeviceRegion + 16}), 0x00802801u);
  EXPECT_EQ(all.device->Read({kModernBar, 4, kDeviceRegion + 20}), 0x1ffu);
  EXPECT_EQ(all.device->Read({kModernBar, 4, kDeviceRegion + 24}), 0xffffffffu);
  BareDevice plain("hash=on,mrg_rxbuf=off");
  const Features less(plain.Offered());
  for (const unsigned bit : {feature::kCsum, feature::kGuestTso4, feature::kHostUfo,
                             feature::kHashReport, feature::kMrgRxbuf, feature::kRingPacked}) {
    EXPECT_FALSE(less.Has(bit)) << bit;
  }
}

TEST(TransportTest, ImpossibleOptionsAreRefused) {
  BenchHost host;
  for (const char* options :
       {"disable-legacy=on,disable-modern=on", "queue_pairs=0", "queue_pairs=64", "vectors=129",
        "rx_queue_size=128", "tx_queue_size=300", "duplex=double", "speed=fast", "csum=maybe",
        "rom_size=1000", "rom_size=3072", "host_mtu=65536", "mac=1", "no_such=1", "vnet_hdr=2"}) {
    EXPECT_FALSE(CreateModel("virtio-net", options, host).has_value()) << options;
  }
  EXPECT_TRUE(CreateModel("virtio-net", "rom_size=4096,duplex=half", host).has_value());
}

TEST(TransportTest, OnlyWhatIsOfferedIsAccepted) {
  BareDevice bare;
  bare.SetCommon(common::kDriverFeatureSelect, 4, 0);
  bare.SetCommon(common::kDriverFeature, 4, 0xffffffff);
  const std::uint64_t accepted = bare.device->Read({kLegacyBar, 4, legacy::kDriverFeatures});
  EXPECT_EQ(accepted, bare.device->Read({kLegacyBar, 4, legacy::kDeviceFeatures}));
  // What was written reads back; a third word does not exist.
  EXPECT_EQ(bare.Common(common::kDriverFeature, 4), 0xffffffffu);
  bare.SetCommon(common::kDriverFeatureSelect, 4, 2);
  bare.SetCommon(common::kDriverFeature, 4, 1);
  EXPECT_EQ(bare.Common(common::kDriverFeature, 4), 0u);
  bare.SetCommon(common::kDeviceFeatureSelect, 4, 2);
  EXPECT_EQ(bare.Common(common::kDeviceFeature, 4), 0u);
  // FEATURES_OK ends negotiation.
  bare.SetCommon(common::kDeviceStatus, 1, 0x0b);
  bare.SetCommon(common::kDriverFeatureSelect, 4, 0);
  bare.SetCommon(common::kDriverFeature, 4, 0);
  EXPECT_EQ(bare.device->Read({kLegacyBar, 4, legacy::kDriverFeatures}), accepted);
}

TEST(TransportTest, SelectorsReadBackAndHolesReadZero) {
  BareDevice bare;
  bare.SetCommon(common::kDeviceFeatureSelect, 4, 0x1234);
  bare.SetCommon(common::kDriverFeatureSelect, 4, 0x5678);
  EXPECT_EQ(bare.Common(common::kDeviceFeatureSelect, 4), 0x1234u);
  EXPECT_EQ(bare.Common(common::kDriverFeatureSelect, 4), 0x5678u);
  bare.SetCommon(common::kQueueDesc, 4, 0x11223344);
  EXPECT_EQ(bare.Common(common::kQueueDesc + 2, 2), 0u);
  EXPECT_EQ(bare.Common(common::kQueueReset, 2), 0u);
  EXPECT_EQ(bare.device->Read({kModernBar, 4, kNotifyRegion}), 0u);
}

TEST(TransportTest, TheIsrTakesNoWrites) {
  Bench bench({});
  bench.Send(MakeFrame(64));
  bench.host.Write({kModernBar, 1, kIsrRegion}, 0);
  EXPECT_EQ(bench.host.line, LineLevel::kHigh);
  EXPECT_EQ(bench.driver.ReadIsr(), kIsrQueue);
}

TEST(TransportTest, LegacyRegistersReadBack) {
  BareDevice bare("tx_queue_size=512");
  const auto read = [&](std::uint32_t offset, std::uint8_t size) {
    return bare.device->Read({kLegacyBar, size, offset});
  };
  bare.device->Write({kLegacyBar, 2, legacy::kQueueSelect}, 1);
  EXPECT_EQ(read(legacy::kQueueSelect, 2), 1u);
  EXPECT_EQ(read(legacy::kQueueSize, 2), 512u);
  bare.device->Write({kLegacyBar, 2, legacy::kQueueSize}, 256);  // read-only
  EXPECT_EQ(read(legacy::kQueueSize, 2), 512u);
  EXPECT_EQ(read(legacy::kQueueNotify, 2), 0xffffu);  // write-only
  bare.device->Write({kLegacyBar, 2, legacy::kQueueSelect}, 3);
  EXPECT_EQ(read(legacy::kQueueSize, 2), 0u);
}

TEST(TransportTest, ALegacyDriverHasVectorsToo) {
  BenchSetup setup;
  setup.mode = Driver::Mode::kLegacy;
  Bench bench(setup);
  bench.driver.EnableMsix(true);
  bench.driver.SetVector(2, Bench::kMessages, 0x4002, false);
  bench.driver.SetConfigVector(2);
  EXPECT_EQ(bench.host.Read({kLegacyBar, 2, legacy::kConfigMsixVector}), 2u);
  bench.device->SetLink(LinkState::kDown);
  EXPECT_EQ(bench.host.Load<std::uint32_t>(Bench::kMessages), 0x4002u);
}

TEST(TransportTest, WithoutVectorsTheLineServes) {
  BenchSetup setup;
  setup.options = "vectors=0";
  Bench bench(setup);
  bench.driver.EnableMsix(true);
  bench.Send(MakeFrame(64));
  EXPECT_EQ(bench.host.line, LineLevel::kHigh);
}

TEST(TransportTest, ADriverThatTakesTheUnusedBitGetsLittle) {
  BareDevice bare("vnet_hdr=on");
  bare.device->Write({kLegacyBar, 4, legacy::kDriverFeatures}, 0xffffffff);
  EXPECT_EQ(bare.device->Read({kLegacyBar, 4, legacy::kDriverFeatures}), kBrokenDriver.bits());
}

TEST(TransportTest, QueuesAreDescribedOneByOne) {
  BareDevice bare("mq=on,queue_pairs=4,rx_queue_size=512");
  EXPECT_EQ(bare.Common(common::kNumQueues, 2), 3u);
  bare.SetCommon(common::kDriverFeature, 4, 1u << feature::kMq);
  EXPECT_EQ(bare.Common(common::kNumQueues, 2), 9u);
  const std::uint32_t sizes[] = {512, 256, 512, 256, 512, 256, 512, 256, 64, 0};
  for (std::uint32_t i = 0; i < 10; ++i) {
    bare.SetCommon(common::kQueueSelect, 2, i);
    EXPECT_EQ(bare.Common(common::kQueueSize, 2), sizes[i]) << i;
    EXPECT_EQ(bare.Common(common::kQueueNotifyOff, 2), i);
    EXPECT_EQ(bare.Common(common::kQueueMsixVector, 2), kNoVector);
  }
  bare.SetCommon(common::kQueueSelect, 2, 1024);
  EXPECT_EQ(bare.Common(common::kQueueSelect, 2), 9u);
  bare.SetCommon(common::kQueueSelect, 2, 1);
  for (const std::uint32_t size : {0u, 1025u}) {
    bare.SetCommon(common::kQueueSize, 2, size);
    EXPECT_EQ(bare.Common(common::kQueueSize, 2), 256u);
  }
  bare.SetCommon(common::kQueueSize, 2, 77);
  bare.SetCommon(common::kQueueDriver + 4, 4, 0x12345678);
  bare.SetCommon(common::kQueueEnable, 2, 1);
  EXPECT_EQ(bare.Common(common::kQueueSize, 2), 77u);
  EXPECT_EQ(bare.Common(common::kQueueDriver + 4, 4), 0x12345678u);
  EXPECT_EQ(bare.Common(common::kQueueEnable, 2), 1u);
  bare.SetCommon(common::kQueueReset, 2, 1);
  EXPECT_EQ(bare.Common(common::kQueueEnable, 2), 0u);
  EXPECT_EQ(bare.Common(common::kQueueSize, 2), 256u);
  bare.SetCommon(common::kDeviceStatus, 1, 0);
  EXPECT_EQ(bare.Common(common::kQueueSelect, 2), 0u);
  EXPECT_EQ(bare.Common(common::kNumQueues, 2), 3u);
}

TEST(TransportTest, ARingIsWhereItWasWhenItWasEnabled) {
  Bench bench({});
  bench.host.Write({kModernBar, 2, common::kQueueSelect}, 1);
  bench.host.Write({kModernBar, 4, common::kQueueDesc}, 0x40000);
  bench.Send(MakeFrame(64));
  EXPECT_EQ(bench.host.sent.size(), 1u);
  EXPECT_EQ(bench.host.Read({kModernBar, 4, common::kQueueDesc}), 0x40000u);
}

TEST(TransportTest, TheWindowInConfigurationSpaceReachesTheRegisters) {
  Bench bench({});
  const auto aim = [&](std::uint32_t offset, std::uint32_t size) {
    bench.host.ConfigWrite(kWindow + 8, 4, offset);
    bench.host.ConfigWrite(kWindow + 12, 4, size);
  };
  aim(common::kDeviceStatus, 1);
  EXPECT_EQ(bench.host.ConfigRead(kWindow + 16, 1), 0x0fu);
  aim(kDeviceRegion + 1, 4);  // rounded down
  EXPECT_EQ(bench.host.ConfigRead(kWindow + 16, 4), 0x12005452u);
  aim(common::kQueueSelect, 2);
  bench.host.ConfigWrite(kWindow + 16, 2, 2);
  EXPECT_EQ(bench.host.Read({kModernBar, 2, common::kQueueSelect}), 2u);
  // A size that is none, and an offset outside, do nothing.
  aim(common::kQueueSelect, 3);
  bench.host.ConfigWrite(kWindow + 16, 2, 1);
  aim(kModernBarSize, 2);
  bench.host.ConfigWrite(kWindow + 16, 2, 1);
  EXPECT_EQ(bench.host.ConfigRead(kWindow + 16, 2), 1u);
  EXPECT_EQ(bench.host.Read({kModernBar, 2, common::kQueueSelect}), 2u);
}

TEST(TransportTest, AccessesOfEightBytesAreTwo) {
  Bench bench({});
  bench.host.Write({kModernBar, 2, common::kQueueSelect}, 1);
  bench.host.Write({kModernBar, 8, common::kQueueDesc}, 0x1122334455667788);
  EXPECT_EQ(bench.host.Read({kModernBar, 4, common::kQueueDesc + 4}), 0x11223344u);
  EXPECT_EQ(bench.host.Read({kModernBar, 8, common::kQueueDesc}), 0x1122334455667788u);
  bench.host.Write({kMsixBar, 8, 0}, 0x1122334455667788);
  EXPECT_EQ(bench.host.Read({kMsixBar, 8, 0}), 0x1122334455667788u);
  EXPECT_EQ(bench.host.Read({kMsixBar, 2, 0}), 0u);
  EXPECT_EQ(bench.host.Read({kModernBar, 3, 0}), 0u);
  EXPECT_EQ(bench.host.Read({kModernBar, 4, 2}), 0u);
  EXPECT_EQ(bench.host.Read({3, 4, 0}), 0u);
}

// A message of MSI-X is a DMA write of its data.
TEST(TransportTest, MessagesGoWhereTheTableSays) {
  Bench bench({});
  bench.driver.EnableMsix(true);
  for (std::uint16_t i = 0; i < 4; ++i) {
    bench.driver.SetVector(i, Bench::kMessages + 16u * i, 0x4000u + i, false);
  }
  bench.Start();
  bench.driver.SetConfigVector(3);
  bench.Send(MakeFrame(64));
  EXPECT_EQ(bench.host.Load<std::uint32_t>(Bench::kMessages + 16), 0x4001u);
  EXPECT_EQ(bench.host.line, LineLevel::kLow);
  EXPECT_EQ(bench.host.Load<std::uint32_t>(Bench::kMessages + 48), 0u);
  bench.device->SetLink(LinkState::kDown);
  EXPECT_EQ(bench.host.Load<std::uint32_t>(Bench::kMessages + 48), 0x4003u);
}

TEST(TransportTest, MaskedMessagesWait) {
  Bench bench({});
  bench.driver.EnableMsix(true);
  bench.Start();
  const GuestAddress message = Bench::kMessages + 16;
  bench.driver.SetVector(1, message, 0x4001, true);
  bench.Send(MakeFrame(64));
  EXPECT_EQ(bench.host.Load<std::uint32_t>(message), 0u);
  EXPECT_EQ(bench.host.Read({kMsixBar, 4, 2048}), 2u);
  bench.host.Write({kMsixBar, 4, 16 + 12}, 0);
  EXPECT_EQ(bench.host.Load<std::uint32_t>(message), 0x4001u);
  EXPECT_EQ(bench.host.Read({kMsixBar, 4, 2048}), 0u);
  // The whole function
  bench.host.WriteMemory(message, ByteVector(4));
  bench.host.ConfigWrite(kMsixControl, 2, 0xc000);
  bench.Send(MakeFrame(64));
  EXPECT_EQ(bench.host.Read({kMsixBar, 4, 2048}), 2u);
  bench.host.ConfigWrite(kMsixControl, 2, 0x8000);
  EXPECT_EQ(bench.host.Load<std::uint32_t>(message), 0x4001u);
}

TEST(TransportTest, VectorsThatAreNotThereReadBackAsNone) {
  Bench bench({});
  bench.driver.EnableMsix(true);
  bench.driver.SetConfigVector(4);
  EXPECT_EQ(bench.host.Read({kModernBar, 2, common::kConfigMsixVector}), kNoVector);
  bench.driver.SetConfigVector(3);
  EXPECT_EQ(bench.host.Read({kModernBar, 2, common::kConfigMsixVector}), 3u);
}

TEST(TransportTest, AVectorThatIsUsedNoMoreForgetsItsMessage) {
  Bench bench({});
  bench.driver.EnableMsix(true);
  bench.Start();
  bench.driver.SetVector(1, Bench::kMessages, 0x4001, true);
  bench.Send(MakeFrame(64));
  bench.host.Write({kModernBar, 2, common::kQueueSelect}, 1);
  bench.host.Write({kModernBar, 2, common::kQueueMsixVector}, kNoVector);
  EXPECT_EQ(bench.host.Read({kMsixBar, 4, 2048}), 0u);
}

TEST(TransportTest, TheLegacyConfigurationMovesWithMsix) {
  BenchSetup setup;
  setup.mode = Driver::Mode::kLegacy;
  Bench bench(setup);
  EXPECT_EQ(bench.host.Read({kLegacyBar, 4, 20}), 0x12005452u);
  bench.driver.EnableMsix(true);
  EXPECT_EQ(bench.host.Read({kLegacyBar, 4, 24}), 0x12005452u);
  EXPECT_EQ(bench.host.Read({kLegacyBar, 2, 20}), kNoVector);
  bench.host.Write({kLegacyBar, 2, 22}, 1);
  EXPECT_EQ(bench.host.Read({kLegacyBar, 2, 22}), 1u);
}

TEST(TransportTest, ALegacyDriverWritesItsAddress) {
  BenchSetup setup;
  setup.mode = Driver::Mode::kLegacy;
  Bench bench(setup);
  bench.host.Write({kLegacyBar, 1, 25}, 0x99);
  EXPECT_EQ(bench.host.Read({kLegacyBar, 1, 25}), 0x99u);
  Bench modern({});
  modern.host.Write({kModernBar, 1, kDeviceRegion + 5}, 0x99);
  EXPECT_EQ(modern.host.Read({kModernBar, 1, kDeviceRegion + 5}), 0x56u);
}

TEST(TransportTest, QueueAddressZeroResetsALegacyDevice) {
  BenchSetup setup;
  setup.mode = Driver::Mode::kLegacy;
  Bench bench(setup);
  EXPECT_EQ(bench.Status(), 0x07);
  bench.host.Write({kLegacyBar, 4, legacy::kQueueAddress}, 0);
  EXPECT_EQ(bench.Status(), 0);
  bench.host.Write({kLegacyBar, 2, legacy::kQueueSelect}, 1);
  EXPECT_EQ(bench.host.Read({kLegacyBar, 4, legacy::kQueueAddress}), 0u);
}

TEST(TransportTest, ALegacyDriverGetsBusMastering) {
  BareDevice bare;
  bare.device->ConfigWrite(PciConfig::kCommand, 2, 3);
  bare.device->Write({kLegacyBar, 1, legacy::kDeviceStatus}, 1);
  EXPECT_EQ(bare.Config(PciConfig::kCommand, 2), 3u);
  bare.device->Write({kLegacyBar, 1, legacy::kDeviceStatus}, 3);
  EXPECT_EQ(bare.Config(PciConfig::kCommand, 2), 7u);
}

TEST(TransportTest, WithoutBusMasteringTheDeviceStops) {
  Bench bench({});
  bench.host.ConfigWrite(PciConfig::kCommand, 2, 3);
  EXPECT_EQ(bench.Status(), 0x0b);
  const int writes = bench.host.dma_writes;
  bench.driver.Start();
  bench.Send(MakeFrame(64));
  EXPECT_TRUE(bench.host.sent.empty());
  EXPECT_EQ(bench.host.dma_writes, writes);
  bench.host.ConfigWrite(PciConfig::kCommand, 2, 7);
  bench.driver.Notify(1);
  EXPECT_EQ(bench.host.sent.size(), 1u);
}

TEST(TransportTest, TheGenerationCountsChanges) {
  Bench bench({});
  const std::uint64_t before = bench.host.Read({kModernBar, 1, common::kConfigGeneration});
  bench.device->SetLink(LinkState::kDown);
  EXPECT_EQ(bench.host.Read({kModernBar, 1, common::kConfigGeneration}), before + 1);
  EXPECT_EQ(bench.host.Read({kModernBar, 2, kDeviceRegion + 6}), 0u);
  bench.device->SetLink(LinkState::kDown);
  EXPECT_EQ(bench.host.Read({kModernBar, 1, common::kConfigGeneration}), before + 1);
}

TEST(TransportTest, FramesThatWaitedForTheDriverAreLost) {
  Bench bench({});
  bench.driver.SetStatus(0x0b);
  EXPECT_FALSE(bench.device->CanReceive());
  bench.GiveReceive(kIn, 2000);
  bench.host.waiting.push_back(MakeFrame(64));
  bench.driver.Start();
  EXPECT_TRUE(bench.device->CanReceive());
  EXPECT_TRUE(bench.host.waiting.empty());
  EXPECT_FALSE(bench.IsUsed(0, 0));
}

TEST(TransportTest, ABusResetForgetsEverything) {
  Bench bench({});
  bench.driver.EnableMsix(true);
  bench.driver.SetVector(0, 0x1234, 1, false);
  bench.device->Reset();
  EXPECT_EQ(bench.device->ConfigRead(PciConfig::kCommand, 2), 0u);
  EXPECT_EQ(bench.device->ConfigRead(kMsixControl, 2), 3u);
  EXPECT_EQ(bench.device->ConfigRead(0x10, 4), 1u);
  bench.device->ConfigWrite(PciConfig::kCommand, 2, 7);
  EXPECT_EQ(bench.Status(), 0);
  EXPECT_EQ(bench.host.Read({kMsixBar, 4, 0}), 0u);
  EXPECT_EQ(bench.host.Read({kMsixBar, 4, 12}), 1u);
}

}  // namespace
}  // namespace nicreplay::virtio

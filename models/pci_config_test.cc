// SPDX-License-Identifier: MIT
#include "models/pci_config.h"

#include <gtest/gtest.h>

#include <vector>

namespace nicreplay {
namespace {

class LineHost : public Host {
 public:
  Nanoseconds Now() override { return 0; }
  void DmaRead(GuestAddress, MutableBytes) override {}
  void DmaWrite(GuestAddress, Bytes) override {}
  void Transmit(const Frame&) override {}
  void SetInterrupt(LineLevel level) override { levels.push_back(level); }
  void ArmTimer(TimerId, Nanoseconds) override {}
  void CancelTimer(TimerId) override {}
  void FlushReceive() override {}

  std::vector<LineLevel> levels;
};

DeviceInfo E1000Like() {
  DeviceInfo info;
  info.vendor_id = 0x8086;
  info.device_id = 0x100e;
  info.revision = 3;
  info.class_code = 0x020000;
  info.bars[0] = {BarInfo::Kind::kMemory32, 0x20000};
  info.bars[1] = {BarInfo::Kind::kIo, 0x40};
  return info;
}

class PciConfigTest : public testing::Test {
 protected:
  std::uint32_t Read4(std::uint8_t offset) { return config_.Read(offset, 4); }
  void Write4(std::uint8_t offset, std::uint32_t value) { config_.Write(offset, 4, value, host_); }
  void Write2(std::uint8_t offset, std::uint32_t value) { config_.Write(offset, 2, value, host_); }
  void Write1(std::uint8_t offset, std::uint32_t value) { config_.Write(offset, 1, value, host_); }
  LineLevel line() const { return host_.levels.empty() ? LineLevel::kLow : host_.levels.back(); }

  LineHost host_;
  PciConfig config_{E1000Like(), 0x40000};
};

TEST_F(PciConfigTest, HeaderAfterPowerOn) {
  EXPECT_EQ(Read4(0x00), 0x100e8086u);
  EXPECT_EQ(Read4(0x04), 0u);
  EXPECT_EQ(Read4(0x08), 0x02000003u);
  EXPECT_EQ(Read4(0x0c), 0u);
  EXPECT_EQ(Read4(0x10), 0u);
  EXPECT_EQ(Read4(0x14), 1u);
  EXPECT_EQ(Read4(0x2c), 0x11001af4u);
  EXPECT_EQ(Read4(0x30), 0u);
  EXPECT_EQ(Read4(0x34), 0u);
  EXPECT_EQ(Read4(0x3c), 0x00000100u);
}

// Every dword after all ones were written: what is writable, to the bit.
TEST_F(PciConfigTest, WritableBits) {
  for (int offset = 0; offset < 0x100; offset += 4) {
    Write4(static_cast<std::uint8_t>(offset), 0xffffffff);
  }
  const std::uint32_t expected[16] = {
      0x100e8086, 0x00000507, 0x02000003, 0x000000ff, 0xfffe0000, 0xffffffc1, 0, 0,
      0,          0,          0,          0x11001af4, 0xfffc0001, 0,          0, 0x000001ff};
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(Read4(static_cast<std::uint8_t>(4 * i)), expected[i]) << 4 * i;
  }
  for (int offset = 0x40; offset < 0x100; offset += 4) {
    EXPECT_EQ(Read4(static_cast<std::uint8_t>(offset)), 0xffffffffu) << offset;
  }
}

TEST_F(PciConfigTest, NoRomBarWithoutRom) {
  PciConfig config(E1000Like(), 0);
  config.Write(0x30, 4, 0xffffffff, host_);
  EXPECT_EQ(config.Read(0x30, 4), 0u);
}

TEST_F(PciConfigTest, PartialAccesses) {
  Write1(0x41, 0xab);
  Write2(0x42, 0x1234);
  EXPECT_EQ(Read4(0x40), 0x1234ab00u);
  EXPECT_EQ(config_.Read(0x41, 1), 0xabu);
  EXPECT_EQ(config_.Read(0x42, 2), 0x1234u);
  Write1(0x13, 0xfe);
  EXPECT_EQ(Read4(0x10), 0xfe000000u);
  Write1(0xff, 0x5a);
  EXPECT_EQ(config_.Read(0xff, 1), 0x5au);
}

TEST_F(PciConfigTest, MisalignedAndOddSizesDoNothing) {
  Write4(0x40, 0x11223344);
  Write4(0xfc, 0x55667788);
  for (const auto& [offset, size] : {std::pair{0x41, 4},
                                     {0x41, 2},
                                     {0x40, 3},
                                     {0x40, 8},
                                     {0x40, 0},
                                     {0xfe, 4},
                                     {0xff, 2},
                                     {0xff, 255}}) {
    const auto at = static_cast<std::uint8_t>(offset);
    const auto bytes = static_cast<std::uint8_t>(size);
    EXPECT_EQ(config_.Read(at, bytes), 0u) << offset << " " << size;
    config_.Write(at, bytes, 0xffffffff, host_);
  }
  EXPECT_EQ(Read4(0x40), 0x11223344u);
  EXPECT_EQ(Read4(0xfc), 0x55667788u);
}

TEST_F(PciConfigTest, StatusBitsClearOnOne) {
  config_.Preset(0x07, 0xff);
  Write2(0x06, 0x0100);
  EXPECT_EQ(config_.Read(0x06, 2), 0xfe00u);
  Write2(0x06, 0xffff);
  EXPECT_EQ(config_.Read(0x06, 2), 0x0600u);
  config_.Preset(0x07, 0xff);
  config_.Reset(host_);
  EXPECT_EQ(config_.Read(0x06, 2), 0x0600u);
}

TEST_F(PciConfigTest, InterruptSetsStatusAndLine) {
  config_.SetInterrupt(LineLevel::kHigh, host_);
  config_.SetInterrupt(LineLevel::kHigh, host_);
  EXPECT_EQ(config_.Read(0x06, 2), PciConfig::kStatusInterrupt);
  Write2(0x06, 0xffff);
  EXPECT_EQ(config_.Read(0x06, 2), PciConfig::kStatusInterrupt);
  config_.SetInterrupt(LineLevel::kLow, host_);
  EXPECT_EQ(config_.Read(0x06, 2), 0u);
  EXPECT_EQ(host_.levels, (std::vector{LineLevel::kHigh, LineLevel::kLow}));
}

TEST_F(PciConfigTest, InterruptDisableGatesTheLine) {
  config_.SetInterrupt(LineLevel::kHigh, host_);
  Write2(0x04, PciConfig::kCommandInterruptDisable);
  EXPECT_EQ(line(), LineLevel::kLow);
  EXPECT_EQ(config_.Read(0x06, 2), PciConfig::kStatusInterrupt);
  Write4(0x04, 0);
  EXPECT_EQ(line(), LineLevel::kHigh);
  Write2(0x04, PciConfig::kCommandInterruptDisable);
  config_.SetInterrupt(LineLevel::kLow, host_);
  config_.SetInterrupt(LineLevel::kHigh, host_);
  Write1(0x04, 0);
  EXPECT_EQ(host_.levels.size(), 4u);
  EXPECT_EQ(line(), LineLevel::kLow);
}

// QEMU: a byte write of the disable bit alone does not move the line, and the count goes astray.
TEST_F(PciConfigTest, ByteWriteOfDisableBitLeavesTheLine) {
  config_.SetInterrupt(LineLevel::kHigh, host_);
  Write1(0x05, 0x04);
  EXPECT_EQ(line(), LineLevel::kHigh);
  config_.SetInterrupt(LineLevel::kLow, host_);
  EXPECT_EQ(line(), LineLevel::kHigh);
  Write1(0x05, 0x00);
  config_.SetInterrupt(LineLevel::kHigh, host_);
  config_.SetInterrupt(LineLevel::kLow, host_);
  EXPECT_EQ(line(), LineLevel::kHigh);
  EXPECT_EQ(host_.levels.size(), 1u);
  config_.Reset(host_);
  EXPECT_EQ(line(), LineLevel::kLow);
}

TEST_F(PciConfigTest, LineCountBelowZeroIsHigh) {
  Write2(0x04, PciConfig::kCommandInterruptDisable);
  config_.SetInterrupt(LineLevel::kHigh, host_);
  Write1(0x05, 0x00);
  EXPECT_TRUE(host_.levels.empty());
  config_.SetInterrupt(LineLevel::kLow, host_);
  EXPECT_EQ(line(), LineLevel::kHigh);
  config_.SetInterrupt(LineLevel::kHigh, host_);
  EXPECT_EQ(line(), LineLevel::kLow);
}

TEST_F(PciConfigTest, ResetClearsWhatTheBusClears) {
  for (int offset = 0; offset < 0x100; offset += 4) {
    Write4(static_cast<std::uint8_t>(offset), 0xffffffff);
  }
  Write2(0x04, 0x0007);
  config_.SetInterrupt(LineLevel::kHigh, host_);
  config_.Reset(host_);
  EXPECT_EQ(line(), LineLevel::kLow);
  EXPECT_FALSE(config_.bus_master());
  EXPECT_EQ(Read4(0x04), 0u);
  EXPECT_EQ(Read4(0x0c), 0u);
  EXPECT_EQ(Read4(0x10), 0u);
  EXPECT_EQ(Read4(0x14), 1u);
  EXPECT_EQ(Read4(0x30), 0u);
  EXPECT_EQ(Read4(0x3c), 0x00000100u);
  EXPECT_EQ(Read4(0x40), 0xffffffffu);
  EXPECT_EQ(Read4(0x2c), 0x11001af4u);
}

TEST_F(PciConfigTest, PresetCacheLineSizeIsClearedByReset) {
  config_.Preset(PciConfig::kCacheLineSize, 0x10);
  EXPECT_EQ(Read4(0x0c), 0x10u);
  config_.Reset(host_);
  EXPECT_EQ(Read4(0x0c), 0u);
}

TEST_F(PciConfigTest, SaveAndLoad) {
  Write4(0x10, 0xfebc0000);
  Write2(0x04, 0x0007);
  config_.SetInterrupt(LineLevel::kHigh, host_);
  std::array<std::uint8_t, PciConfig::kStateSize> state;
  config_.Save(state);

  PciConfig other(E1000Like(), 0x40000);
  ASSERT_TRUE(other.Load(state));
  EXPECT_EQ(other.Read(0x10, 4), 0xfebc0000u);
  EXPECT_TRUE(other.bus_master());
  other.SetInterrupt(LineLevel::kLow, host_);
  EXPECT_EQ(line(), LineLevel::kLow);
  std::array<std::uint8_t, PciConfig::kStateSize> again;
  ASSERT_TRUE(other.Load(state));
  other.Save(again);
  EXPECT_EQ(again, state);
}

TEST_F(PciConfigTest, LineThatWentAstrayIsSaved) {
  config_.SetInterrupt(LineLevel::kHigh, host_);
  Write1(0x05, 0x04);
  config_.SetInterrupt(LineLevel::kLow, host_);
  std::array<std::uint8_t, PciConfig::kStateSize> state;
  config_.Save(state);
  PciConfig other(E1000Like(), 0x40000);
  ASSERT_TRUE(other.Load(state));
  other.Reset(host_);
  EXPECT_EQ(host_.levels, (std::vector{LineLevel::kHigh, LineLevel::kLow}));
}

TEST_F(PciConfigTest, LoadRefusesAnotherDevicesState) {
  std::array<std::uint8_t, PciConfig::kStateSize> state;
  config_.Save(state);
  for (const auto& [at, bits] : {std::pair{0x00, 0x01},
                                 {0x02, 0x01},
                                 {0x06, 0x08},
                                 {0x10, 0x01},
                                 {0x3d, 0x02},
                                 {0x100, 0x01},
                                 {0x100, 0x02}}) {
    auto damaged = state;
    damaged[static_cast<std::size_t>(at)] ^= static_cast<std::uint8_t>(bits);
    EXPECT_FALSE(config_.Load(damaged)) << at;
    std::array<std::uint8_t, PciConfig::kStateSize> unchanged;
    config_.Save(unchanged);
    EXPECT_EQ(unchanged, state);
  }
}

}  // namespace
}  // namespace nicreplay

// SPDX-License-Identifier: MIT
// Configuration space, bus mastering and the interrupt pin.
#include "qtest/suite/e1000/conformance.h"

namespace nicreplay::e1000 {
namespace {

NICREPLAY_CONFORMANCE(Pci);

constexpr std::uint8_t kCommand = 0x04;
constexpr std::uint8_t kStatus = 0x06;
constexpr std::uint32_t kBarIo = 0x1;
constexpr std::uint32_t kInterruptDisable = 0x400;
constexpr std::uint32_t kInterruptStatus = 0x8;

TEST_P(Pci, Identifiers) {
  FromManual("4.1");
  FromQemu();
  EXPECT_EQ(nic().ReadConfig(0x00, 4), 0x100e8086u);
  EXPECT_EQ(nic().ReadConfig(0x08, 4), 0x02000003u);
  EXPECT_EQ(nic().ReadConfig(0x0e, 1), 0u);
  EXPECT_EQ(nic().ReadConfig(0x2c, 4), 0x11001af4u);
  EXPECT_EQ(nic().ReadConfig(0x34, 1), 0u) << "no capabilities";
  EXPECT_EQ(nic().ReadConfig(0x3d, 1), 1u);
}

TEST_P(Pci, DeviceIdentifierDependsOnTheChip) {
  FromManual("4.1");
  for (const auto& [device, id] : {std::pair{"82544gc", 0x100cu}, {"82545em", 0x100fu}}) {
    Restart(std::string("device=") + device);
    EXPECT_EQ(nic().ReadConfig(0x02, 2), id) << device;
  }
}

TEST_P(Pci, IdentifiersAreReadOnly) {
  FromPci("6.2.1");
  nic().WriteConfig(0x00, 4, 0xffffffff);
  nic().WriteConfig(0x08, 4, 0xffffffff);
  nic().WriteConfig(0x2c, 4, 0xffffffff);
  EXPECT_EQ(nic().ReadConfig(0x00, 4), 0x100e8086u);
  EXPECT_EQ(nic().ReadConfig(0x08, 4), 0x02000003u);
  EXPECT_EQ(nic().ReadConfig(0x2c, 4), 0x11001af4u);
}

TEST_P(Pci, BaseAddressesTellTheirSizes) {
  FromPci("6.2.5.1");
  nic().WriteConfig(kCommand, 2, 0);
  nic().WriteConfig(0x10, 4, 0xffffffff);
  nic().WriteConfig(0x14, 4, 0xffffffff);
  EXPECT_EQ(nic().ReadConfig(0x10, 4), ~(kBar0Size - 1));
  EXPECT_EQ(nic().ReadConfig(0x14, 4), ~(kBar1Size - 1) | kBarIo);
  for (std::uint8_t bar = 0x18; bar < 0x28; bar = static_cast<std::uint8_t>(bar + 4)) {
    nic().WriteConfig(bar, 4, 0xffffffff);
    EXPECT_EQ(nic().ReadConfig(bar, 4), 0u) << int{bar};
  }
}

TEST_P(Pci, CommandKeepsWhatIsImplemented) {
  FromQemu();
  nic().WriteConfig(kCommand, 2, 0xffff);
  EXPECT_EQ(nic().ReadConfig(kCommand, 2), 0x0507u);
  nic().WriteConfig(kCommand, 2, 0);
  EXPECT_EQ(nic().ReadConfig(kCommand, 2), 0u);
}

TEST_P(Pci, AccessesOfAllSizes) {
  FromPci("3.2.2.3");
  nic().WriteConfig(0x3c, 1, 0x0b);
  EXPECT_EQ(nic().ReadConfig(0x3c, 1), 0x0bu);
  EXPECT_EQ(nic().ReadConfig(0x3c, 2), 0x010bu);
  EXPECT_EQ(nic().ReadConfig(0x02, 2), 0x100eu);
  EXPECT_EQ(nic().ReadConfig(0x0b, 1), 0x02u);
  nic().WriteConfig(0x10, 2, 0xffff);
  nic().WriteConfig(0x12, 2, 0x1234);
  EXPECT_EQ(nic().ReadConfig(0x10, 4), 0x12340000u);
  nic().WriteConfig(0x13, 1, 0xab);
  EXPECT_EQ(nic().ReadConfig(0x10, 4), 0xab340000u);
  nic().Enable();
}

TEST_P(Pci, SpaceOfTheDeviceIsStorage) {
  FromQemu();
  nic().WriteConfig(0x40, 4, 0x12345678);
  nic().WriteConfig(0xfc, 4, 0x9abcdef0);
  EXPECT_EQ(nic().ReadConfig(0x40, 4), 0x12345678u);
  EXPECT_EQ(nic().ReadConfig(0xfc, 4), 0x9abcdef0u);
}

TEST_P(Pci, InterruptDisableLowersTheLine) {
  FromPci("6.2.2, 6.2.3");
  nic().Write(kIMS, cause::kLSC);
  nic().Write(kICS, cause::kLSC);
  EXPECT_EQ(nic().ReadConfig(kStatus, 2) & kInterruptStatus, kInterruptStatus);
  nic().WriteConfig(kCommand, 2, Driver::kEverythingOn | kInterruptDisable);
  EXPECT_FALSE(nic().line_high());
  EXPECT_EQ(nic().ReadConfig(kStatus, 2) & kInterruptStatus, kInterruptStatus);
  nic().WriteConfig(kCommand, 2, Driver::kEverythingOn);
  EXPECT_TRUE(nic().line_high());
  nic().Read(kICR);
  EXPECT_FALSE(nic().line_high());
  EXPECT_EQ(nic().ReadConfig(kStatus, 2) & kInterruptStatus, 0u);
}

TEST_P(Pci, InterruptThatRisesWhileDisabledWaits) {
  FromPci("6.2.2");
  nic().WriteConfig(kCommand, 2, Driver::kEverythingOn | kInterruptDisable);
  nic().Write(kIMS, cause::kLSC);
  nic().Write(kICS, cause::kLSC);
  EXPECT_FALSE(nic().line_high());
  nic().WriteConfig(kCommand, 2, Driver::kEverythingOn);
  EXPECT_TRUE(nic().line_high());
}

TEST_P(Pci, WithoutMasteringDescriptorsReadZero) {
  FromPci("6.2.2");
  FromQemu();
  nic().StartTransmit();
  nic().PostLegacy(MakeFrame(64), txd::kEOP | txd::kRS);
  nic().WriteConfig(kCommand, 2, Driver::kDecoding);
  nic().Ring();
  EXPECT_TRUE(nic().Sent().empty());
  EXPECT_EQ(nic().Read(kTDH), 1u) << "the ring is worked all the same";
  EXPECT_EQ(nic().TxAt(0).upper, 0u);
  EXPECT_EQ(nic().Read(kICR), cause::kTXQE);
}

TEST_P(Pci, WithoutMasteringFramesWait) {
  FromPci("6.2.2");
  FromQemu();
  nic().StartReceive();
  nic().WriteConfig(kCommand, 2, Driver::kDecoding);
  nic().Receive(MakeFrame(64));
  EXPECT_EQ(nic().Read(kRDH), 0u);
  nic().WriteConfig(kCommand, 2, Driver::kEverythingOn);
  EXPECT_EQ(nic().Read(kRDH), 1u);
  EXPECT_EQ(nic().RxBytes(0, 64), MakeFrame(64));
}

// A tail flushes whether or not there is bus mastering: the frame is taken, to nowhere.
TEST_P(Pci, WithoutMasteringATailLosesTheFrame) {
  FromQemu();
  nic().StartReceive();
  nic().WriteConfig(kCommand, 2, Driver::kDecoding);
  nic().Receive(MakeFrame(64));
  nic().Write(kRDT, Driver::kRingSize - 1);
  EXPECT_EQ(nic().RxAt(0).status, 0);
  nic().WriteConfig(kCommand, 2, Driver::kEverythingOn);
  EXPECT_EQ(nic().RxAt(0).status, 0);
  EXPECT_EQ(nic().RxBytes(0, 64), ByteVector(64));
}

// Every write of the command register that leaves mastering on flushes; others do not.
TEST_P(Pci, WritesThatKeepMasteringOfferFrames) {
  FromQemu();
  nic().StartReceive(rctl::kUPE, 0);
  nic().Receive(MakeFrame(64));
  nic().WriteConfig(0x0c, 1, 0x10);
  nic().WriteConfig(kCommand + 1, 1, 0);
  EXPECT_EQ(nic().Read(kMPC), 0u);
  nic().WriteConfig(kCommand, 1, Driver::kEverythingOn);
  EXPECT_EQ(nic().Read(kMPC), 1u) << "offered to an empty ring";
}

}  // namespace
}  // namespace nicreplay::e1000

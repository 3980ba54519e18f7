// SPDX-License-Identifier: MIT
// The control queue: what is acknowledged, what is refused, what is no command at all.
#include "qtest/suite/virtio/conformance.h"

namespace nicreplay::virtio {
namespace {

class ControlQueue : public Conformance {
 protected:
  static constexpr GuestAddress kAck = Nic::kOut + 0x8000;
  static constexpr Features kAll =
      Nic::kUsual | Features::Of(feature::kCtrlVlan, feature::kCtrlRxExtra, feature::kCtrlMacAddr,
                                 feature::kGuestAnnounce, feature::kCtrlGuestOffloads);

  std::uint16_t queue() { return nic().control_queue(); }
  // The command's bytes at kOut, no acknowledgement yet.
  std::uint32_t Put(const ByteVector& bytes) {
    nic().Poke(Nic::kOut, bytes);
    nic().Poke(kAck, ByteVector(8, Nic::kNoAck));
    return static_cast<std::uint32_t>(bytes.size());
  }
  // A table of one unicast and one multicast address.
  static ByteVector GoodTable() {
    return {1, 0, 0, 0, 2, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0x5e, 0, 0, 1};
  }
};
NICREPLAY_VIRTIO_INSTANCES(ControlQueue, kLegacyDriver, kSplitDriver, kPackedDriver);

// A legacy driver is not told (2.1.2).
class BrokenCommands : public ControlQueue {};
NICREPLAY_VIRTIO_INSTANCES(BrokenCommands, kSplitDriver, kPackedDriver);

TEST_P(ControlQueue, AcknowledgementIsOneByte) {
  FromVirtio("5.1.6.5");
  nic().Start(kAll);
  const std::uint32_t size = Put({control::kRx, control::kRxPromisc, 1});
  nic().Give(queue(), {{Nic::kOut, size, false}, {kAck, 8, true}});
  EXPECT_EQ(nic().Peek(kAck, 8), Joined({control::kOk}, ByteVector(7, Nic::kNoAck)));
  EXPECT_EQ(nic().UsedCount(queue()), 1);
  EXPECT_EQ(nic().Used(queue(), 0).len, 1u);
  EXPECT_EQ(nic().Used(queue(), 0).id, nic().SlotOf(queue(), 0));
}

TEST_P(ControlQueue, CommandComesInAnyPieces) {
  FromVirtio("5.1.6.5, 2.7.4.1");
  nic().Start(kAll);
  const ByteVector command = Joined({control::kMac, control::kMacTableSet}, GoodTable());
  for (std::uint32_t cut = 1; cut < command.size(); ++cut) {
    const std::uint32_t size = Put(command);
    nic().Give(queue(),
               {{Nic::kOut, cut, false}, {Nic::kOut + cut, size - cut, false}, {kAck, 1, true}});
    EXPECT_EQ(nic().Peek(kAck, 1), ByteVector{control::kOk}) << cut;
  }
}

TEST_P(ControlQueue, CommandComesInAnIndirectTable) {
  FromVirtio("5.1.6.5, 2.7.5.3, 2.8.7");
  nic().Start(kAll);
  const std::uint32_t size = Put({control::kRx, control::kRxAllMulti, 1});
  nic().AddIndirect(queue(),
                    {{Nic::kOut, 2, false}, {Nic::kOut + 2, size - 2, false}, {kAck, 1, true}});
  nic().Show(queue());
  EXPECT_EQ(nic().Peek(kAck, 1), ByteVector{control::kOk});
}

TEST_P(ControlQueue, SeveralCommandsAtOnce) {
  FromVirtio("5.1.6.5");
  nic().Start(kAll);
  const std::uint32_t size = Put({control::kRx, control::kRxAllMulti, 1});
  for (std::uint32_t i = 0; i < 8; ++i) {
    nic().Add(queue(), {{Nic::kOut, size, false}, {kAck + i, 1, true}});
  }
  nic().Show(queue());
  EXPECT_EQ(nic().Peek(kAck, 8), ByteVector(8, control::kOk));
  EXPECT_EQ(nic().UsedCount(queue()), 8);
}

TEST_P(ControlQueue, ManyCommands) {
  FromVirtio("5.1.6.5, 2.8.1");
  nic().Start(kAll);
  for (int i = 0; i < 150; ++i) {
    ASSERT_EQ(nic().Command(control::kRx, control::kRxAllMulti, {1}), control::kOk) << i;
  }
}

TEST_P(ControlQueue, FurtherBytesOfAModeAreIgnored) {
  FromQemu();
  nic().Start(kAll);
  EXPECT_EQ(nic().Command(control::kRx, control::kRxAllMulti, {1, 2, 3, 4}), control::kOk);
}

TEST_P(ControlQueue, UnknownClassesAreRefused) {
  FromVirtio("5.1.6.5");
  nic().Start(kAll);
  for (const std::uint8_t command_class : ByteVector{6, 17, 0x80, 0xff}) {
    EXPECT_EQ(nic().Command(command_class, 0, {1}), control::kError) << int{command_class};
  }
  EXPECT_FALSE(nic().NeedsReset());
}

TEST_P(ControlQueue, UnknownCommandsAreRefused) {
  FromVirtio("5.1.6.5");
  nic().Start(kAll);
  EXPECT_EQ(nic().Command(control::kRx, 6, {1}), control::kError);
  EXPECT_EQ(nic().Command(control::kMac, 2, {2, 0, 0, 0, 0, 1}), control::kError);
  EXPECT_EQ(nic().Command(control::kVlan, 2, {1, 0}), control::kError);
  EXPECT_EQ(nic().Command(control::kAnnounce, 1, {}), control::kError);
  EXPECT_EQ(nic().Command(control::kMq, 3, {1, 0}), control::kError);
  EXPECT_EQ(nic().Command(control::kGuestOffloads, 1, ByteVector(8)), control::kError);
}

TEST_P(ControlQueue, CommandsWithoutTheirDataAreRefused) {
  FromVirtio("5.1.6.5");
  FromQemu();
  nic().Start(kAll);
  for (std::uint8_t mode = control::kRxPromisc; mode <= control::kRxNoBroadcast; ++mode) {
    EXPECT_EQ(nic().Command(control::kRx, mode, {}), control::kError) << int{mode};
  }
  EXPECT_EQ(nic().Command(control::kMac, control::kMacTableSet, {}), control::kError);
  EXPECT_EQ(nic().Command(control::kMac, control::kMacAddrSet, {}), control::kError);
  EXPECT_EQ(nic().Command(control::kVlan, control::kVlanAdd, {}), control::kError);
  EXPECT_EQ(nic().Command(control::kVlan, control::kVlanAdd, {1}), control::kError);
  EXPECT_EQ(nic().Command(control::kVlan, control::kVlanDelete, {1}), control::kError);
  EXPECT_EQ(nic().Command(control::kMq, control::kMqPairsSet, {}), control::kError);
  EXPECT_EQ(nic().Command(control::kGuestOffloads, control::kGuestOffloadsSet, ByteVector(7)),
            control::kError);
  EXPECT_FALSE(nic().NeedsReset());
}

TEST_P(ControlQueue, StationAddressHasSixBytes) {
  FromVirtio("5.1.6.5.2");
  FromQemu();
  nic().Start(kAll);
  for (std::size_t size = 1; size < 9; ++size) {
    const std::uint8_t ack =
        nic().Command(control::kMac, control::kMacAddrSet, ByteVector(size, std::uint8_t{0x22}));
    EXPECT_EQ(ack, size == 6 ? control::kOk : control::kError) << size;
  }
}

TEST_P(ControlQueue, RefusedAddressChangesNothing) {
  FromVirtio("5.1.6.5.2");
  nic().Start(kAll);
  nic().Command(control::kMac, control::kMacAddrSet, {2, 2, 2});
  EXPECT_EQ(nic().DeviceConfig(0, 4), 0x12005452u);
}

TEST_P(ControlQueue, MacTablesCutShortAreRefused) {
  FromVirtio("5.1.6.5.2");
  nic().Start(kAll);
  const ByteVector good = GoodTable();
  for (std::size_t size = 0; size <= good.size(); ++size) {
    const std::uint8_t ack =
        nic().Command(control::kMac, control::kMacTableSet, Slice(good, 0, size));
    EXPECT_EQ(ack, size == good.size() ? control::kOk : control::kError) << size;
  }
}

TEST_P(ControlQueue, MacTablesThatAreTooLongAreRefused) {
  FromQemu();
  nic().Start(kAll);
  EXPECT_EQ(nic().Command(control::kMac, control::kMacTableSet, Joined(GoodTable(), {0})),
            control::kError);
  // More entries than there are bytes.
  EXPECT_EQ(
      nic().Command(control::kMac, control::kMacTableSet, {0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0}),
      control::kError);
  EXPECT_EQ(nic().Command(control::kMac, control::kMacTableSet,
                          {0, 0, 0, 0, 44, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8}),
            control::kError);
  EXPECT_FALSE(nic().NeedsReset());
}

TEST_P(ControlQueue, RefusedTableChangesNothing) {
  FromVirtio("5.1.6.5.2");
  nic().Start(kAll);
  nic().Command(control::kRx, control::kRxPromisc, {0});
  nic().Command(control::kMac, control::kMacTableSet, GoodTable());
  ByteVector bad = GoodTable();
  bad[9] = 9;
  bad.push_back(0);
  nic().Command(control::kMac, control::kMacTableSet, bad);
  nic().GiveReceive(0, 2000);
  nic().Receive(MakeFrame(64, {2, 0, 0, 0, 0, 1}));
  EXPECT_EQ(nic().UsedCount(Nic::kReceiveQueue), 1);
}

TEST_P(ControlQueue, VlansAreBelow4096) {
  FromVirtio("5.1.6.5.3");
  FromQemu();
  nic().Start(kAll);
  for (const std::uint8_t command : ByteVector{control::kVlanAdd, control::kVlanDelete}) {
    EXPECT_EQ(nic().Command(control::kVlan, command, {0xff, 0x0f}), control::kOk);
    EXPECT_EQ(nic().Command(control::kVlan, command, {0x00, 0x10}), control::kError);
    EXPECT_EQ(nic().Command(control::kVlan, command, {0xff, 0xff}), control::kError);
  }
}

TEST_P(ControlQueue, ThereIsNothingToAnnounce) {
  FromVirtio("5.1.6.5.4.2");
  nic().Start(kAll);
  EXPECT_EQ(nic().DeviceConfig(6, 2) & net_status::kAnnounce, 0u);
  EXPECT_EQ(nic().Command(control::kAnnounce, control::kAnnounceAck, {}), control::kError);
}

TEST_P(ControlQueue, NoOffloadsToSwitchWithoutANetworkForThem) {
  FromVirtio("5.1.6.5.8");
  FromQemu();
  nic().Start(kAll);
  EXPECT_EQ(nic().Command(control::kGuestOffloads, control::kGuestOffloadsSet, ByteVector(8)),
            control::kError);
  EXPECT_EQ(
      nic().Command(control::kGuestOffloads, control::kGuestOffloadsSet, {2, 0, 0, 0, 0, 0, 0, 0}),
      control::kError);
}

TEST_P(ControlQueue, NoQueuesToChooseWithoutMultiqueue) {
  FromVirtio("5.1.6.5.5");
  nic().Start(kAll);
  EXPECT_EQ(nic().Command(control::kMq, control::kMqPairsSet, {1, 0}), control::kError);
}

TEST_P(BrokenCommands, CommandWithoutRoomForTheAcknowledgementBreaksTheDevice) {
  FromVirtio("2.1.2");
  FromQemu();
  nic().Start(kAll);
  const std::uint32_t size = Put({control::kRx, control::kRxPromisc, 1});
  nic().Give(queue(), {{Nic::kOut, size, false}});
  EXPECT_TRUE(nic().NeedsReset());
  EXPECT_EQ(nic().UsedCount(queue()), 0);
}

TEST_P(BrokenCommands, CommandShorterThanItsHeaderBreaksTheDevice) {
  FromVirtio("2.1.2");
  FromQemu();
  nic().Start(kAll);
  Put({control::kRx});
  nic().Give(queue(), {{Nic::kOut, 1, false}, {kAck, 1, true}});
  EXPECT_TRUE(nic().NeedsReset());
  EXPECT_EQ(nic().Peek(kAck, 1), ByteVector{Nic::kNoAck});
  nic().Start(kAll);
  EXPECT_EQ(nic().Command(control::kRx, control::kRxPromisc, {1}), control::kOk) << "after a reset";
}

}  // namespace
}  // namespace nicreplay::virtio

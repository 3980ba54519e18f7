// SPDX-License-Identifier: MIT
// MSI-X: a message is a DMA write of its data, so that cases let it go to memory.
#include "qtest/suite/virtio/conformance.h"

namespace nicreplay::virtio {
namespace {

class Messages : public Conformance {
 protected:
  static constexpr std::uint32_t kPending = 0x800;
  static constexpr std::uint32_t kEntry = 16;
  static constexpr std::uint16_t kEnable = 0x8000;
  static constexpr std::uint16_t kMaskAll = 0x4000;

  static GuestAddress MessageAt(std::uint16_t vector) { return Nic::kMessages + 16u * vector; }

  // Queue i has vector i, a change of the configuration vector 3; their data are 0x4000 and up.
  void StartWithVectors() {
    nic().driver().EnableMsix(true);
    for (std::uint16_t i = 0; i < 4; ++i) {
      nic().driver().SetVector(i, MessageAt(i), 0x4000u + i, false);
    }
    nic().Start();
    nic().driver().SetConfigVector(3);
  }
  // What came since the last call; 0: nothing.
  std::uint32_t TakeMessage(std::uint16_t vector) {
    const auto data = nic().Load<std::uint32_t>(MessageAt(vector));
    nic().Poke(MessageAt(vector), ByteVector(4));
    return data;
  }
  void SetControl(std::uint16_t bits) {
    const std::uint8_t at = nic().FindCapability(0x11);
    nic().SetConfig(static_cast<std::uint8_t>(at + 2), 2, bits);
  }
  void Mask(std::uint16_t vector, bool masked) {
    nic().WriteBar(kMsixBar, vector * kEntry + 12, 4, masked ? 1 : 0);
  }
  std::uint32_t PendingBits() {
    return static_cast<std::uint32_t>(nic().ReadBar(kMsixBar, kPending, 4));
  }
  void SetQueueVector(std::uint16_t queue, std::uint16_t vector) {
    nic().SelectQueue(queue);
    if (nic().IsLegacy()) {
      nic().SetLegacy(legacy::kQueueMsixVector, 2, vector);
    } else {
      nic().SetCommon(common::kQueueMsixVector, 2, vector);
    }
  }
  std::uint16_t QueueVector(std::uint16_t queue) {
    nic().SelectQueue(queue);
    return static_cast<std::uint16_t>(nic().IsLegacy() ? nic().Legacy(legacy::kQueueMsixVector, 2)
                                                       : nic().Common(common::kQueueMsixVector, 2));
  }
};
NICREPLAY_VIRTIO_INSTANCES(Messages, kLegacyDriver, kSplitDriver, kPackedDriver);

TEST_P(Messages, TableReadsBack) {
  FromPci("6.8.2");
  for (std::uint32_t at = 0; at < 4 * kEntry; at += 4) {
    EXPECT_EQ(nic().ReadBar(kMsixBar, at, 4), at % kEntry == 12 ? 1u : 0u) << at;
    nic().WriteBar(kMsixBar, at, 4, 0x10101010 + at);
    EXPECT_EQ(nic().ReadBar(kMsixBar, at, 4), 0x10101010u + at) << at;
  }
}

TEST_P(Messages, NothingIsBehindTheTable) {
  FromPci("6.8.2");
  FromQemu();
  nic().WriteBar(kMsixBar, 4 * kEntry, 4, 0x12345678);
  EXPECT_EQ(nic().ReadBar(kMsixBar, 4 * kEntry, 4), 0u);
  EXPECT_EQ(PendingBits(), 0u);
  nic().WriteBar(kMsixBar, kPending, 4, 0xf);
  EXPECT_EQ(PendingBits(), 0u) << "read-only";
}

TEST_P(Messages, TableTakesQuadwords) {
  FromPci("6.8.2");
  nic().WriteBar(kMsixBar, 0, 8, 0x1122334455667788);
  EXPECT_EQ(nic().ReadBar(kMsixBar, 0, 8), 0x1122334455667788u);
  EXPECT_EQ(nic().ReadBar(kMsixBar, 4, 4), 0x11223344u);
}

TEST_P(Messages, UsedBufferSendsTheMessageOfItsQueue) {
  FromVirtio("4.1.5.1.2, 4.1.5.3");
  StartWithVectors();
  nic().Send(MakeFrame(64));
  EXPECT_EQ(TakeMessage(1), 0x4001u);
  nic().GiveReceive(0, 2000);
  nic().Receive(MakeFrame(64));
  EXPECT_EQ(TakeMessage(0), 0x4000u);
  nic().Command(control::kRx, control::kRxPromisc, {1});
  EXPECT_EQ(TakeMessage(2), 0x4002u);
  for (std::uint16_t i = 0; i < 4; ++i) EXPECT_EQ(TakeMessage(i), 0u) << i;
}

TEST_P(Messages, ChangeOfTheConfigurationSendsItsMessage) {
  FromVirtio("4.1.5.1.2, 4.1.5.4");
  StartWithVectors();
  nic().SetLink(LinkState::kDown);
  EXPECT_EQ(TakeMessage(3), 0x4003u);
  for (std::uint16_t i = 0; i < 3; ++i) EXPECT_EQ(TakeMessage(i), 0u) << i;
}

TEST_P(Messages, LineStaysLow) {
  FromPci("6.8.2");
  FromVirtio("4.1.5.3");
  StartWithVectors();
  nic().Send(MakeFrame(64));
  nic().SetLink(LinkState::kDown);
  EXPECT_FALSE(nic().line_high());
}

TEST_P(Messages, EnablingThemTakesTheLineBack) {
  FromPci("6.8.2");
  FromQemu();
  nic().Start();
  nic().Send(MakeFrame(64));
  EXPECT_TRUE(nic().line_high());
  nic().driver().EnableMsix(true);
  EXPECT_FALSE(nic().line_high());
}

TEST_P(Messages, NoneWithoutAVector) {
  FromVirtio("4.1.5.1.2.1");
  StartWithVectors();
  SetQueueVector(1, kNoVector);
  nic().driver().SetConfigVector(kNoVector);
  nic().Send(MakeFrame(64));
  nic().SetLink(LinkState::kDown);
  for (std::uint16_t i = 0; i < 4; ++i) EXPECT_EQ(TakeMessage(i), 0u) << i;
  EXPECT_FALSE(nic().line_high());
}

TEST_P(Messages, VectorsReadBack) {
  FromVirtio("4.1.5.1.2.1");
  StartWithVectors();
  for (std::uint16_t i = 0; i < 3; ++i) EXPECT_EQ(QueueVector(i), i);
  SetQueueVector(2, 3);
  EXPECT_EQ(QueueVector(2), 3);
  EXPECT_EQ(QueueVector(1), 1);
}

TEST_P(Messages, VectorThatDoesNotExistReadsBackAsNone) {
  FromVirtio("4.1.5.1.2.1");
  StartWithVectors();
  for (const std::uint16_t vector : Words{4, 128, 0xfffe}) {
    SetQueueVector(1, vector);
    EXPECT_EQ(QueueVector(1), kNoVector) << vector;
  }
  nic().driver().SetConfigVector(4);
  const std::uint32_t config = nic().IsLegacy() ? nic().Legacy(legacy::kConfigMsixVector, 2)
                                                : nic().Common(common::kConfigMsixVector, 2);
  EXPECT_EQ(config, kNoVector);
}

TEST_P(Messages, QueuesCanShareAVector) {
  FromVirtio("4.1.5.1.2");
  StartWithVectors();
  SetQueueVector(0, 1);
  nic().Send(MakeFrame(64));
  EXPECT_EQ(TakeMessage(1), 0x4001u);
  nic().GiveReceive(0, 2000);
  nic().Receive(MakeFrame(64));
  EXPECT_EQ(TakeMessage(1), 0x4001u);
  SetQueueVector(0, kNoVector);
  nic().Send(MakeFrame(64));
  EXPECT_EQ(TakeMessage(1), 0x4001u) << "the other still has it";
}

TEST_P(Messages, MaskedMessageIsPendingUntilItIsUnmasked) {
  FromPci("6.8.2, 6.8.3.2");
  StartWithVectors();
  Mask(1, true);
  nic().Send(MakeFrame(64));
  EXPECT_EQ(TakeMessage(1), 0u);
  EXPECT_EQ(PendingBits(), 2u);
  Mask(1, false);
  EXPECT_EQ(TakeMessage(1), 0x4001u);
  EXPECT_EQ(PendingBits(), 0u);
}

TEST_P(Messages, UnmaskingWithoutAPendingMessageSendsNone) {
  FromPci("6.8.3.2");
  StartWithVectors();
  Mask(1, true);
  Mask(1, false);
  EXPECT_EQ(TakeMessage(1), 0u);
}

TEST_P(Messages, OnlyTheMaskedOneWaits) {
  FromPci("6.8.3.2");
  StartWithVectors();
  Mask(0, true);
  nic().Send(MakeFrame(64));
  EXPECT_EQ(TakeMessage(1), 0x4001u);
  EXPECT_EQ(PendingBits(), 0u);
}

TEST_P(Messages, FunctionMaskHoldsAllBack) {
  FromPci("6.8.2.3, 6.8.3.2");
  StartWithVectors();
  SetControl(kEnable | kMaskAll);
  nic().Send(MakeFrame(64));
  nic().SetLink(LinkState::kDown);
  EXPECT_EQ(PendingBits(), 0xau);
  SetControl(kEnable);
  EXPECT_EQ(PendingBits(), 0u);
  EXPECT_EQ(TakeMessage(1), 0x4001u);
  EXPECT_EQ(TakeMessage(3), 0x4003u);
}

TEST_P(Messages, FunctionMaskLeavesSingleMasks) {
  FromPci("6.8.2.3");
  StartWithVectors();
  Mask(1, true);
  SetControl(kEnable | kMaskAll);
  nic().Send(MakeFrame(64));
  SetControl(kEnable);
  EXPECT_EQ(TakeMessage(1), 0u);
  EXPECT_EQ(PendingBits(), 2u);
  Mask(1, false);
  EXPECT_EQ(TakeMessage(1), 0x4001u);
}

TEST_P(Messages, AddressAndDataOfAPendingMessageCanChange) {
  FromPci("6.8.3.5");
  StartWithVectors();
  Mask(1, true);
  nic().Send(MakeFrame(64));
  nic().driver().SetVector(1, MessageAt(9), 0x5678, true);
  Mask(1, false);
  EXPECT_EQ(TakeMessage(1), 0u);
  EXPECT_EQ(TakeMessage(9), 0x5678u);
}

TEST_P(Messages, VectorThatIsUsedNoMoreForgetsItsMessage) {
  FromQemu();
  StartWithVectors();
  Mask(1, true);
  nic().Send(MakeFrame(64));
  EXPECT_EQ(PendingBits(), 2u);
  SetQueueVector(1, kNoVector);
  EXPECT_EQ(PendingBits(), 0u);
}

TEST_P(Messages, ResetOfTheDeviceLeavesTheTable) {
  FromVirtio("2.4.1");
  FromQemu();
  StartWithVectors();
  nic().driver().SetStatus(0);
  EXPECT_EQ(nic().ReadBar(kMsixBar, 8, 4), 0x4000u);
  EXPECT_EQ(QueueVector(1), kNoVector);
}

TEST_P(Messages, SuppressedInterruptIsNoMessage) {
  FromVirtio("2.7.7, 2.8.10");
  StartWithVectors();
  nic().ring(1).SetInterrupts(nic().bus(), false);
  nic().Send(MakeFrame(64));
  EXPECT_EQ(TakeMessage(1), 0u);
  nic().ring(1).SetInterrupts(nic().bus(), true);
  nic().Send(MakeFrame(64));
  EXPECT_EQ(TakeMessage(1), 0x4001u);
}

}  // namespace
}  // namespace nicreplay::virtio

// SPDX-License-Identifier: MIT
// INTA# and the ISR status.
#include "qtest/suite/virtio/conformance.h"

namespace nicreplay::virtio {
namespace {

NICREPLAY_VIRTIO(LineInterrupts, kLegacyDriver, kSplitDriver, kPackedDriver);

TEST_P(LineInterrupts, UsedBufferRaisesTheLine) {
  FromVirtio("4.1.4.5.1");
  nic().Start();
  EXPECT_FALSE(nic().line_high());
  nic().Send(MakeFrame(64));
  EXPECT_TRUE(nic().line_high());
  EXPECT_EQ(nic().ReadIsr(), kIsrQueue);
}

TEST_P(LineInterrupts, ReadingTheIsrClearsItAndTheLine) {
  FromVirtio("4.1.4.5.1");
  nic().Start();
  nic().Send(MakeFrame(64));
  nic().ReadIsr();
  EXPECT_FALSE(nic().line_high());
  EXPECT_EQ(nic().ReadIsr(), 0);
}

TEST_P(LineInterrupts, LineStaysUntilTheIsrIsRead) {
  FromVirtio("4.1.4.5.1");
  nic().Start();
  for (int i = 0; i < 3; ++i) nic().Send(MakeFrame(64));
  EXPECT_TRUE(nic().line_high());
  EXPECT_EQ(nic().ReadIsr(), kIsrQueue);
  EXPECT_FALSE(nic().line_high());
}

TEST_P(LineInterrupts, EachQueueRaisesIt) {
  FromVirtio("4.1.4.5.1");
  nic().Start();
  nic().Command(control::kRx, control::kRxPromisc, {1});
  EXPECT_EQ(nic().ReadIsr(), kIsrQueue) << "control";
  nic().GiveReceive(0, 2000);
  EXPECT_EQ(nic().ReadIsr(), 0) << "a buffer that is only given";
  nic().Receive(MakeFrame(64));
  EXPECT_EQ(nic().ReadIsr(), kIsrQueue) << "receive";
}

TEST_P(LineInterrupts, ChangeOfTheConfigurationSetsBothBits) {
  FromVirtio("4.1.4.5.1");
  FromQemu();
  nic().Start();
  nic().SetLink(LinkState::kDown);
  EXPECT_TRUE(nic().line_high());
  EXPECT_EQ(nic().ReadIsr(), kIsrQueue | kIsrConfig);
  EXPECT_FALSE(nic().line_high());
}

TEST_P(LineInterrupts, NoneBeforeTheDriverIsReady) {
  FromVirtio("2.1.2");
  nic().Prepare();
  nic().SetLink(LinkState::kDown);
  EXPECT_FALSE(nic().line_high());
  EXPECT_EQ(nic().ReadIsr(), 0);
}

TEST_P(LineInterrupts, IsrTakesNoWrites) {
  FromVirtio("4.1.4.5");
  FromQemu();
  nic().Start();
  nic().Send(MakeFrame(64));
  if (nic().IsLegacy()) {
    nic().SetLegacy(legacy::kIsr, 1, 0);
  } else {
    nic().WriteBar(kModernBar, kIsrRegion, 1, 0);
  }
  EXPECT_TRUE(nic().line_high());
  EXPECT_EQ(nic().ReadIsr(), kIsrQueue);
}

TEST_P(LineInterrupts, BothInterfacesHaveOneIsr) {
  FromVirtio("4.1.4.5, 4.1.4.10");
  nic().Start();
  nic().Send(MakeFrame(64));
  EXPECT_EQ(nic().Legacy(legacy::kIsr, 1), kIsrQueue);
  EXPECT_EQ(nic().ReadBar(kModernBar, kIsrRegion, 1), 0u);
  EXPECT_FALSE(nic().line_high());
}

TEST_P(LineInterrupts, WithoutVectorsTheLineServes) {
  FromVirtio("4.1.5.3");
  Restart("vectors=0");
  nic().Start();
  nic().driver().EnableMsix(true);
  nic().Send(MakeFrame(64));
  EXPECT_TRUE(nic().line_high());
  EXPECT_EQ(nic().ReadIsr(), kIsrQueue);
}

}  // namespace
}  // namespace nicreplay::virtio

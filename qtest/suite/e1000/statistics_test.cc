// SPDX-License-Identifier: MIT
// Counters.  That they stick at their maximum instead of wrapping is out of a driver's reach.
#include "qtest/suite/e1000/conformance.h"

namespace nicreplay::e1000 {
namespace {

NICREPLAY_CONFORMANCE(Statistics);

struct SizeClass {
  std::size_t size;  // of a frame, with FCS
  std::uint32_t received;
  std::uint32_t sent;
};
constexpr std::array kSizeClasses = {
    SizeClass{64, kPRC64, kPTC64},       SizeClass{65, kPRC127, kPTC127},
    SizeClass{127, kPRC127, kPTC127},    SizeClass{128, kPRC255, kPTC255},
    SizeClass{255, kPRC255, kPTC255},    SizeClass{256, kPRC511, kPTC511},
    SizeClass{511, kPRC511, kPTC511},    SizeClass{512, kPRC1023, kPTC1023},
    SizeClass{1023, kPRC1023, kPTC1023}, SizeClass{1024, kPRC1522, kPTC1522},
    SizeClass{1522, kPRC1522, kPTC1522},
};

TEST_P(Statistics, SizeClassesOfReceivedFrames) {
  FromManual("13.7");
  nic().StartReceive();
  for (const SizeClass& row : kSizeClasses) {
    nic().Receive(MakeFrame(row.size - kFcs));
    for (std::uint32_t counter = kPRC64; counter <= kPRC1522; counter += 4) {
      EXPECT_EQ(nic().Read(counter), counter == row.received ? 1u : 0u) << row.size;
    }
  }
}

TEST_P(Statistics, SizeClassesOfSentFrames) {
  FromManual("13.7");
  nic().StartTransmit();
  for (const SizeClass& row : kSizeClasses) {
    nic().Send(MakeFrame(row.size - kFcs));
    for (std::uint32_t counter = kPTC64; counter <= kPTC1522; counter += 4) {
      EXPECT_EQ(nic().Read(counter), counter == row.sent ? 1u : 0u) << row.size;
    }
  }
}

TEST_P(Statistics, ShortSentFramesHaveNoSizeClass) {
  FromQemu();
  nic().StartTransmit();
  nic().Send(MakeFrame(59));
  for (std::uint32_t counter = kPTC64; counter <= kPTC1522; counter += 4) {
    EXPECT_EQ(nic().Read(counter), 0u);
  }
  EXPECT_EQ(nic().Read(kTPT), 1u);
}

TEST_P(Statistics, LongFramesAreInTheLastSizeClass) {
  FromQemu();
  nic().StartTransmit();
  nic().Send(MakeFrame(9000));
  EXPECT_EQ(nic().Read(kPTC1522), 1u);
  nic().StartReceive(rctl::kUPE | rctl::kLPE);
  nic().Receive(MakeFrame(9000));
  EXPECT_EQ(nic().Read(kPRC1522), 1u);
}

TEST_P(Statistics, StrippedFcsIsNotInTheSizeClass) {
  FromQemu();
  nic().StartReceive(rctl::kUPE | rctl::kSECRC);
  nic().Receive(MakeFrame(64));
  EXPECT_EQ(nic().Read(kPRC64), 1u);
  EXPECT_EQ(nic().Read(kTORL), 64u + kFcs);
}

TEST_P(Statistics, PacketsAndOctetsReceived) {
  FromManual("13.7");
  nic().StartReceive();
  nic().Receive(MakeFrame(100));
  nic().Receive(MakeFrame(1000));
  for (const std::uint32_t low : {kTORL, kGORCL}) {
    EXPECT_EQ(nic().Read(low), 1100 + 2 * kFcs) << NameOfRegister(low);
    EXPECT_EQ(nic().Read(low + 4), 0u);
  }
  EXPECT_EQ(nic().Read(kTPR), 2u);
  EXPECT_EQ(nic().Read(kGPRC), 2u);
}

TEST_P(Statistics, PacketsAndOctetsSent) {
  FromManual("13.7");
  FromBug("FCS missing from TX byte counts");
  nic().StartTransmit();
  nic().Send(MakeFrame(100));
  nic().Send(MakeFrame(1000));
  for (const std::uint32_t low : {kTOTL, kGOTCL}) {
    EXPECT_EQ(nic().Read(low), 1100 + 2 * kFcs) << NameOfRegister(low);
    EXPECT_EQ(nic().Read(low + 4), 0u);
  }
  EXPECT_EQ(nic().Read(kTPT), 2u);
  EXPECT_EQ(nic().Read(kGPTC), 2u);
}

TEST_P(Statistics, OctetsGoOver16Bits) {
  FromManual("13.7");
  nic().StartTransmit();
  for (int i = 0; i < 3; ++i) nic().Send(MakeFrame(40'000));
  for (const std::uint32_t low : {kTOTL, kGOTCL}) {
    EXPECT_EQ(nic().Read(low), 3 * (40'000 + kFcs)) << NameOfRegister(low);
  }
  nic().StartReceive(rctl::kUPE | rctl::kLPE | rctl::kBSEX | 1u << rctl::kBSIZE_SHIFT);
  for (int i = 0; i < 5; ++i) nic().Receive(MakeFrame(16'000));
  EXPECT_EQ(nic().Read(kTORL), 5 * (16'000 + kFcs));
}

TEST_P(Statistics, BroadcastsAndMulticastsSent) {
  FromManual("13.7");
  nic().StartTransmit();
  nic().Send(MakeFrame(60, kOther));
  EXPECT_EQ(nic().Read(kBPTC), 0u);
  EXPECT_EQ(nic().Read(kMPTC), 0u);
  nic().Send(MakeFrame(60, kBroadcast));
  EXPECT_EQ(nic().Read(kBPTC), 1u);
  EXPECT_EQ(nic().Read(kMPTC), 0u);
  nic().Send(MakeFrame(60, kMulticast));
  EXPECT_EQ(nic().Read(kBPTC), 0u);
  EXPECT_EQ(nic().Read(kMPTC), 1u);
}

TEST_P(Statistics, ReadingClears) {
  FromManual("13.7");
  nic().StartReceive(rctl::kUPE | rctl::kMPE | rctl::kBAM);
  nic().StartTransmit();
  nic().Receive(MakeFrame(60, kMulticast));
  nic().Receive(MakeFrame(1600));
  nic().Send(MakeFrame(60, kBroadcast));
  nic().Send(MakeFrame(60, kMulticast));
  for (const std::uint32_t counter :
       {kPRC64, kGPRC, kMPRC, kGPTC, kROC, kTPR, kTPT, kPTC64, kMPTC, kBPTC}) {
    EXPECT_NE(nic().Read(counter), 0u) << NameOfRegister(counter);
    EXPECT_EQ(nic().Read(counter), 0u) << NameOfRegister(counter);
  }
}

TEST_P(Statistics, HighHalvesClearBoth) {
  FromManual("13.7");
  FromQemu();
  nic().StartReceive();
  nic().StartTransmit();
  nic().Receive(MakeFrame(60));
  nic().Send(MakeFrame(60));
  for (const std::uint32_t low : {kTORL, kGORCL, kTOTL, kGOTCL}) {
    EXPECT_EQ(nic().Read(low), 64u) << NameOfRegister(low);
    EXPECT_EQ(nic().Read(low), 64u) << NameOfRegister(low) << ": the low half does not clear";
    nic().Read(low + 4);
    EXPECT_EQ(nic().Read(low), 0u) << NameOfRegister(low);
  }
}

TEST_P(Statistics, OverrunCountersDoNotClear) {
  FromQemu();  // the manual clears them
  nic().StartReceive(rctl::kUPE | 3u << rctl::kBSIZE_SHIFT, 1);
  nic().Receive(MakeFrame(300));
  nic().Receive(MakeFrame(300));
  for (const std::uint32_t counter : {kMPC, kRNBC}) {
    EXPECT_EQ(nic().Read(counter), 2u) << NameOfRegister(counter);
    EXPECT_EQ(nic().Read(counter), 2u) << NameOfRegister(counter);
  }
}

TEST_P(Statistics, CountersOfTheMediumStayZero) {
  FromQemu();
  nic().StartReceive();
  nic().StartTransmit();
  nic().Receive(MakeFrame(30));
  nic().Receive(MakeFrame(2000));
  nic().Send(MakeFrame(30));
  for (const std::uint32_t counter :
       {kCRCERRS, kALGNERRC, kSYMERRS, kRXERRC,  kSCC,    kECOL,   kMCC,    kLATECOL, kCOLC,
        kDC,      kTNCRS,    kSEC,     kCEXTERR, kRLEC,   kXONRXC, kXONTXC, kXOFFRXC, kXOFFTXC,
        kFCRUC,   kRUC,      kRFC,     kRJC,     kMGTPRC, kMGTPDC, kMGTPTC, kTSCTFC}) {
    EXPECT_EQ(nic().Read(counter), 0u) << NameOfRegister(counter);
  }
}

}  // namespace
}  // namespace nicreplay::e1000

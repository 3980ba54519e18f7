// SPDX-License-Identifier: MIT
#include "fuzz/virtio_invariants.h"

#include <gtest/gtest.h>

#include "models/virtio/net_spec.h"

namespace nicreplay {
namespace {

namespace descriptor = virtio::descriptor;

struct NoSink : OperationSink {
  std::uint64_t Do(const Stimulus&) override { return 0; }
  bool Done() const override { return false; }
};

template <typename T>
Bytes BytesOf(const T& value) {
  return {reinterpret_cast<const std::uint8_t*>(&value), sizeof(value)};
}

class VirtioInvariantsTest : public testing::Test {
 protected:
  VirtioInvariantsTest() {
    layout_.known = true;
    layout_.rings[0] = virtio::DriverRing(virtio::DriverRing::Format::kSplit, 0x10000, 16);
    invariants_.set_layout(&layout_);
    invariants_.Do({.kind = StimulusKind::kRead});
  }

  const virtio::DriverRing& ring() const { return layout_.rings[0]; }
  // The device sees that buffer 3 is available: 64 bytes to write at 0x5000.
  void Take() {
    const std::uint16_t head = 3;
    invariants_.OnRead(ring().driver_area() + virtio::kRingEntries, BytesOf(head));
    invariants_.OnRead(ring().descriptors() + 3 * virtio::kDescriptorSize,
                       BytesOf(virtio::SplitDescriptor{0x5000, 64, descriptor::kWrite, 0}));
  }
  void Write(GuestAddress address, std::size_t size) {
    invariants_.OnWrite(address, std::vector<std::uint8_t>(size));
  }
  void GiveBack(std::uint32_t id, std::uint32_t length) {
    invariants_.OnWrite(ring().device_area() + virtio::kRingEntries,
                        BytesOf(virtio::UsedElement{id, length}));
  }
  bool Holds() const { return !invariants_.violation(); }

  CapturingMachine machine_{4096};
  NoSink sink_;
  VirtioLayout layout_;
  VirtioInvariants invariants_{machine_, sink_};
};

TEST_F(VirtioInvariantsTest, WhatWasTakenMayBeWrittenAndGivenBack) {
  Take();
  Write(0x5000, 64);
  GiveBack(3, 64);
  Write(ring().device_area() + virtio::kRingIndex, 2);
  EXPECT_TRUE(Holds()) << *invariants_.violation();
}

TEST_F(VirtioInvariantsTest, BeyondABufferNothingIsWritten) {
  Take();
  Write(0x5001, 64);
  EXPECT_FALSE(Holds());
}

// 2.7.5.3.1 forbids it; QEMU looks at the flag of the first descriptor only.
TEST_F(VirtioInvariantsTest, BehindTheFirstDescriptorIndirectMeansNothing) {
  Take();
  invariants_.OnRead(
      ring().descriptors() + 4 * virtio::kDescriptorSize,
      BytesOf(virtio::SplitDescriptor{0x6000, 60, descriptor::kWrite | descriptor::kIndirect, 0}));
  Write(0x6000, 60);
  EXPECT_TRUE(Holds()) << *invariants_.violation();
}

TEST_F(VirtioInvariantsTest, AnIndirectTableIsNotWritten) {
  const std::uint16_t head = 3;
  invariants_.OnRead(ring().driver_area() + virtio::kRingEntries, BytesOf(head));
  invariants_.OnRead(
      ring().descriptors() + 3 * virtio::kDescriptorSize,
      BytesOf(virtio::SplitDescriptor{0x5000, 64, descriptor::kWrite | descriptor::kIndirect, 0}));
  Write(0x5000, 16);
  EXPECT_FALSE(Holds());
}

TEST_F(VirtioInvariantsTest, AfterABufferWasGivenBackItIsNotWritten) {
  Take();
  GiveBack(3, 0);
  Write(0x5000, 1);
  EXPECT_FALSE(Holds());
}

TEST_F(VirtioInvariantsTest, OnlyWhatWasTakenIsGivenBack) {
  GiveBack(3, 0);
  EXPECT_FALSE(Holds());
}

TEST_F(VirtioInvariantsTest, NoMoreIsSaidToBeWrittenThanFits) {
  Take();
  GiveBack(3, 65);
  EXPECT_FALSE(Holds());
}

TEST_F(VirtioInvariantsTest, NothingIsAskedWithoutALayout) {
  layout_.known = false;
  invariants_.Do({.kind = StimulusKind::kRead});
  Write(0x5000, 64);
  EXPECT_TRUE(Holds());
}

}  // namespace
}  // namespace nicreplay

// SPDX-License-Identifier: MIT
#include "replay/exact.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "replay/effects_testing.h"
#include "replay/event_testing.h"

namespace nicreplay {
namespace {

using testing::ByteList;
using testing::EffectList;
using testing::SlotDescriber;
using Kind = Divergence::Kind;

constexpr GuestAddress kSlot = SlotDescriber::kSlots;
constexpr GuestAddress kMarker = kSlot + 12;
constexpr GuestAddress kBuffer = 0x8000;

std::optional<Divergence> Compare(const EffectList& expected, const EffectList& actual) {
  return CompareExact(expected, actual, SlotDescriber());
}

TEST(ExactTest, NothingIsNothing) { EXPECT_FALSE(Compare({}, {})); }

TEST(ExactTest, ReadsDoNotCount) {
  EXPECT_FALSE(Compare(EffectList().Read(1, {1}), EffectList().Read(2, {3, 4})));
}

TEST(ExactTest, WritesMayBeSplitMergedAndRepeated) {
  const EffectList whole = std::move(EffectList().Write(kBuffer, {1, 2, 3, 4}));
  EXPECT_FALSE(Compare(whole, EffectList().Write(kBuffer, {1, 2}).Write(kBuffer + 2, {3, 4})));
  EXPECT_FALSE(Compare(EffectList().Write(kBuffer + 2, {3, 4}).Write(kBuffer, {1, 2}), whole));
  EXPECT_FALSE(
      Compare(whole, EffectList().Write(kBuffer, {9, 9, 9, 9}).Write(kBuffer, {1, 2, 3, 4})));
  EXPECT_FALSE(Compare(whole, EffectList().Write(kBuffer, {}).Write(kBuffer, {1, 2, 3, 4})));
}

TEST(ExactTest, AWriteMayBeSplitWhereAddressesWrap) {
  EXPECT_FALSE(Compare(EffectList().Write(~GuestAddress{0}, {1, 2, 3}),
                       EffectList().Write(0, {2, 3}).Write(~GuestAddress{0}, {1})));
}

TEST(ExactTest, FindsAnExtraWrite) {
  const auto found =
      Compare(EffectList().Write(kBuffer, {1, 2}), EffectList().Write(kBuffer, {1, 2, 3}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, Kind::kMemory);
  EXPECT_EQ(found->address, kBuffer + 2);
  EXPECT_EQ(found->expected_bytes, ByteList());
  EXPECT_EQ(found->found_bytes, ByteList({3}));
}

TEST(ExactTest, FindsAMissingWrite) {
  const auto found = Compare(EffectList().Write(kBuffer, {1}).Write(kBuffer + 9, {5, 6}),
                             EffectList().Write(kBuffer, {1}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, Kind::kMemory);
  EXPECT_EQ(found->address, kBuffer + 9);
  EXPECT_EQ(found->expected_bytes, ByteList({5, 6}));
  EXPECT_EQ(found->found_bytes, ByteList());
}

TEST(ExactTest, FindsADifferingByte) {
  const auto found =
      Compare(EffectList().Write(kBuffer, {1, 2, 3}), EffectList().Write(kBuffer, {1, 7, 3}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, Kind::kMemory);
  EXPECT_EQ(found->address, kBuffer + 1);
  EXPECT_EQ(found->expected_bytes, ByteList({2, 3}));
  EXPECT_EQ(found->found_bytes, ByteList({7, 3}));
}

TEST(ExactTest, TheLastWriteOfAByteCounts) {
  const auto found = Compare(EffectList().Write(kBuffer, {1, 2}).Write(kBuffer, {3}),
                             EffectList().Write(kBuffer, {3}).Write(kBuffer, {1, 2}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->address, kBuffer);
}

TEST(ExactTest, ReportsTheByteThatTellsMost) {
  const ByteList slot(16, 1);
  // A field with two values, though a buffer at a lower address differs, too.
  auto found = Compare(EffectList().Write(0x10, {1}).Write(kSlot, slot),
                       EffectList().Write(0x10, {2}).Write(kSlot, slot).Write(kSlot + 8, {7}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->address, kSlot + 8);
  // Also though a marker at a lower address was not written.
  found = Compare(EffectList().Write(kMarker, {1}).Write(kSlot + 24, {1}),
                  EffectList().Write(kSlot + 24, {7}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->address, kSlot + 24);
  // What only the device wrote, if that has a name.
  found = Compare(EffectList().Write(0x10, {1}), EffectList().Write(kSlot + 3, {1}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->address, kSlot + 3);
  // The marker of what was not written at all.
  found = Compare(EffectList().Write(0x10, {1}).Write(kSlot, slot), {});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->address, kMarker);
  // Any byte with a name.
  found = Compare(EffectList().Write(0x10, {1}).Write(kSlot + 3, {1}), {});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->address, kSlot + 3);
}

// A device's data, descriptor and marker, as stock writes them.
EffectList Announced() {
  EffectList effects;
  effects.Write(kBuffer, {1, 2, 3, 4}).Write(kSlot, ByteList(16, 0)).Write(kMarker, {1});
  return effects;
}

TEST(ExactTest, FindsAMarkerBeforeItsData) {
  const auto found = Compare(
      Announced(),
      EffectList().Write(kSlot, ByteList(16, 0)).Write(kMarker, {1}).Write(kBuffer, {1, 2, 3, 4}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, Kind::kMemoryOrder);
  EXPECT_EQ(found->marker, kMarker);
  EXPECT_EQ(found->address, kBuffer);
}

TEST(ExactTest, FindsAMarkerThatIsWrittenTwice) {
  const auto found = Compare(Announced(), EffectList()
                                              .Write(kMarker, {1})
                                              .Write(kBuffer, {1, 2, 3, 4})
                                              .Write(kSlot, ByteList(16, 0))
                                              .Write(kMarker, {1}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, Kind::kMemoryOrder);
}

TEST(ExactTest, FindsAMarkerInTheSameWriteAsItsData) {
  ByteList slot(16, 0);
  slot[12] = 1;
  const auto found =
      Compare(Announced(), EffectList().Write(kBuffer, {1, 2, 3, 4}).Write(kSlot, slot));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, Kind::kMemoryOrder);
  EXPECT_EQ(found->address, kSlot);
}

// Models may write the second half of a descriptor at once (models/device.h).
TEST(ExactTest, AnAlignedWriteOf8BytesAppearsWhole) {
  const EffectList expected =
      std::move(EffectList().Write(kSlot, ByteList(16, 0)).Write(kMarker, {1}));
  const HasByte holds = [](GuestAddress at, std::uint8_t value) {
    return at < kSlot + 8 && value == 0;
  };
  const SlotDescriber describer;
  const ByteList half = {0, 0, 0, 0, 1, 0, 0, 0};
  const EffectList whole = std::move(EffectList().Write(kSlot + 8, half));
  EXPECT_FALSE(CompareExact(expected, whole, describer, holds));
  // Without knowing what memory has, the first half is missing.
  EXPECT_TRUE(CompareExact(expected, whole, describer));
  ByteList both(8);
  both.insert(both.end(), half.begin(), half.end());
  const auto found = CompareExact(expected, EffectList().Write(kSlot, both), describer, holds);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, Kind::kMemoryOrder);
  // What is not expected may not be written, whatever is there.
  EXPECT_TRUE(CompareExact(EffectList(), whole, describer, holds));
}

TEST(ExactTest, BytesOfOneWriteHaveNoOrder) {
  const ByteList status = {1, 0, 7, 7};
  EXPECT_FALSE(Compare(EffectList().Write(kMarker, status), EffectList().Write(kMarker, status)));
  EXPECT_FALSE(Compare(EffectList().Write(kMarker, status),
                       EffectList().Write(kMarker + 1, {0, 7, 7}).Write(kMarker, {1})));
  EXPECT_FALSE(Compare(EffectList().Write(kMarker, status),
                       EffectList().Write(kMarker, {1}).Write(kMarker + 1, {0, 7, 7})));
  // Nor do they belong to the next marker.
  EXPECT_FALSE(Compare(EffectList().Write(kMarker, status).Write(kMarker + 16, status),
                       EffectList().Write(kMarker + 16, status).Write(kMarker, status)));
}

TEST(ExactTest, DataMayBeSplitBeforeItsMarker) {
  EXPECT_FALSE(Compare(Announced(), EffectList()
                                        .Write(kSlot, ByteList(12, 0))
                                        .Write(kMarker + 1, {0, 0, 0})
                                        .Write(kBuffer + 2, {3, 4})
                                        .Write(kBuffer, {1, 2})
                                        .Write(kMarker, {1})));
}

TEST(ExactTest, AMarkerAnnouncesWhatCameSinceTheMarkerBefore) {
  const EffectList two = std::move(EffectList()
                                       .Write(kBuffer, {1})
                                       .Write(kMarker, {1})
                                       .Write(kBuffer + 100, {2})
                                       .Write(kMarker + 16, {1}));
  // All data first, the markers in any order.
  EXPECT_FALSE(Compare(two, EffectList()
                                .Write(kBuffer, {1})
                                .Write(kBuffer + 100, {2})
                                .Write(kMarker + 16, {1})
                                .Write(kMarker, {1})));
  const auto found = Compare(two, EffectList()
                                      .Write(kBuffer, {1})
                                      .Write(kMarker, {1})
                                      .Write(kMarker + 16, {1})
                                      .Write(kBuffer + 100, {2}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, Kind::kMemoryOrder);
  EXPECT_EQ(found->marker, kMarker + 16);
}

TEST(ExactTest, WhatTheRecordingDidWithABufferOverItsOwnMarkerIsFine) {
  const EffectList strange =
      std::move(EffectList().Write(kMarker, {1, 9}).Write(kMarker + 1, {8}).Write(kMarker, {1}));
  EXPECT_FALSE(Compare(strange, strange));
  EXPECT_FALSE(Compare(strange, EffectList().Write(kMarker + 1, {8}).Write(kMarker, {1})));
}

TEST(ExactTest, FramesAndWritesMayChangePlaces) {
  EXPECT_FALSE(Compare(EffectList().Transmit({1}).Write(kBuffer, {1}).Transmit({2}),
                       EffectList().Transmit({1}).Transmit({2}).Write(kBuffer, {1})));
}

TEST(ExactTest, FindsFramesThatAreMissingExtraOrSwapped) {
  const EffectList two = std::move(EffectList().Transmit({1, 2}).Transmit({3, 4}));
  auto found = Compare(two, EffectList().Transmit({1, 2}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, Kind::kFrame);
  EXPECT_EQ(found->item, 1u);
  EXPECT_EQ(found->expected, 1u);
  EXPECT_EQ(found->found, 0u);
  EXPECT_EQ(found->expected_bytes, ByteList({3, 4}));

  found = Compare(EffectList(), two);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->item, 0u);
  EXPECT_EQ(found->expected, 0u);
  EXPECT_EQ(found->found, 1u);
  EXPECT_EQ(found->found_bytes, ByteList({1, 2}));

  found = Compare(two, EffectList().Transmit({3, 4}).Transmit({1, 2}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->item, 0u);
  EXPECT_EQ(found->offset, 0u);
}

TEST(ExactTest, FindsTheFirstDifferingByteOfAFrame) {
  const EffectList frame = std::move(EffectList().Transmit({1, 2, 3}));
  auto found = Compare(frame, EffectList().Transmit({1, 2, 4}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, Kind::kFrame);
  EXPECT_EQ(found->offset, 2u);
  found = Compare(frame, EffectList().Transmit({1, 2, 3, 0}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->offset, 3u);
  found = Compare(frame, EffectList().Transmit({1, 2}));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->offset, 2u);
}

TEST(ExactTest, FindsAnotherOffload) {
  const Offload none;
  const EffectList plain = std::move(EffectList().Transmit({1}));
  EXPECT_FALSE(Compare(plain, EffectList().Transmit({1}, &none)));
  const auto found = Compare(plain, EffectList().Transmit({1}, &testing::kTsoOffload));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, Kind::kOffload);
}

TEST(ExactTest, FindsWhatBecameOfQueuedFrames) {
  const EffectList taken = std::move(EffectList().Delivery({1}, ReceiveResult::kConsumed));
  auto found = Compare(taken, EffectList().Delivery({1}, ReceiveResult::kDropped));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, Kind::kResult);
  EXPECT_EQ(found->found, static_cast<std::uint64_t>(ReceiveResult::kDropped));
  // That the device did not ask explains that it wrote nothing.
  found = Compare(EffectList().Delivery({1}, ReceiveResult::kConsumed).Write(kBuffer, {1}), {});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, Kind::kNotFlushed);
  EXPECT_EQ(found->item, 0u);
}

TEST(ExactTest, FindsLevels) {
  auto found = Compare(EffectList().Interrupt(1), {});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, Kind::kInterrupt);
  EXPECT_EQ(found->expected, 1u);
  EXPECT_EQ(found->found, 0u);
  found = Compare({}, EffectList().Interrupt(0));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->expected, 1u);
  EXPECT_EQ(found->found, 0u);
  found = Compare(EffectList().Ready(0), EffectList().Ready(1));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, Kind::kReady);
  EXPECT_FALSE(Compare(EffectList().Ready(1).Interrupt(1), EffectList().Interrupt(1).Ready(1)));
}

TEST(ExactTest, FindsTimers) {
  auto found =
      Compare(EffectList().Armed(1, 100).Armed(2, 5), EffectList().Armed(1, 100).Armed(2, 6));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, Kind::kTimer);
  EXPECT_EQ(found->item, 2u);
  EXPECT_EQ(found->expected, 5u);
  EXPECT_EQ(found->found, 6u);
  found = Compare(EffectList().Armed(1, 100), EffectList().Cancelled(1));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->found, Divergence::kNotArmed);
  found = Compare(EffectList().Cancelled(3), {});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->item, 3u);
  EXPECT_EQ(found->found, Divergence::kUnchanged);
  EXPECT_FALSE(Compare(EffectList().Armed(1, 1).Armed(1, 9), EffectList().Armed(1, 9)));
}

// Writes near each other and near the end of the address space, so that they overlap and wrap.
EffectList AnyWrites() {
  EffectList effects;
  const auto count = *rc::gen::inRange(1, 12);
  for (int i = 0; i < count; ++i) {
    const GuestAddress base =
        *rc::gen::elementOf(std::vector<GuestAddress>{kBuffer, ~GuestAddress{0} - 20});
    const auto size = *rc::gen::inRange<std::size_t>(1, 30);
    effects.Write(base + *rc::gen::inRange<GuestAddress>(0, 40),
                  *rc::gen::container<ByteList>(size, rc::gen::arbitrary<std::uint8_t>()));
  }
  return effects;
}

RC_GTEST_PROP(ExactProperty, SplittingWritesChangesNothing, ()) {
  const EffectList whole = AnyWrites();
  EffectList split;
  for (const Effect& effect : std::span<const Effect>(whole)) {
    const auto cut = *rc::gen::inRange<std::size_t>(0, effect.data_size + 1);
    const Bytes bytes = effect.bytes();
    split.Write(effect.address, {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(cut)});
    split.Write(effect.address + cut,
                {bytes.begin() + static_cast<std::ptrdiff_t>(cut), bytes.end()});
  }
  RC_ASSERT(!CompareExact(whole, split, SlotDescriber()));
  RC_ASSERT(!CompareExact(split, whole, SlotDescriber()));
}

RC_GTEST_PROP(ExactProperty, OneWrongByteIsFoundAtItsAddress, ()) {
  const EffectList right = AnyWrites();
  const auto count = std::span<const Effect>(right).size();
  const Effect& last = std::span<const Effect>(right)[count - 1];
  const auto at = *rc::gen::inRange<std::size_t>(0, last.data_size);
  EffectList wrong;
  for (const Effect& effect : std::span<const Effect>(right)) {
    wrong.Write(effect.address, {effect.bytes().begin(), effect.bytes().end()});
  }
  wrong.Write(last.address + at, {static_cast<std::uint8_t>(last.data[at] + 1)});
  const auto found = CompareExact(right, wrong, SlotDescriber());
  RC_ASSERT(found.has_value());
  RC_ASSERT(found->kind == Kind::kMemory);
  RC_ASSERT(found->address == last.address + at);
}

}  // namespace
}  // namespace nicreplay

// SPDX-License-Identifier: MIT
#include "fuzz/lockstep.h"

#include <gtest/gtest.h>

#include "fuzz/counting_model.h"
#include "fuzz/e1000_generator.h"

namespace nicreplay {
namespace {

using Kind = Divergence::Kind;

Pairing With(CountingFault fault) {
  return {{CountingModel(CountingFault::kNone), ""}, {CountingModel(fault), ""}, 4096};
}

Stimulus Write(std::uint32_t offset, std::uint64_t value) {
  return {.value = value, .offset = offset, .kind = StimulusKind::kWrite, .size = 4};
}

// Three writes of 7, then what shows the fault.
std::vector<Stimulus> Showing(std::uint32_t offset) {
  return {Write(0, 7), Write(0, 7), Write(0, 7), Write(offset, 100)};
}

std::optional<Divergence> Find(CountingFault fault, const std::vector<Stimulus>& operations) {
  return CompareOperations(With(fault), operations).value();
}

TEST(LockstepTest, FindsEveryKindAtItsOperation) {
  auto found = Find(CountingFault::kValue, {Write(0, 7),
                                            Write(0, 7),
                                            Write(0, 7),
                                            {.offset = 4, .kind = StimulusKind::kRead, .size = 4}});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, Kind::kValue);
  EXPECT_EQ(found->event, 3u);
  EXPECT_EQ(found->expected, 3u);
  EXPECT_EQ(found->found, 4u);

  found = Find(CountingFault::kFrame, Showing(8));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, Kind::kFrame);
  EXPECT_EQ(found->offset, 2u);

  found = Find(CountingFault::kFrame, Showing(12));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, Kind::kMemory);
  EXPECT_EQ(found->address, 102u);

  found = Find(CountingFault::kInterrupt, Showing(16));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, Kind::kInterrupt);

  found = Find(CountingFault::kTimer, Showing(20));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, Kind::kTimer);
  EXPECT_EQ(found->item, 1u);
}

TEST(LockstepTest, SplitWritesAreNoDifference) {
  EXPECT_FALSE(Find(CountingFault::kSplit, Showing(12)));
}

TEST(LockstepTest, StopsAtItsLimit) {
  auto lockstep = Lockstep::Create(With(CountingFault::kNone), 2).value();
  for (int i = 0; i < 5; ++i) lockstep->Do(Write(0, 7));
  EXPECT_EQ(lockstep->count(), 2u);
  EXPECT_TRUE(lockstep->Done());
}

TEST(LockstepTest, EffectsBeyondWhatIsKeptStillCount) {
  CapturingMachine one(4096);
  CapturingMachine other(4096);
  std::vector<std::uint8_t> bytes(std::size_t{1} << 20);
  for (int i = 0; i < 70; ++i) {
    one.DmaWrite(4096, bytes);
    if (i == 69) bytes.back() = 1;
    other.DmaWrite(4096, bytes);
  }
  EXPECT_FALSE(one.SameEffects(other));
  EXPECT_FALSE(one.complete());
  one.Forget();
  other.Forget();
  EXPECT_TRUE(one.SameEffects(other));
  EXPECT_TRUE(one.complete());
}

TEST(LockstepTest, AnUnknownModelIsAnError) {
  const Pairing pairing{{CountingModel(CountingFault::kNone), ""}, {"no-such-model", ""}, 4096};
  const auto lockstep = Lockstep::Create(pairing, 1);
  ASSERT_FALSE(lockstep.has_value());
  EXPECT_EQ(lockstep.error().code, ErrorCode::kUsage);
}

// What a generator did, as text.
class Listing : public OperationSink {
 public:
  explicit Listing(std::size_t limit) : limit_(limit) {}
  std::uint64_t Do(const Stimulus& operation) override {
    ++kinds_[static_cast<std::size_t>(operation.kind)];
    text_ += std::to_string(static_cast<int>(operation.kind)) + ' ' +
             std::to_string(operation.time) + ' ' + std::to_string(operation.offset) + ' ' +
             std::to_string(operation.value) + '\n';
    return ++count_;
  }
  bool Done() const override { return count_ >= limit_; }

  const std::string& text() const { return text_; }
  std::uint64_t Count(StimulusKind kind) const { return kinds_[static_cast<std::size_t>(kind)]; }

 private:
  std::size_t limit_;
  std::uint64_t count_ = 0;
  std::uint64_t kinds_[kStimulusKinds] = {};
  std::string text_;
};

TEST(E1000GeneratorTest, TheSameSeedDoesTheSame) {
  const auto list = [](std::uint64_t seed) {
    Listing listing(3000);
    E1000Generator(seed, listing).Run();
    return listing.text();
  };
  EXPECT_EQ(list(1), list(1));
  EXPECT_NE(list(1), list(2));
}

TEST(E1000GeneratorTest, DoesEverythingThatAMachineCanDo) {
  Listing listing(100'000);
  E1000Generator(1, listing).Run();
  for (const StimulusKind kind :
       {StimulusKind::kRead, StimulusKind::kWrite, StimulusKind::kConfigRead,
        StimulusKind::kConfigWrite, StimulusKind::kMemory, StimulusKind::kFrame,
        StimulusKind::kLink, StimulusKind::kReset}) {
    EXPECT_GT(listing.Count(kind), 50u) << static_cast<int>(kind);
  }
}

TEST(E1000GeneratorTest, StockDoesNotDifferFromItself) {
  const Pairing pairing{{"e1000-stock", ""}, {"e1000-stock", ""}, E1000Generator::kRamSize};
  auto lockstep = Lockstep::Create(pairing, 50'000).value();
  E1000Generator(7, *lockstep).Run();
  EXPECT_EQ(lockstep->count(), 50'000u);
  EXPECT_FALSE(lockstep->divergence());
}

}  // namespace
}  // namespace nicreplay

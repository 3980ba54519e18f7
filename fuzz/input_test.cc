// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fuzz/dictionary.h"
#include "fuzz/e1000_generator.h"
#include "fuzz/e1000_input.h"
#include "fuzz/input_frames.h"
#include "fuzz/lockstep.h"
#include "fuzz/mutate.h"
#include "fuzz/random.h"
#include "fuzz/target.h"

namespace nicreplay {
namespace {

using ByteVector = std::vector<std::uint8_t>;

// Keeps operations; answers nothing.
class Keeping : public OperationSink {
 public:
  std::uint64_t Do(const Stimulus& operation) override { return Recorder().Do(operation); }
  bool Done() const override { return operations().size() >= limit; }
  const std::vector<Stimulus>& operations() const { return recorder_.operations(); }

  std::size_t limit = ~std::size_t{0};

 private:
  struct Nothing : OperationSink {
    std::uint64_t Do(const Stimulus&) override { return 0; }
    bool Done() const override { return false; }
  };
  OperationRecorder& Recorder() { return recorder_; }

  Nothing nothing_;
  OperationRecorder recorder_{nothing_};
};

void Play(Bytes input, Keeping& keeping) { E1000Input(input, StartOf(input), keeping).Run(); }

ByteVector Garbage(std::uint64_t seed, std::size_t size) {
  Random random(seed);
  ByteVector bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.Next());
  return bytes;
}

bool Same(const Stimulus& one, const Stimulus& other) {
  return one.kind == other.kind && one.time == other.time && one.value == other.value &&
         one.offset == other.offset && one.size == other.size && one.bar == other.bar &&
         one.detail == other.detail && std::ranges::equal(one.bytes(), other.bytes());
}

TEST(E1000InputTest, EveryByteStringIsASession) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    const ByteVector input = Garbage(seed, seed);
    Keeping keeping;
    Play(input, keeping);
    EXPECT_LE(keeping.operations().size(), E1000Input::kMaxOperations);
    std::size_t at = StartOf(input).items_at;
    for (const InputItem& item : E1000Grammar().ItemsOf(input)) {
      EXPECT_EQ(item.offset, at);
      at += item.size;
    }
    EXPECT_EQ(at, input.size());
  }
}

TEST(E1000InputTest, AnEmptyInputResetsAndMaps) {
  Keeping keeping;
  Play({}, keeping);
  ASSERT_EQ(keeping.operations().size(), 4u);
  EXPECT_EQ(keeping.operations()[0].kind, StimulusKind::kReset);
}

// A packet that is left to the card, and a context that fits it, followed by it and a doorbell.
ByteVector PacketForCard(unsigned context_variant, std::uint8_t more) {
  constexpr std::uint8_t kFitsAndFollowed = 0x4c;
  ByteVector input(sizeof(InputHeader));
  input.insert(input.end(), {E1000Opcode(E1000Item::kPacket, kLeftToCard), 0x20, 0x00, 0x03, 7, 7});
  input.push_back(E1000Opcode(E1000Item::kContext, context_variant));
  input.insert(input.end(), {0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0});
  input.push_back(static_cast<std::uint8_t>(kFitsAndFollowed | more));
  return input;
}

// What an e1000-opt did of it in one piece.
FastPaths FastPathsOf(const ByteVector& input) {
  auto pairing = PairWithReference({"e1000-opt", "opt=tso+csum+zerocopy"}, 64 * 4096);
  EXPECT_TRUE(pairing.has_value());
  pairing->memory = MemoryKind::kSparse;
  auto lockstep = Lockstep::Create(*pairing, 1000);
  EXPECT_TRUE(lockstep.has_value());
  const InputStart start = StartOf(input);
  (*lockstep)->Restart(start.contents);
  E1000Input(input, start, **lockstep).Run();
  EXPECT_FALSE((*lockstep)->divergence());
  return (*lockstep)->fast_paths();
}

TEST(E1000InputTest, AContextCanFitAPacket) {
  constexpr unsigned kTcp = 4;
  constexpr unsigned kAll = 7;
  constexpr std::uint8_t kHeaderApart = 0x80;
  EXPECT_EQ(FastPathsOf(PacketForCard(kAll, 0)).super_frames, 1u);
  EXPECT_EQ(FastPathsOf(PacketForCard(kAll, kHeaderApart)).super_frames, 1u);
  EXPECT_EQ(FastPathsOf(PacketForCard(kTcp, 0)).partial_checksums, 1u);
}

TEST(E1000InputTest, EncodedOperationsPlayAgain) {
  Keeping generated;
  generated.limit = 1500;
  E1000Generator(3, generated).Run();
  // Encoded one at a time, an operation may become several: time and long memory do.
  const ByteVector input = EncodeE1000Input(generated.operations());
  Keeping played;
  Play(input, played);
  ASSERT_GE(played.operations().size(), 1000u);
  for (std::size_t i = 0; i < played.operations().size(); ++i) {
    ASSERT_TRUE(Same(played.operations()[i], generated.operations()[i])) << i;
  }
}

TEST(E1000InputTest, EveryKindDoesSomething) {
  for (std::size_t i = 0; i < E1000Input::Kinds().size(); ++i) {
    if (static_cast<E1000Item>(i) == E1000Item::kTime) continue;
    ByteVector input(sizeof(InputHeader));
    input[6] = InputHeader::kBare;
    input.push_back(E1000Opcode(static_cast<E1000Item>(i)));
    Keeping keeping;
    Play(input, keeping);
    EXPECT_FALSE(keeping.operations().empty()) << E1000Input::Kinds()[i].item.name;
  }
}

TEST(E1000InputTest, TheDictionaryNamesEveryRegister) {
  const std::string dictionary = DictionaryOf(FuzzTarget::Family::kE1000);
  for (const e1000::RegisterRow& row : e1000::kRegisters) {
    EXPECT_THAT(dictionary, ::testing::HasSubstr("write_" + std::string(row.name) + "="));
  }
}

TEST(VirtioInputTest, TheDictionaryHasRegistersAndCommandsByName) {
  const std::string dictionary = DictionaryOf(FuzzTarget::Family::kVirtioNet);
  using ::testing::HasSubstr;
  EXPECT_THAT(dictionary, HasSubstr("write_device_status=\"\\x49\\x14\"\n"));    // 1 byte
  EXPECT_THAT(dictionary, HasSubstr("write_queue_size=\"\\x09\\x18\"\n"));       // 2
  EXPECT_THAT(dictionary, HasSubstr("write_queue_desc_high=\"\\x29\\x24\"\n"));  // 4
  EXPECT_THAT(dictionary, HasSubstr("command_mq_rss_config=\"\\x06\\x04\\x01\"\n"));
}

TEST(MutateTest, KeepsToTheSizeAndItsSeed) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    ByteVector one = Garbage(seed, seed % 200);
    const std::size_t size = one.size();
    one.resize(256);
    ByteVector other = one;
    const std::size_t mutated = MutateInput(E1000Grammar(), one.data(), size, one.size(), seed);
    ASSERT_LE(mutated, one.size());
    ASSERT_EQ(MutateInput(E1000Grammar(), other.data(), size, other.size(), seed), mutated);
    ASSERT_EQ(one, other);
  }
}

TEST(MutateTest, TinyBuffersAreNotOverrun) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    ByteVector tiny(3);
    EXPECT_LE(MutateInput(E1000Grammar(), tiny.data(), 2, tiny.size(), seed), tiny.size());
    EXPECT_LE(CrossInputs(E1000Grammar(), Garbage(seed, 40), Garbage(seed + 1, 40), tiny, seed),
              tiny.size());
  }
}

TEST(MutateTest, CrossingTakesItemsOfBoth) {
  const ByteVector first = Garbage(1, 100);
  const ByteVector second = Garbage(2, 100);
  bool both = false;
  for (std::uint64_t seed = 0; seed < 50 && !both; ++seed) {
    ByteVector out(200);
    out.resize(CrossInputs(E1000Grammar(), first, second, out, seed));
    both = out.size() > 20 && std::equal(out.begin(), out.begin() + 10, first.begin()) &&
           std::equal(out.end() - 10, out.end(), second.end() - 10);
  }
  EXPECT_TRUE(both);
}

void ExpectSteadyDigests(const FuzzTarget& target) {
  FuzzRunner runner(target);
  runner.EnableDigest();
  const auto digest = [](FuzzRunner& with, std::uint64_t seed) {
    const auto outcome = with.Run(Garbage(seed, 300)).value();
    EXPECT_FALSE(outcome.divergence) << seed;
    return outcome.digest;
  };
  std::vector<std::uint64_t> digests;
  for (std::uint64_t seed = 0; seed < 100; ++seed) digests.push_back(digest(runner, seed));
  for (std::uint64_t seed = 100; seed-- > 0;) EXPECT_EQ(digest(runner, seed), digests[seed]);
  FuzzRunner fresh(target);
  fresh.EnableDigest();
  for (std::uint64_t seed = 50; seed < 60; ++seed) EXPECT_EQ(digest(fresh, seed), digests[seed]);
  EXPECT_NE(digests[1], digests[2]);
}

void ExpectOperationsToDoWhatInputsDo(const FuzzTarget& target) {
  std::size_t moved = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    FuzzRunner runner(target);
    const ByteVector input = Garbage(seed, 200);
    const auto outcome = runner.Run(input).value();
    moved += outcome.moved_data ? 1 : 0;
    const auto list = FuzzOperations::Of(target, input).value();
    EXPECT_GE(list.operations().size(), outcome.operations);
    EXPECT_FALSE(list.Compare(list.operations()).value());
  }
  EXPECT_GT(moved, 20u);
}

class FuzzTargetTest : public testing::TestWithParam<const char*> {
 protected:
  static const FuzzTarget& Target() { return **FindFuzzTarget(GetParam()); }
};

TEST_P(FuzzTargetTest, AnInputGivesTheSameDigestEveryTimeAndInAnyOrder) {
  ExpectSteadyDigests(Target());
}
TEST_P(FuzzTargetTest, OperationsDoWhatTheInputDoes) { ExpectOperationsToDoWhatInputsDo(Target()); }

INSTANTIATE_TEST_SUITE_P(Targets, FuzzTargetTest,
                         testing::Values("e1000-reload", "e1000-stock-opt", "virtio-net"));

// Every switch is reached, and each by its own bit.
TEST(FuzzTargetSwitches, ComeFromTheHeader) {
  const FuzzTarget& target = **FindFuzzTarget("e1000-stock-opt");
  const auto contract = [&](std::uint16_t switches) {
    return target.PairingOf({.switches = switches}).value().contract;
  };
  EXPECT_EQ(contract(0).switches, "exact");
  EXPECT_EQ(contract(0x7ff).switches,
            "tso+csum+zerocopy+ring+rxbatch+rxlro+asynctx+doorbell+sidecore+irqmod+rxcsum");
  EXPECT_TRUE(contract(0x3f).exact());
  EXPECT_EQ(contract(0x40).deferred, "tx");
  EXPECT_EQ(contract(0x280).deferred, "doorbell+line");
  EXPECT_TRUE(contract(0x100).polled);
  EXPECT_TRUE(contract(0x400).receive_checksums);
}

TEST(FuzzTargetSwitches, AnUnknownTargetIsAnError) {
  EXPECT_EQ(FindFuzzTarget("none").error().code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace nicreplay

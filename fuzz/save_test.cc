// SPDX-License-Identifier: MIT
#include "fuzz/save.h"

#include <gtest/gtest.h>

#include "fuzz/counting_model.h"
#include "replay/load.h"
#include "replay/trace_testing.h"

namespace nicreplay {
namespace {

TEST(SaveTest, ASavedDifferenceShowsWhenItIsReplayed) {
  const Pairing pairing{
      {CountingModel(CountingFault::kNone), ""}, {CountingModel(CountingFault::kValue), ""}, 4096};
  const std::vector<std::uint8_t> bytes = {1, 2, 3};
  const Stimulus seven = {.value = 7, .kind = StimulusKind::kWrite, .size = 4};
  const std::vector<Stimulus> operations = {
      seven,
      seven,
      {.time = 10,
       .value = 100,
       .data = bytes.data(),
       .data_size = 3,
       .kind = StimulusKind::kMemory},
      {.time = 20, .value = 7, .kind = StimulusKind::kWrite, .size = 4},
      {.time = 30, .offset = 4, .kind = StimulusKind::kRead, .size = 4}};
  const testing::TempFolder folder;
  ASSERT_TRUE(SaveOperations(folder / "saved.nrt", pairing, operations, "test").has_value());

  const Program program = LoadProgram(folder / "saved.nrt", Salvage::kNo).value().program;
  EXPECT_EQ(program.header.model, pairing.left.model);
  ASSERT_EQ(program.steps.size(), operations.size());
  for (std::size_t i = 0; i < operations.size(); ++i) {
    EXPECT_EQ(program.steps[i].stimulus.kind, operations[i].kind);
    EXPECT_EQ(program.steps[i].stimulus.time, operations[i].time);
  }
  EXPECT_FALSE(ReplayChecked(program, pairing.left, operations.size())->divergence);
  const auto outcome = ReplayChecked(program, pairing.right, operations.size()).value();
  ASSERT_TRUE(outcome.divergence);
  EXPECT_EQ(outcome.divergence->event, 4u);
}

TEST(SaveTest, AFolderThatDoesNotExistIsAnError) {
  const Pairing pairing{
      {CountingModel(CountingFault::kNone), ""}, {CountingModel(CountingFault::kValue), ""}, 4096};
  const testing::TempFolder folder;
  EXPECT_FALSE(SaveOperations(folder / "no/such/folder.nrt", pairing, {}, "test").has_value());
}

}  // namespace
}  // namespace nicreplay

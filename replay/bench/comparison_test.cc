// SPDX-License-Identifier: MIT
#include "replay/bench/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replay/bench/session_contender.h"
#include "replay/load.h"

namespace nicreplay::bench {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;

// A row that is as fast as it is said to be, and notes that it ran.
class Scripted final : public Measurable {
 public:
  Scripted(std::string name, double seconds, std::vector<std::string>* runs)
      : name_(std::move(name)), seconds_(seconds), runs_(runs) {}
  Result<Measurement> Run(std::chrono::nanoseconds) override {
    runs_->push_back(name_);
    if (seconds_ < 0) return Fail(ErrorCode::kCorrupt, "not what was expected");
    Measurement measurement;
    measurement.seconds = seconds_ * static_cast<double>(runs_->size());
    measurement.frames = 1000;
    return measurement;
  }

 private:
  const std::string name_;
  const double seconds_;
  std::vector<std::string>* const runs_;
};

TEST(Comparison, RowsTakeTurnsAndAreComparedWithinARepetition) {
  std::vector<std::string> runs;
  const std::vector<Row> rows = {{"slow", "", ""}, {"fast", "", ""}, {"broken", "", ""}};
  const auto results = Compare(
      rows,
      [&](const Row& row) -> Result<std::unique_ptr<Measurable>> {
        const double seconds = row.name == "slow" ? 4 : row.name == "fast" ? 1 : -1;
        return std::make_unique<Scripted>(row.name, seconds, &runs);
      },
      {.repetitions = 2, .time = std::chrono::nanoseconds{1}}, [](const std::string&) {});
  EXPECT_THAT(runs, ElementsAre("slow", "fast", "broken", "slow", "fast"));
  EXPECT_THAT(NanosecondsAFrame(results[1]), ElementsAre(2e6, 5e6));
  EXPECT_THAT(Speedups(results[1], results[0]), ElementsAre(2.0, 3.2));
  ASSERT_TRUE(results[2].error);
  EXPECT_TRUE(results[2].measurements.empty());
}

TEST(Comparison, SpreadIsMedianAndEnds) {
  const Spread spread = SpreadOf({5, 1, 9, 2, 3});
  EXPECT_EQ(spread.median, 3);
  EXPECT_EQ(spread.min, 1);
  EXPECT_EQ(spread.max, 9);
}

TEST(Rows, AreSelectedByNameInTheTablesOrder) {
  const auto rows = SelectRows({"e1000-stock", "harness"}).value();
  EXPECT_THAT(rows, ElementsAre(Field(&Row::name, "harness"), Field(&Row::name, "e1000-stock")));
  EXPECT_THAT(SelectRows({"ends"}).value(), Contains(Field(&Row::name, "e1000-stock")));
  const auto none = SelectRows({"no-such"});
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("e1000-stock"));
}

TEST(SessionContender, ReplaysWhatWasRecorded) {
  const auto loaded =
      LoadProgram(NICREPLAY_SOURCE_DIR "/corpus/sessions/e1000-uboot-tftp.nrt", Salvage::kNo);
  ASSERT_TRUE(loaded);
  auto contender = SessionContender::Create({"stock", "e1000-stock", ""}, loaded->program, 0);
  ASSERT_TRUE(contender) << contender.error().ToString();
  const auto measured = (*contender)->Run(std::chrono::nanoseconds{1});
  ASSERT_TRUE(measured);
  EXPECT_EQ(measured->frames, loaded->program.totals.frames_in + loaded->program.totals.frames_out);
  EXPECT_GT(measured->exits, 0u);
}

TEST(SessionContender, RefusesARowThatReplaysOtherwise) {
  const auto loaded =
      LoadProgram(NICREPLAY_SOURCE_DIR "/corpus/sessions/e1000-uboot-tftp.nrt", Salvage::kNo);
  ASSERT_TRUE(loaded);
  const auto other = SessionContender::Create({"other", "e1000-stock", "mac=52:54:00:00:00:01"},
                                              loaded->program, 0);
  ASSERT_FALSE(other);
}

}  // namespace
}  // namespace nicreplay::bench

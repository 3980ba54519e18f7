// SPDX-License-Identifier: MIT
// The checker can fail: a session of e1000-stock replayed on each mutant of it diverges in the step
// and in the register, descriptor field, frame or line that e1000-stock.mutants names.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>

#include "fuzz/mutants/session.h"
#include "replay/session.h"
#include "replay/trace_testing.h"

namespace nicreplay {
namespace {

struct Mutant {
  std::string name;
  std::string trace;  // "STEP => KIND: NAME"; empty: the session does not show it
};

void PrintTo(const Mutant& mutant, std::ostream* out) { *out << mutant.name; }

std::vector<Mutant> ReadMutants() {
  std::ifstream file(NICREPLAY_SOURCE_DIR "/fuzz/mutants/e1000-stock.mutants");
  std::vector<Mutant> mutants;
  const auto value = [](const std::string& line) {
    return line.substr(std::min(line.size(), line.find_first_not_of(' ', line.find(':') + 1)));
  };
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("mutant:")) mutants.push_back({value(line), ""});
    if (line.starts_with("trace:") && !mutants.empty()) mutants.back().trace = value(line);
  }
  return mutants;
}

const LabelledProgram& Session() {
  static const LabelledProgram session = [] {
    const testing::TempFolder folder;
    Driver driver("e1000-stock", folder / "session.nrt");
    RunScriptedSession(driver);
    return driver.Finish().value();
  }();
  return session;
}

// What the checker says of a model, as in e1000-stock.mutants.
std::string Verdict(const std::string& model) {
  const LabelledProgram& session = Session();
  const auto outcome = ReplayChecked(session.program, {model, ""}, session.program.steps.size());
  if (!outcome) return outcome.error().ToString();
  if (!outcome->divergence) return "";
  const auto describer = (*FindModel("e1000-stock"))->describer();
  const Divergence& divergence = *outcome->divergence;
  const DivergenceText text = Describe(divergence, session.program, *describer);
  return std::string(session.StepOf(divergence.event)) + " => " + KindName(divergence.kind) + ": " +
         text.name;
}

class MutantTest : public ::testing::TestWithParam<Mutant> {};

TEST_P(MutantTest, IsReportedWhereItFirstShows) {
  const Mutant& mutant = GetParam();
  const auto loaded =
      LoadPlugin(std::string(NICREPLAY_BINARY_DIR) + "/mutants/" + mutant.name + ".so");
  ASSERT_TRUE(loaded.has_value()) << loaded.error().ToString();
  EXPECT_EQ(Verdict(mutant.name), mutant.trace);
}

std::string TestName(const ::testing::TestParamInfo<Mutant>& info) {
  std::string name = info.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(E1000, MutantTest, ::testing::ValuesIn(ReadMutants()), TestName);

TEST(MutantsTest, TheUnmutatedModelIsIdentical) { EXPECT_EQ(Verdict("e1000-stock"), ""); }

TEST(MutantsTest, TheSessionShowsMostOfThem) {
  const auto mutants = ReadMutants();
  const auto shown =
      std::ranges::count_if(mutants, [](const Mutant& mutant) { return !mutant.trace.empty(); });
  EXPECT_GE(mutants.size(), 45u);
  EXPECT_GE(shown, 24);
}

TEST(MutantsTest, EveryStepIsPartOfTheSession) {
  std::map<std::string, int> steps;
  for (const auto& label : Session().labels) ++steps[label.step];
  for (const auto& [step, count] : steps) EXPECT_EQ(count, 1) << step;
}

}  // namespace
}  // namespace nicreplay

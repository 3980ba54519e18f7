// SPDX-License-Identifier: MIT
// The fixture of every case: a fresh device under test, its driver, and where the expectations come
// from.
//
// Each case begins by naming its source: FromManual("13.4.17") for the 8254x software developer's
// manual (chapters 3 to 14), FromPci("6.2.2") for PCI 3.0, FromQemu() for what QEMU does where the
// manual says nothing or otherwise, FromBug("CVE-2016-1981") for what a device model once got
// wrong.  A case without a source fails.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "qtest/suite/e1000/driver.h"
#include "qtest/suite/e1000/versions.h"
#include "qtest/suite/sources.h"
#include "qtest/suite/suite_target.h"

namespace nicreplay::e1000 {

class Conformance : public testing::TestWithParam<SuiteTarget>, protected Sources {
 protected:
  void SetUp() override { Restart(""); }
  void TearDown() override;

  // The case starts over with a device that has other options.
  void Restart(const std::string& options);

  // The same with an option off.  False: this version has no such option, and it was seen to refuse
  // it.
  [[nodiscard]] bool RestartWithout(const std::string& option, Behaviour has_option);

  void FromManual(std::string_view section) { Add("8254x manual " + std::string(section)); }

  std::uint32_t Expected(Behaviour behaviour) const {
    return ValueIn(GetParam().version, behaviour);
  }

  // Those of the frames that the target shows.
  Frames Visible(Frames frames) const;

  Driver& nic() { return *nic_; }
  Target& target() { return *target_; }

 private:
  std::unique_ptr<Target> target_;
  std::optional<Driver> nic_;
};

// A file's cases: TEST_P(Subject, ...) on every target.
#define NICREPLAY_CONFORMANCE_INSTANCES(Subject)                       \
  GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Subject);              \
  INSTANTIATE_TEST_SUITE_P(                                            \
      E1000, Subject, testing::ValuesIn(SuiteTargets(Family::kE1000)), \
      [](const testing::TestParamInfo<SuiteTarget>& parameter) { return parameter.param.name; })

// The same for a subject that needs no fixture of its own.  A class name cannot stand in
// parentheses.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define NICREPLAY_CONFORMANCE(Subject)   \
  class Subject : public Conformance {}; \
  NICREPLAY_CONFORMANCE_INSTANCES(Subject)
// NOLINTEND(bugprone-macro-parentheses)

}  // namespace nicreplay::e1000

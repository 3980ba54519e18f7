// SPDX-License-Identifier: MIT
// The fixture of every case: a fresh device under test, its driver, and where the expectations come
// from.
//
// Each case begins by naming its source: FromVirtio("4.1.4.3") for the specification, version 1.2,
// FromPci("6.2.2") for PCI 3.0, FromQemu() for what QEMU does where they say nothing or otherwise,
// FromBug() for what a device model once got wrong.  A case without a source fails.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "qtest/suite/sources.h"
#include "qtest/suite/suite_target.h"
#include "qtest/suite/virtio/deviations.h"
#include "qtest/suite/virtio/nic.h"

namespace nicreplay::virtio {

// A case runs on every target, where rings matter with several drivers.
struct Parameter {
  SuiteTarget target;
  DriverKind driver;

  friend void PrintTo(const Parameter& parameter, std::ostream* out) {
    *out << parameter.target.name << parameter.driver.name;
  }
};
std::vector<Parameter> ParametersOf(const std::vector<DriverKind>& drivers);

class Conformance : public testing::TestWithParam<Parameter>, protected Sources {
 protected:
  void SetUp() override { Restart(""); }
  void TearDown() override;

  // The case starts over with a device that has other options.
  void Restart(const std::string& options);
  // The same with options that a model has and QEMU's device, which takes them from its network,
  // has not.  False: it has not, and was seen to refuse them.
  [[nodiscard]] bool RestartModel(const std::string& options);

  void FromVirtio(std::string_view section) { Add("virtio 1.2 " + std::string(section)); }

  std::uint32_t Expected(Deviation deviation) const {
    return ValueOf(deviation, GetParam().target.origin);
  }

  Nic& nic() { return *nic_; }
  Target& target() { return *target_; }

 private:
  Result<std::unique_ptr<Target>> Create(const std::string& options) const;

  std::unique_ptr<Target> target_;
  std::optional<Nic> nic_;
};

// A file's cases: TEST_P(Subject, ...) on every target, with each of the drivers.
#define NICREPLAY_VIRTIO_INSTANCES(Subject, ...)                                               \
  GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Subject);                                      \
  INSTANTIATE_TEST_SUITE_P(VirtioNet, Subject, testing::ValuesIn(ParametersOf({__VA_ARGS__})), \
                           [](const testing::TestParamInfo<Parameter>& parameter) {            \
                             return parameter.param.target.name + parameter.param.driver.name; \
                           })

// The same for a subject that needs no fixture of its own.  A class name cannot stand in
// parentheses.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define NICREPLAY_VIRTIO(Subject, ...)   \
  class Subject : public Conformance {}; \
  NICREPLAY_VIRTIO_INSTANCES(Subject, __VA_ARGS__)
// NOLINTEND(bugprone-macro-parentheses)

}  // namespace nicreplay::virtio

// SPDX-License-Identifier: MIT
#include "qtest/suite/virtio/conformance.h"

#include <stdexcept>

namespace nicreplay::virtio {

std::vector<Parameter> ParametersOf(const std::vector<DriverKind>& drivers) {
  std::vector<Parameter> parameters;
  for (const SuiteTarget& target : SuiteTargets(Family::kVirtioNet)) {
    for (const DriverKind& driver : drivers) parameters.push_back({target, driver});
  }
  return parameters;
}

Result<std::unique_ptr<Target>> Conformance::Create(const std::string& options) const {
  std::string all = options;
  if (GetParam().driver.format == DriverRing::Format::kPacked) {
    all += all.empty() ? "packed=on" : ",packed=on";
  }
  return GetParam().target.create(all);
}

void Conformance::Restart(const std::string& options) {
  nic_.reset();
  target_.reset();
  Result<std::unique_ptr<Target>> created = Create(options);
  if (!created) throw std::runtime_error(created.error().ToString());
  target_ = std::move(*created);
  nic_.emplace(*target_, GetParam().driver);
  nic_->Enable();
}

bool Conformance::RestartModel(const std::string& options) {
  if (GetParam().target.origin == Origin::kModel) {
    Restart(options);
    return true;
  }
  EXPECT_FALSE(Create(options).has_value()) << options;
  return false;
}

void Conformance::TearDown() {
  if (target_ != nullptr && target_->error().has_value()) {
    ADD_FAILURE() << target_->name() << ": " << target_->error()->ToString();
  }
  CheckSources();
}

}  // namespace nicreplay::virtio

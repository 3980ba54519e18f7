// SPDX-License-Identifier: MIT
#include "qtest/suite/e1000/conformance.h"

#include <stdexcept>

namespace nicreplay::e1000 {

void Conformance::Restart(const std::string& options) {
  nic_.reset();
  target_.reset();
  Result<std::unique_ptr<Target>> created = GetParam().create(options);
  if (!created) throw std::runtime_error(created.error().ToString());
  target_ = std::move(*created);
  nic_.emplace(*target_);
  nic_->Enable();
}

bool Conformance::RestartWithout(const std::string& option, Behaviour has_option) {
  if (Expected(has_option) != 0) {
    Restart(option + "=off");
    return true;
  }
  EXPECT_FALSE(GetParam().create(option + "=off").has_value()) << option;
  return false;
}

Frames Conformance::Visible(Frames frames) const {
  if (GetParam().empty_frames == EmptyFrames::kUnseen) {
    std::erase_if(frames, [](const ByteVector& frame) { return frame.empty(); });
  }
  return frames;
}

void Conformance::TearDown() {
  if (target_ != nullptr && target_->error().has_value()) {
    ADD_FAILURE() << target_->name() << ": " << target_->error()->ToString();
  }
  CheckSources();
}

}  // namespace nicreplay::e1000

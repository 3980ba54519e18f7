// SPDX-License-Identifier: MIT
#include "qtest/suite/conformance.h"

#include <charconv>
#include <utility>

namespace nicreplay::e1000 {

std::vector<SuiteTarget>& SuiteTargets() {
  static std::vector<SuiteTarget> targets;
  return targets;
}

QemuVersion VersionIn(std::string_view text) {
  constexpr std::string_view kProduct = "QEMU ";
  const std::size_t at = text.find(kProduct);
  if (at == std::string_view::npos) return QemuVersion::k7_2;
  const std::string_view number = text.substr(at + kProduct.size());
  const char* const end = number.data() + number.size();
  int major = 0;
  int minor = 0;
  const char* const dot = std::from_chars(number.data(), end, major).ptr;
  if (dot != end) std::from_chars(dot + 1, end, minor);
  if (major < 8) return QemuVersion::k7_2;
  return std::pair(major, minor) > std::pair(10, 0) ? QemuVersion::k10_2 : QemuVersion::k10_0;
}

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
  EXPECT_FALSE(sources_.empty()) << "the case does not say where its expectations come from";
  if (target_ != nullptr && target_->error().has_value()) {
    ADD_FAILURE() << target_->name() << ": " << target_->error()->ToString();
  }
  if (HasFailure()) {
    RecordProperty("expected_by", sources_);
    std::cout << "Expected by: " << sources_ << '\n';
  }
}

void Conformance::AddSource(const std::string& source) {
  if (!sources_.empty()) sources_ += ", ";
  sources_ += source;
}

void Conformance::FromManual(std::string_view section) {
  AddSource("8254x manual " + std::string(section));
}
void Conformance::FromPci(std::string_view section) {
  AddSource("PCI 3.0 " + std::string(section));
}
void Conformance::FromQemu() { AddSource("QEMU's behaviour"); }
void Conformance::FromBug(std::string_view name) { AddSource("bug: " + std::string(name)); }

}  // namespace nicreplay::e1000

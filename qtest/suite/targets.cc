// SPDX-License-Identifier: MIT
#include "qtest/suite/targets.h"

#include <algorithm>
#include <cctype>

#include "models/options.h"
#include "models/registry.h"
#include "qtest/target.h"

namespace nicreplay::e1000 {
namespace {

using CreatedTarget = Result<std::unique_ptr<Target>>;

// GoogleTest takes letters and digits only.
std::string InstanceName(const std::string& model) {
  if (model == "e1000-stock") return "Stock";
  if (model == "qemu-e1000") return "QemuSource";
  std::string name;
  bool upper = true;
  for (const char c : model) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) == 0) {
      upper = true;
      continue;
    }
    name += static_cast<char>(upper ? std::toupper(byte) : byte);
    upper = false;
  }
  return name;
}

CreatedTarget CreateModelTarget(const std::string& model, const std::string& options) {
  auto target = CreateMachineTarget(model, options, Driver::kRamSize);
  if (!target) return target;
  Stimulus reset;
  reset.kind = StimulusKind::kReset;
  (*target)->Apply(reset);
  return target;
}

// A model's options as -device takes them.
Result<std::string> DeviceArgument(const std::string& text) {
  auto options = Options::Parse(text);
  if (!options) return tl::make_unexpected(options.error());
  const std::string chip = options->TakeText("device", "82540em");
  std::string device = chip == "82540em" ? "e1000" : "e1000-" + chip;
  std::string rest = options->ToString();
  if (rest.empty()) return device;
  const std::string init_vet = "init_vet";
  if (const auto at = rest.find(init_vet); at != std::string::npos) {
    rest.replace(at, init_vet.size(), "init-vet");
  }
  return device + "," + rest;
}

CreatedTarget CreateLiveTarget(const std::string& qemu, const std::string& options) {
  auto device = DeviceArgument(options);
  if (!device) return tl::make_unexpected(device.error());
  QtestOptions request;
  request.qemu = qemu;
  request.device = *device;
  request.ram_size = Driver::kRamSize;
  auto target = QtestTarget::Create(request);
  if (!target) return tl::make_unexpected(target.error());
  return std::unique_ptr<Target>(std::move(*target));
}

}  // namespace

Result<SuiteTarget> ModelTarget(const std::string& model) {
  const auto entry = FindModel(model);
  if (!entry) return tl::make_unexpected(entry.error());
  return SuiteTarget{
      InstanceName(model), VersionIn((*entry)->summary), EmptyFrames::kSeen,
      [model](const std::string& options) { return CreateModelTarget(model, options); }};
}

Result<SuiteTarget> LiveTarget(const std::string& qemu) {
  const auto target = CreateLiveTarget(qemu, "");
  if (!target) return tl::make_unexpected(target.error());
  return SuiteTarget{
      "Live", VersionIn((*target)->name()), EmptyFrames::kUnseen,
      [qemu](const std::string& options) { return CreateLiveTarget(qemu, options); }};
}

}  // namespace nicreplay::e1000

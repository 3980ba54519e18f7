// SPDX-License-Identifier: MIT
#include "qtest/suite/targets.h"

#include <algorithm>
#include <cctype>

#include "models/registry.h"
#include "qtest/device_argument.h"
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

CreatedTarget CreateLiveTarget(const std::string& qemu, const std::string& base,
                               const std::string& options) {
  auto device = DeviceArgument(base, options);
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

Result<SuiteTarget> LiveTarget(const std::string& qemu, const std::string& device) {
  const auto target = CreateLiveTarget(qemu, device, "");
  if (!target) return tl::make_unexpected(target.error());
  return SuiteTarget{"Live", VersionIn((*target)->name()), EmptyFrames::kUnseen,
                     [qemu, device](const std::string& options) {
                       return CreateLiveTarget(qemu, device, options);
                     }};
}

}  // namespace nicreplay::e1000

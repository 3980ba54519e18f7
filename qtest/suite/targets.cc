// SPDX-License-Identifier: MIT
#include "qtest/suite/targets.h"

#include <algorithm>
#include <cctype>

#include "models/registry.h"
#include "qtest/device_argument.h"
#include "qtest/target.h"

namespace nicreplay::suite {
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

Result<Family> FamilyOf(Target& target) {
  constexpr std::uint64_t kIntel = 0x8086;
  constexpr std::uint64_t kRedHat = 0x1af4;
  Stimulus read;
  read.kind = StimulusKind::kConfigRead;
  read.size = 2;
  const std::uint64_t vendor = target.Apply(read);
  if (vendor == kIntel) return Family::kE1000;
  if (vendor == kRedHat) return Family::kVirtioNet;
  return Fail(ErrorCode::kUsage, target.name() + " is neither an e1000 nor a virtio-net");
}

CreatedTarget CreateModelTarget(const std::string& model, const std::string& options) {
  auto target = CreateMachineTarget(model, options, kRamSize);
  if (!target) return target;
  Stimulus reset;
  reset.kind = StimulusKind::kReset;
  (*target)->Apply(reset);
  return target;
}

// QEMU's virtio-net puts its work off (ioeventfd, bottom halves): after each operation it is let
// finish.
class SettledTarget final : public Target {
 public:
  explicit SettledTarget(std::unique_ptr<QtestTarget> target) : target_(std::move(target)) {}

  std::uint64_t Apply(const Stimulus& operation) override {
    const std::uint64_t value = target_->Apply(operation);
    if (StartsWork(operation.kind) && !target_->error()) {
      // What goes wrong stays in error().
      static_cast<void>(target_->Settle(kRounds));
    }
    return value;
  }
  void ReadMemory(GuestAddress address, MutableBytes out) override {
    target_->ReadMemory(address, out);
  }
  LineLevel line() override { return target_->line(); }
  std::vector<std::vector<std::uint8_t>> TakeFrames() override { return target_->TakeFrames(); }
  const std::optional<Error>& error() const override { return target_->error(); }
  std::string name() const override { return target_->name(); }

 private:
  // The main loop's turn that sees the notification, the bottom half, and one that it starts again.
  static constexpr std::uint64_t kRounds = 3;

  static bool StartsWork(StimulusKind kind) {
    return kind != StimulusKind::kMemory && kind != StimulusKind::kRead &&
           kind != StimulusKind::kConfigRead;
  }

  std::unique_ptr<QtestTarget> target_;
};

CreatedTarget CreateLiveTarget(const std::string& qemu, const std::string& base, Family family,
                               const std::string& options) {
  auto device = DeviceArgument(base, options);
  if (!device) return tl::make_unexpected(device.error());
  QtestOptions request;
  request.qemu = qemu;
  request.device = *device;
  request.ram_size = kRamSize;
  auto target = QtestTarget::Create(request);
  if (!target) return tl::make_unexpected(target.error());
  if (family == Family::kVirtioNet) return std::make_unique<SettledTarget>(std::move(*target));
  return std::unique_ptr<Target>(std::move(*target));
}

}  // namespace

Result<SuiteTarget> ModelTarget(const std::string& model) {
  const auto entry = FindModel(model);
  if (!entry) return tl::make_unexpected(entry.error());
  const auto target = CreateModelTarget(model, "");
  if (!target) return tl::make_unexpected(target.error());
  const auto family = FamilyOf(**target);
  if (!family) return tl::make_unexpected(family.error());
  return SuiteTarget{
      InstanceName(model),
      *family,
      VersionIn((*entry)->summary),
      Origin::kModel,
      EmptyFrames::kSeen,
      [model](const std::string& options) { return CreateModelTarget(model, options); }};
}

Result<SuiteTarget> LiveTarget(const std::string& qemu, const std::string& device) {
  const auto target = CreateLiveTarget(qemu, device, Family::kE1000, "");
  if (!target) return tl::make_unexpected(target.error());
  const auto family = FamilyOf(**target);
  if (!family) return tl::make_unexpected(family.error());
  return SuiteTarget{"Live",
                     *family,
                     VersionIn((*target)->name()),
                     device.starts_with("nicreplay") ? Origin::kModel : Origin::kQemu,
                     EmptyFrames::kUnseen,
                     [qemu, device, family = *family](const std::string& options) {
                       return CreateLiveTarget(qemu, device, family, options);
                     }};
}

}  // namespace nicreplay::suite

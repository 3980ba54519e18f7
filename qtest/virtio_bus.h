// SPDX-License-Identifier: MIT
// A target as the bus that virtio's driver runs on.
#pragma once

#include "models/virtio/driver.h"
#include "replay/target.h"

namespace nicreplay::virtio {

class TargetBus final : public DriverBus {
 public:
  explicit TargetBus(Target& target) : target_(&target) {}

  std::uint64_t Read(const Access& access) override { return Do(StimulusKind::kRead, access, 0); }
  void Write(const Access& access, std::uint64_t value) override {
    Do(StimulusKind::kWrite, access, value);
  }
  std::uint32_t ConfigRead(std::uint8_t offset, std::uint8_t size) override {
    return static_cast<std::uint32_t>(Do(StimulusKind::kConfigRead, {0, size, offset}, 0));
  }
  void ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) override {
    Do(StimulusKind::kConfigWrite, {0, size, offset}, value);
  }
  void WriteMemory(GuestAddress address, Bytes bytes) override {
    Stimulus stimulus;
    stimulus.kind = StimulusKind::kMemory;
    stimulus.value = address;
    stimulus.data = bytes.data();
    stimulus.data_size = static_cast<std::uint32_t>(bytes.size());
    target_->Apply(stimulus);
  }

 private:
  std::uint64_t Do(StimulusKind kind, const Access& access, std::uint64_t value) {
    Stimulus stimulus;
    stimulus.kind = kind;
    stimulus.bar = access.bar;
    stimulus.size = access.size;
    stimulus.offset = access.offset;
    stimulus.value = value;
    return target_->Apply(stimulus);
  }

  Target* target_;
};

}  // namespace nicreplay::virtio

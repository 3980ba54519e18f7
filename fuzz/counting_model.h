// SPDX-License-Identifier: MIT
// For tests: small models that count the writes of 7 at offset 0 and show it, right or wrong.
#pragma once

#include <memory>
#include <string>

#include "models/families.h"
#include "models/registry.h"

namespace nicreplay {

// How a model is wrong, from its third write of 7 on.
enum class CountingFault : std::uint8_t {
  kNone,
  kValue,      // reads of offset 4 give one too much
  kFrame,      // frames sent at offset 8 have another last byte
  kSplit,      // not wrong: DMA at offset 12 is split, backwards
  kInterrupt,  // writes of offset 16 do not raise the line
  kTimer,      // writes of offset 20 arm the timer a nanosecond late
};

class CountingDevice : public Device {
 public:
  CountingDevice(Host& host, CountingFault fault) : host_(host), fault_(fault) {}

  const DeviceInfo& info() const override { return info_; }
  std::uint64_t Read(const Access& access) override {
    return access.offset == 4 ? count_ + (Wrong(CountingFault::kValue) ? 1 : 0) : 0;
  }
  void Write(const Access& access, std::uint64_t value) override {
    if (access.offset == 0 && value == 7) ++count_;
    const std::uint8_t bytes[] = {1, 2,
                                  static_cast<std::uint8_t>(Wrong(CountingFault::kFrame) ? 9 : 3)};
    const Bytes pieces[] = {bytes};
    if (access.offset == 8) host_.Transmit({pieces, {}});
    if (access.offset == 12) WriteMemory(value, bytes);
    if (access.offset == 16 && !Wrong(CountingFault::kInterrupt)) {
      host_.SetInterrupt(LineLevel::kHigh);
    }
    if (access.offset == 20) {
      host_.ArmTimer(1, host_.Now() + 1000 + (Wrong(CountingFault::kTimer) ? 1 : 0));
    }
  }
  std::uint32_t ConfigRead(std::uint8_t, std::uint8_t) override { return 0; }
  void ConfigWrite(std::uint8_t, std::uint8_t, std::uint32_t) override {}
  bool CanReceive() const override { return true; }
  ReceiveResult Receive(const Frame&) override { return ReceiveResult::kConsumed; }
  void SetLink(LinkState) override {}
  void Timer(TimerId) override {}
  void Reset() override { count_ = 0; }
  std::size_t StateSize() const override { return 0; }
  void Save(MutableBytes) const override {}
  bool Load(Bytes state) override { return state.empty(); }

 private:
  bool Wrong(CountingFault fault) const { return fault_ == fault && count_ >= 3; }

  void WriteMemory(GuestAddress address, Bytes bytes) {
    if (fault_ == CountingFault::kSplit) {
      host_.DmaWrite(address + 1, bytes.subspan(1));
      host_.DmaWrite(address, bytes.first(1));
    } else {
      host_.DmaWrite(address, bytes);
    }
  }

  Host& host_;
  const CountingFault fault_;
  std::uint64_t count_ = 0;
  DeviceInfo info_;
};

// Registers the model that is wrong in this way; returns its name.
inline std::string CountingModel(CountingFault fault) {
  const std::string name = "counting-" + std::to_string(static_cast<int>(fault));
  if (FindModel(name)) return name;
  // Entries live for ever.
  RegisterModel(new ModelEntry{.name = name,
                               .summary = "",
                               .options = "",
                               .create = [](const ModelEntry& self, const Options&,
                                            Host& host) -> Result<std::unique_ptr<Device>> {
                                 const int number = self.name.back() - '0';
                                 return std::make_unique<CountingDevice>(
                                     host, static_cast<CountingFault>(number));
                               },
                               .describer = CreatePlainDescriber});
  return name;
}

}  // namespace nicreplay

// SPDX-License-Identifier: MIT
// For tests: a device that does to its host whatever a test says, at any call.
#pragma once

#include <functional>
#include <memory>

#include "models/registry.h"

namespace nicreplay {

class ScriptDevice : public Device {
 public:
  struct Script {
    std::function<void(Host&)> action = [](Host&) {};
    std::function<ReceiveResult(Host&, const Frame&)> receive = [](Host&, const Frame&) {
      return ReceiveResult::kConsumed;
    };
    bool ready = false;
    std::uint64_t value = 0;
  };

  ScriptDevice(Host& host, Script& script) : host_(host), script_(script) {}

  const DeviceInfo& info() const override { return info_; }
  std::uint64_t Read(const Access&) override { return Act(); }
  void Write(const Access&, std::uint64_t) override { Act(); }
  std::uint32_t ConfigRead(std::uint8_t, std::uint8_t) override {
    return static_cast<std::uint32_t>(Act());
  }
  void ConfigWrite(std::uint8_t, std::uint8_t, std::uint32_t) override { Act(); }
  bool CanReceive() const override { return script_.ready; }
  ReceiveResult Receive(const Frame& frame) override { return script_.receive(host_, frame); }
  void SetLink(LinkState) override { Act(); }
  void Timer(TimerId) override { Act(); }
  void Reset() override { Act(); }
  std::size_t StateSize() const override { return 0; }
  void Save(MutableBytes) const override {}
  bool Load(Bytes state) override { return state.empty(); }

 private:
  std::uint64_t Act() {
    script_.action(host_);
    return script_.value;
  }

  Host& host_;
  Script& script_;
  DeviceInfo info_;
};

}  // namespace nicreplay

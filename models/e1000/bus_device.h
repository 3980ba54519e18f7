// SPDX-License-Identifier: MIT
// What every e1000 is towards the bus, whatever works its rings.
#pragma once

#include "models/device.h"
#include "models/e1000/control_plane.h"

namespace nicreplay::e1000 {

// Whether the bus delivers such an access to a register of BAR 0.
bool IsRegister(const Access& access);

class BusDevice : public Device {
 public:
  BusDevice(const Settings& settings, Host& host, InterruptLine& line)
      : control_(settings, host, line) {}

  const DeviceInfo& info() const override { return control_.info(); }

  // Narrow reads get the low bits of the whole register, wherever in it they are; narrow writes
  // write all of it.  BAR 1 is not implemented and reads 0.
  std::uint64_t Read(const Access& access) override;
  void Write(const Access& access, std::uint64_t value) override;

  std::uint32_t ConfigRead(std::uint8_t offset, std::uint8_t size) override;
  void ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) override;
  bool CanReceive() const override { return control_.CanReceive(); }
  std::size_t ReceiveRoom(std::size_t size) const override {
    return control_.receive_control().Room(size);
  }
  void SetLink(LinkState state) override;
  void Timer(TimerId id) override;

 protected:
  ControlPlane& control() { return control_; }
  const ControlPlane& control() const { return control_; }

  // One dword of BAR 0; `offset` is a multiple of 4 below kBar0Size.
  void WriteRegister(std::uint32_t offset, std::uint32_t value);
  // The transmit doorbell rang.
  virtual void RunTransmitter() = 0;

 private:
  ControlPlane control_;
};

}  // namespace nicreplay::e1000

// SPDX-License-Identifier: MIT
// An e1000 with a datapath, and its saved state.  A Datapath has
//   Datapath(ControlPlane&, further arguments of the constructor...)
//   void Transmit()                      works the transmit ring
//   ReceiveResult Receive(const Frame&)
//   void Reset()
//   Archived(self, archive)              as in archive.h
#pragma once

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "models/e1000/archive.h"
#include "models/e1000/bus_device.h"

namespace nicreplay::e1000 {

// What a saved state begins with: it fits a device that was created alike.
inline constexpr std::size_t kFingerprintSize = 16;
using Fingerprint = std::array<std::uint8_t, kFingerprintSize>;
Fingerprint FingerprintOf(const Settings& settings);

template <typename Datapath>
class DatapathDevice : public BusDevice {
 public:
  template <typename... Arguments>
  DatapathDevice(const Settings& settings, Host& host, InterruptLine& line,
                 Arguments&&... arguments)
      : BusDevice(settings, host, line),
        fingerprint_(FingerprintOf(settings)),
        datapath_(control(), std::forward<Arguments>(arguments)...) {
    SmallArchive<SizeArchive> size;
    Archived(*this, size);
    power_on_.resize(PciConfig::kStateSize + size.size());
    control().pci().Save(MutableBytes(power_on_).first<PciConfig::kStateSize>());
    SmallArchive<SaveArchive> archive(MutableBytes(power_on_).subspan(PciConfig::kStateSize));
    Archived(*this, archive);
  }

  ReceiveResult Receive(const Frame& frame) override { return datapath_.Receive(frame); }

  void Reset() override {
    datapath_.Reset();
    control().Reset();
  }

  // A device with state besides its control plane and datapath has to see to that, too.
  bool PowerCycle() override {
    datapath_.Reset();
    datapath_.ForgetFrames();
    control().registers().Clear();
    SmallArchive<LoadArchive> archive(Bytes(power_on_).subspan(PciConfig::kStateSize));
    Archived(*this, archive);
    return control().pci().Load(Bytes(power_on_).first<PciConfig::kStateSize>());
  }

  std::size_t StateSize() const override {
    SizeArchive archive;
    Archived(*this, archive);
    return kFieldsAt + archive.size();
  }

  void Save(MutableBytes out) const override {
    std::copy(fingerprint_.begin(), fingerprint_.end(), out.begin());
    control().pci().Save(out.subspan<kFingerprintSize, PciConfig::kStateSize>());
    SaveArchive archive(out.subspan(kFieldsAt));
    Archived(*this, archive);
  }

  bool Load(Bytes state) override {
    if (state.size() != DatapathDevice::StateSize()) return false;
    if (!std::equal(fingerprint_.begin(), fingerprint_.end(), state.begin())) return false;
    CheckArchive check(state.subspan(kFieldsAt));
    Archived(*this, check);
    if (!check.valid()) return false;
    if (!control().pci().Load(state.subspan<kFingerprintSize, PciConfig::kStateSize>())) {
      return false;
    }
    LoadArchive archive(state.subspan(kFieldsAt));
    Archived(*this, archive);
    return true;
  }

 protected:
  Datapath& datapath() { return datapath_; }
  const Datapath& datapath() const { return datapath_; }

  void RunTransmitter() override { datapath_.Transmit(); }

 private:
  static constexpr std::size_t kFieldsAt = kFingerprintSize + PciConfig::kStateSize;

  template <typename Self, typename Archive>
  static void Archived(Self& self, Archive& archive) {
    ControlPlane::Archived(self.control(), archive);
    Datapath::Archived(self.datapath_, archive);
  }

  const Fingerprint fingerprint_;
  Datapath datapath_;
  std::vector<std::uint8_t> power_on_;  // what is small of the state after creation
};

}  // namespace nicreplay::e1000

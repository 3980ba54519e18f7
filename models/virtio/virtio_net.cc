// SPDX-License-Identifier: MIT
#include "models/virtio/virtio_net.h"

#include <algorithm>
#include <memory>

#include "models/archive.h"
#include "models/families.h"
#include "models/virtio/net_device.h"
#include "models/virtio/pci_transport.h"
#include "models/virtio/settings.h"

namespace nicreplay {
namespace virtio {
namespace {

// PCI 3.0, 6.2.4: the id by which a legacy driver knows what the device is (virtio 1.2, 4.1.2.1).
constexpr std::uint8_t kSubsystemId = 0x2e;

PciConfig MakePciConfig(const Settings& settings) {
  PciConfig pci(InfoOf(settings), settings.rom_size);
  if (settings.interface != Interface::kModern) {
    pci.Preset(kSubsystemId, kNetDeviceType);
    pci.Preset(kSubsystemId + 1, 0);
  }
  return pci;
}

class VirtioNet final : public Device {
 public:
  VirtioNet(const Settings& settings, Host& host)
      : settings_(settings),
        info_(InfoOf(settings)),
        pci_(MakePciConfig(settings)),
        memory_(host, pci_),
        transport_(settings.interface, settings.vectors, pci_, memory_, host),
        net_(settings, memory_, transport_, host) {
    transport_.Attach(&net_);
  }

  const DeviceInfo& info() const override { return info_; }
  std::uint64_t Read(const Access& access) override { return transport_.Read(access); }
  void Write(const Access& access, std::uint64_t value) override {
    transport_.Write(access, value);
  }
  std::uint32_t ConfigRead(std::uint8_t offset, std::uint8_t size) override {
    return transport_.ConfigRead(offset, size);
  }
  void ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) override {
    transport_.ConfigWrite(offset, size, value);
  }
  bool CanReceive() const override { return net_.CanReceive(); }
  ReceiveResult Receive(const Frame& frame) override { return net_.Receive(frame); }
  OffloadSet ReceiveOffloads() const override { return net_.ReceiveOffloads(); }
  void SetLink(LinkState state) override { net_.SetLink(state); }
  void Timer(TimerId) override {}
  void Reset() override { transport_.Reset(); }

  std::size_t StateSize() const override {
    SizeArchive archive;
    Archived(*this, archive);
    return kFieldsAt + archive.size();
  }

  void Save(MutableBytes out) const override {
    const Fingerprint fingerprint = MakeFingerprint();
    std::copy(fingerprint.begin(), fingerprint.end(), out.begin());
    pci_.Save(out.subspan<kFingerprintSize, PciConfig::kStateSize>());
    SaveArchive archive(out.subspan(kFieldsAt));
    Archived(*this, archive);
  }

  bool Load(Bytes state) override {
    if (state.size() != StateSize()) return false;
    const Fingerprint fingerprint = MakeFingerprint();
    if (!std::equal(fingerprint.begin(), fingerprint.end(), state.begin())) return false;
    CheckArchive check(state.subspan(kFieldsAt));
    Archived(*this, check);
    if (!check.valid()) return false;
    if (!pci_.Load(state.subspan<kFingerprintSize, PciConfig::kStateSize>())) return false;
    LoadArchive archive(state.subspan(kFieldsAt));
    Archived(*this, archive);
    return true;
  }

 private:
  // What a saved state begins with: it fits a device that was created alike.
  static constexpr std::uint32_t kStateVersion = 1;
  static constexpr std::size_t kFingerprintSize = 48;
  static constexpr std::size_t kFieldsAt = kFingerprintSize + PciConfig::kStateSize;
  using Fingerprint = std::array<std::uint8_t, kFingerprintSize>;

  Fingerprint MakeFingerprint() const {
    Fingerprint bytes{};
    SaveArchive archive(bytes);
    archive.Number(kStateVersion);
    archive.Number(settings_.offered.bits());
    archive.Buffer(settings_.mac);
    archive.Number(settings_.interface);
    archive.Number(settings_.vectors);
    archive.Number(settings_.queue_pairs);
    archive.Number(settings_.rx_queue_size);
    archive.Number(settings_.tx_queue_size);
    archive.Number(settings_.mtu);
    archive.Number(settings_.speed);
    archive.Number(settings_.duplex);
    archive.Number(settings_.num_buffers);
    archive.Number(settings_.backend);
    return bytes;
  }

  template <typename Self, typename Archive>
  static void Archived(Self& self, Archive& archive) {
    PciTransport::Archived(self.transport_, archive);
    NetDevice::Archived(self.net_, archive);
  }

  const Settings settings_;
  const DeviceInfo info_;
  PciConfig pci_;
  const Memory memory_;
  PciTransport transport_;
  NetDevice net_;
};

Result<std::unique_ptr<Device>> Create(const ModelEntry&, const Options& options, Host& host) {
  Options left = options;
  const Result<Settings> settings = Settings::Take(left);
  if (!settings) return tl::make_unexpected(settings.error());
  if (const auto finished = left.Finish(); !finished) {
    return tl::make_unexpected(finished.error());
  }
  return std::make_unique<VirtioNet>(*settings, host);
}

}  // namespace
}  // namespace virtio

const ModelEntry& VirtioNetEntry() {
  static const ModelEntry entry = {
      .name = "virtio-net",
      .summary = "virtio-net of virtio 1.2 on PCI, as QEMU 7.2's virtio-net-pci",
      .options = virtio::SettingsHelp(),
      .create = virtio::Create,
      .describer = FamilyDescriber("virtio-net"),
  };
  return entry;
}

}  // namespace nicreplay

// SPDX-License-Identifier: MIT
#include "models/e1000/e1000.h"

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "models/e1000/archive.h"
#include "models/e1000/control_plane.h"
#include "models/e1000/receive.h"
#include "models/e1000/transmit.h"
#include "models/families.h"
#include "models/net/byte_order.h"

namespace nicreplay {
namespace e1000 {
namespace {

// What a saved state begins with: it fits a device that was created alike.
constexpr std::uint32_t kStateVersion = 1;
constexpr std::size_t kFingerprintSize = 16;
using Fingerprint = std::array<std::uint8_t, kFingerprintSize>;

Fingerprint FingerprintOf(const Settings& settings) {
  const auto bit = [](Feature feature, int place) {
    return feature == Feature::kOn ? 1u << place : 0u;
  };
  Fingerprint bytes{};
  StoreBe32(&bytes[0], kStateVersion);
  StoreBe32(&bytes[4], settings.rom_size);
  bytes[8] = static_cast<std::uint8_t>(settings.variant);
  bytes[9] =
      static_cast<std::uint8_t>(bit(settings.autonegotiation, 0) | bit(settings.mitigation, 1) |
                                bit(settings.extra_mac_registers, 2) | bit(settings.init_vet, 3));
  std::copy(settings.mac.begin(), settings.mac.end(), bytes.begin() + 10);
  return bytes;
}

bool IsOnBus(const Access& access) {
  const bool sized = access.size == 1 || access.size == 2 || access.size == 4 || access.size == 8;
  return sized && access.offset % access.size == 0;
}

class StockDevice final : public Device {
 public:
  StockDevice(const Settings& settings, Host& host)
      : fingerprint_(FingerprintOf(settings)),
        control_(settings, host),
        receiver_(control_),
        transmitter_(control_, receiver_) {
    SmallArchive<SizeArchive> size;
    Archived(*this, size);
    power_on_.resize(PciConfig::kStateSize + size.size());
    control_.pci().Save(MutableBytes(power_on_).first<PciConfig::kStateSize>());
    SmallArchive<SaveArchive> archive(MutableBytes(power_on_).subspan(PciConfig::kStateSize));
    Archived(*this, archive);
  }

  const DeviceInfo& info() const override { return control_.info(); }

  // Narrow reads get the low bits of the whole register, wherever in it they are; narrow writes
  // write all of it.  BAR 1 is not implemented and reads 0.
  std::uint64_t Read(const Access& access) override {
    if (!IsRegister(access)) return 0;
    const std::uint32_t offset = access.offset & ~3u;
    const std::uint32_t value = control_.ReadRegister(offset);
    if (access.size < 4) return value & ((1u << 8 * access.size) - 1);
    if (access.size == 4) return value;
    return value | std::uint64_t{control_.ReadRegister(offset + 4)} << 32;
  }

  void Write(const Access& access, std::uint64_t value) override {
    if (!IsRegister(access)) return;
    const std::uint32_t offset = access.offset & ~3u;
    if (access.size < 4) value &= (1u << 8 * access.size) - 1;
    WriteRegister(offset, static_cast<std::uint32_t>(value));
    if (access.size == 8) WriteRegister(offset + 4, static_cast<std::uint32_t>(value >> 32));
  }

  std::uint32_t ConfigRead(std::uint8_t offset, std::uint8_t size) override {
    return control_.pci().Read(offset, size);
  }
  void ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) override {
    control_.ConfigWrite(offset, size, value);
  }

  bool CanReceive() const override { return control_.CanReceive(); }
  ReceiveResult Receive(const Frame& frame) override { return receiver_.Receive(frame); }
  void SetLink(LinkState state) override { control_.link().SetState(state); }
  void Timer(TimerId id) override { control_.OnTimer(id); }
  void Reset() override {
    transmitter_.Reset();
    control_.Reset();
  }

  bool PowerCycle() override {
    transmitter_.Reset();
    control_.registers().Clear();
    SmallArchive<LoadArchive> archive(Bytes(power_on_).subspan(PciConfig::kStateSize));
    Archived(*this, archive);
    return control_.pci().Load(Bytes(power_on_).first<PciConfig::kStateSize>());
  }

  std::size_t StateSize() const override {
    SizeArchive archive;
    Archived(*this, archive);
    return kFieldsAt + archive.size();
  }

  void Save(MutableBytes out) const override {
    std::copy(fingerprint_.begin(), fingerprint_.end(), out.begin());
    control_.pci().Save(out.subspan<kFingerprintSize, PciConfig::kStateSize>());
    SaveArchive archive(out.subspan(kFieldsAt));
    Archived(*this, archive);
  }

  bool Load(Bytes state) override {
    if (state.size() != StateSize()) return false;
    if (!std::equal(fingerprint_.begin(), fingerprint_.end(), state.begin())) return false;
    CheckArchive check(state.subspan(kFieldsAt));
    Archived(*this, check);
    if (!check.valid()) return false;
    if (!control_.pci().Load(state.subspan<kFingerprintSize, PciConfig::kStateSize>())) {
      return false;
    }
    LoadArchive archive(state.subspan(kFieldsAt));
    Archived(*this, archive);
    return true;
  }

 private:
  static constexpr std::size_t kFieldsAt = kFingerprintSize + PciConfig::kStateSize;

  template <typename Self, typename Archive>
  static void Archived(Self& self, Archive& archive) {
    ControlPlane::Archived(self.control_, archive);
    StockTransmitter::Archived(self.transmitter_, archive);
  }

  static bool IsRegister(const Access& access) {
    return access.bar == 0 && IsOnBus(access) && access.offset < kBar0Size;
  }

  void WriteRegister(std::uint32_t offset, std::uint32_t value) {
    if (control_.WriteRegister(offset, value) == Doorbell::kTransmit) transmitter_.Run();
  }

  const Fingerprint fingerprint_;
  ControlPlane control_;
  StockReceiver receiver_;
  StockTransmitter transmitter_;
  std::vector<std::uint8_t> power_on_;  // what is small of the state after creation
};

Result<std::unique_ptr<Device>> CreateStock(const ModelEntry&, const Options& options, Host& host) {
  Options left = options;
  const Result<Settings> settings = Settings::Take(left);
  if (!settings) return tl::make_unexpected(settings.error());
  if (const auto finished = left.Finish(); !finished) {
    return tl::make_unexpected(finished.error());
  }
  return std::make_unique<StockDevice>(*settings, host);
}

}  // namespace
}  // namespace e1000

const ModelEntry& E1000StockEntry() {
  static const ModelEntry entry = {
      .name = "e1000-stock",
      .summary = "Intel 82540EM/82544GC/82545EM as QEMU 7.2 emulates them, bit-exact",
      .options = e1000::SettingsHelp(),
      .create = e1000::CreateStock,
      .describer = FamilyDescriber("e1000"),
  };
  return entry;
}

}  // namespace nicreplay

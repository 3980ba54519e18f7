// SPDX-License-Identifier: GPL-2.0-or-later
#include "qtest/source/qemu_e1000.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "models/options.h"
#include "models/pci_config.h"
#include "qtest/source/shim.h"

// A plugin made from another tree has a name of its own, so that both can be compared in one run.
#ifndef NICREPLAY_QEMU_MODEL_NAME
#define NICREPLAY_QEMU_MODEL_NAME "qemu-e1000"
#endif
#ifndef NICREPLAY_QEMU_VERSION
#define NICREPLAY_QEMU_VERSION "of unknown version"
#endif

namespace nicreplay {
namespace {

// QEMU's network layer carries no longer frames (net/net.c, NET_BUFSIZE).
constexpr std::size_t kMaxFrame = 4096 + 65536;
constexpr std::size_t kMaxPieces = 64;
constexpr std::uint32_t kStateMagic = 0x31455251;  // "QRE1"

// In the order in which e1000.c creates them.
constexpr std::array<const char*, 3> kTimerNames = {"autoneg", "mitigation", "flush"};

// PciConfig asks its host for the interrupt line alone.
class LineHost final : public Host {
 public:
  LineHost(const nr_host_ops* ops, void* host) : ops_(ops), host_(host) {}
  Nanoseconds Now() override { return 0; }
  void DmaRead(GuestAddress, MutableBytes) override {}
  void DmaWrite(GuestAddress, Bytes) override {}
  void Transmit(const Frame&) override {}
  void SetInterrupt(LineLevel level) override {
    ops_->set_interrupt(host_, level == LineLevel::kHigh);
  }
  void ArmTimer(TimerId, Nanoseconds) override {}
  void CancelTimer(TimerId) override {}
  void FlushReceive() override {}

 private:
  const nr_host_ops* ops_;
  void* host_;
};

struct Settings {
  std::string type;
  MacAddress mac{};
  struct Switch {
    const char* key;
    const char* property;
    bool on;
  };
  std::array<Switch, 4> switches = {{{"autonegotiation", "autonegotiation", true},
                                     {"mitigation", "mitigation", true},
                                     {"extra_mac_registers", "extra_mac_registers", true},
                                     {"init_vet", "init-vet", true}}};
  std::uint32_t rom_size = 0;
};

Result<std::string> TypeOf(const std::string& device) {
  static constexpr std::array<std::array<const char*, 2>, 3> kTypes = {
      {{"82540em", "e1000"}, {"82544gc", "e1000-82544gc"}, {"82545em", "e1000-82545em"}}};
  for (const auto& [name, type] : kTypes) {
    if (device == name) return std::string(type);
  }
  return Fail(ErrorCode::kUsage,
              "option device=" + device + ": not one of 82540em, 82544gc, 82545em");
}

Result<Settings> ParseSettings(const char* text) {
  auto options = Options::Parse(text == nullptr ? "" : text);
  if (!options) return tl::make_unexpected(options.error());
  Settings settings;
  auto type = TypeOf(options->TakeText("device", "82540em"));
  if (!type) return tl::make_unexpected(type.error());
  settings.type = *type;
  auto mac = options->TakeMac("mac", {0x52, 0x54, 0x00, 0x12, 0x34, 0x56});
  if (!mac) return tl::make_unexpected(mac.error());
  settings.mac = *mac;
  for (Settings::Switch& each : settings.switches) {
    auto on = options->TakeSwitch(each.key, each.on);
    if (!on) return tl::make_unexpected(on.error());
    each.on = *on;
  }
  auto rom_size = options->TakeNumber("rom_size", 0, std::uint64_t{1} << 31);
  if (!rom_size) return tl::make_unexpected(rom_size.error());
  const bool power_of_two = (*rom_size & (*rom_size - 1)) == 0;
  if (*rom_size != 0 && (!power_of_two || *rom_size < 2048)) {
    return Fail(ErrorCode::kUsage, "option rom_size: not 0 or a power of two of at least 2048");
  }
  settings.rom_size = static_cast<std::uint32_t>(*rom_size);
  auto finished = options->Finish();
  if (!finished) return tl::make_unexpected(finished.error());
  return settings;
}

struct StateHeader {
  std::uint32_t magic;
  std::uint32_t size;
};

}  // namespace
}  // namespace nicreplay

struct nr_device {
  nr_device(const nr_host_ops* ops, void* host) : line(ops, host) {}
  ~nr_device() {
    if (instance != nullptr) nicreplay_delete(instance);
  }
  nr_device(const nr_device&) = delete;
  nr_device& operator=(const nr_device&) = delete;

  nicreplay::LineHost line;
  nicreplay_instance* instance = nullptr;
  std::unique_ptr<nicreplay::PciConfig> config;
  nr_info info{};
  // e1000.c strips VLAN tags in the buffer that it is given, so it gets a copy.
  std::array<std::uint8_t, nicreplay::kMaxFrame> frame;
};

namespace nicreplay {
namespace {

void MirrorConfig(nr_device* device) {
  std::uint8_t* bytes = nicreplay_config(device->instance);
  for (std::size_t i = 0; i < PciConfig::kSize; i += 4) {
    const std::uint32_t value = device->config->Read(static_cast<std::uint8_t>(i), 4);
    for (std::size_t byte = 0; byte < 4; ++byte) {
      bytes[i + byte] = static_cast<std::uint8_t>(value >> 8 * byte);
    }
  }
}

void WriteConfig(void* pci, std::uint32_t address, std::uint32_t value, int size) {
  auto* device = static_cast<nr_device*>(pci);
  device->config->Write(static_cast<std::uint8_t>(address), static_cast<std::uint8_t>(size), value,
                        device->line);
  MirrorConfig(device);
}

void SetPin(void* pci, int level) {
  auto* device = static_cast<nr_device*>(pci);
  device->config->SetInterrupt(level != 0 ? LineLevel::kHigh : LineLevel::kLow, device->line);
}

DeviceInfo Describe(nr_device* device) {
  const nicreplay_identity identity = nicreplay_identify(device->instance);
  DeviceInfo info;
  info.vendor_id = identity.vendor_id;
  info.device_id = identity.device_id;
  info.revision = identity.revision;
  info.class_code = std::uint32_t{identity.class_id} << 8;
  device->info.vendor_id = info.vendor_id;
  device->info.device_id = info.device_id;
  device->info.revision = info.revision;
  device->info.class_code = info.class_code;
  for (int i = 0; i < 6; ++i) {
    const nr_bar bar = nicreplay_bar(device->instance, i);
    device->info.bars[i] = bar;
    info.bars[i] = {static_cast<BarInfo::Kind>(bar.kind), bar.size};
  }
  device->info.timer_count =
      std::min(nicreplay_timer_count(device->instance), std::size(kTimerNames));
  device->info.timer_names = kTimerNames.data();
  return info;
}

Result<std::monostate> Configure(nr_device* device, const Settings& settings) {
  nicreplay_set_mac(device->instance, settings.mac.data());
  for (const Settings::Switch& each : settings.switches) {
    if (nicreplay_set_bit(device->instance, each.property, each.on) == 0 && !each.on) {
      return Fail(ErrorCode::kUsage, std::string("option ") + each.key +
                                         "=off: the e1000 of this QEMU version has no such "
                                         "property; leave the option out");
    }
  }
  return std::monostate{};
}

// What realize presets in configuration space, which the PCI core's own bytes then follow.
Result<std::monostate> Realize(nr_device* device, const Settings& settings) {
  if (nicreplay_realize(device->instance) == 0) {
    return Fail(ErrorCode::kUsage, "QEMU's e1000 refused to be realized");
  }
  std::array<std::uint8_t, PciConfig::kSize> preset;
  std::copy_n(nicreplay_config(device->instance), preset.size(), preset.begin());
  device->config = std::make_unique<PciConfig>(Describe(device), settings.rom_size);
  for (std::size_t i = 0; i < preset.size(); ++i) {
    if (preset[i] != 0) device->config->Preset(static_cast<std::uint8_t>(i), preset[i]);
  }
  MirrorConfig(device);
  return std::monostate{};
}

Result<std::unique_ptr<nr_device>> Make(const char* options, const nr_host_ops* ops, void* host) {
  auto settings = ParseSettings(options);
  if (!settings) return tl::make_unexpected(settings.error());
  auto device = std::make_unique<nr_device>(ops, host);
  const nicreplay_environment environment = {ops, host, WriteConfig, SetPin, device.get()};
  device->instance = nicreplay_new(settings->type.c_str(), &environment);
  if (device->instance == nullptr) {
    return Fail(ErrorCode::kUsage, "this QEMU source has no device type " + settings->type);
  }
  auto configured = Configure(device.get(), *settings);
  if (!configured) return tl::make_unexpected(configured.error());
  auto realized = Realize(device.get(), *settings);
  if (!realized) return tl::make_unexpected(realized.error());
  return device;
}

nr_device* Create(const nr_model*, const char* options, const nr_host_ops* ops, void* host,
                  char* error, std::size_t error_size) {
  auto device = Make(options, ops, host);
  if (device) return device->release();
  if (error != nullptr && error_size > 0) {
    const std::size_t length = std::min(device.error().message.size(), error_size - 1);
    std::memcpy(error, device.error().message.data(), length);
    error[length] = '\0';
  }
  return nullptr;
}

void Destroy(nr_device* device) { delete device; }

const nr_info* Info(nr_device* device) { return &device->info; }

std::uint64_t Read(nr_device* device, std::uint8_t bar, std::uint32_t offset, std::uint8_t size) {
  return nicreplay_read(device->instance, bar, offset, size);
}

void Write(nr_device* device, std::uint8_t bar, std::uint32_t offset, std::uint8_t size,
           std::uint64_t value) {
  nicreplay_write(device->instance, bar, offset, size, value);
}

std::uint32_t ConfigRead(nr_device* device, std::uint8_t offset, std::uint8_t size) {
  return device->config->Read(offset, size);
}

void ConfigWrite(nr_device* device, std::uint8_t offset, std::uint8_t size, std::uint32_t value) {
  if ((size != 1 && size != 2 && size != 4) || offset % size != 0) return;
  nicreplay_config_write(device->instance, offset, size, value);
}

int CanReceive(nr_device* device) { return nicreplay_can_receive(device->instance); }

// The frame's pieces, copied; more pieces than fit become one.  0: longer than any frame.
int CopyFrame(nr_device* device, const nr_frame* frame, std::array<iovec, kMaxPieces>* iov) {
  std::size_t used = 0;
  int count = 0;
  const bool split = frame->piece_count <= kMaxPieces;
  (*iov)[0] = {device->frame.data(), 0};
  for (std::size_t i = 0; i < frame->piece_count; ++i) {
    const nr_bytes& piece = frame->pieces[i];
    if (piece.size == 0) continue;
    if (piece.size > device->frame.size() - used) return 0;
    std::memcpy(device->frame.data() + used, piece.data, piece.size);
    if (split || count == 0) (*iov)[static_cast<std::size_t>(count++)] = {&device->frame[used], 0};
    (*iov)[static_cast<std::size_t>(count - 1)].iov_len += piece.size;
    used += piece.size;
  }
  return std::max(count, 1);
}

// Nothing is left to do; that checksums are known to be right is no news to an e1000.
bool IsWireFrame(const nr_offload& offload) {
  return (offload.flags & Offload::kNeedsChecksum) == 0 && offload.gso_type == Offload::kGsoNone;
}

nr_receive_result Receive(nr_device* device, const nr_frame* frame) {
  if (!IsWireFrame(frame->offload)) return NR_DROPPED;
  std::array<iovec, kMaxPieces> iov;
  const int count = CopyFrame(device, frame, &iov);
  if (count == 0) return NR_DROPPED;
  const ssize_t result = nicreplay_receive(device->instance, iov.data(), count);
  if (result == 0) return NR_KEEP;
  return result < 0 ? NR_DROPPED : NR_CONSUMED;
}

void SetLink(nr_device* device, int up) { nicreplay_set_link(device->instance, up); }

void Timer(nr_device* device, std::uint8_t id) { nicreplay_timer(device->instance, id); }

// QEMU resets a bus's devices before their PCI functions.
void Reset(nr_device* device) {
  nicreplay_reset(device->instance);
  device->config->Reset(device->line);
  MirrorConfig(device);
}

std::size_t StateSize(nr_device* device) {
  return sizeof(StateHeader) + PciConfig::kStateSize + nicreplay_state_size(device->instance);
}

void Save(nr_device* device, std::uint8_t* out) {
  const StateHeader header = {kStateMagic, static_cast<std::uint32_t>(StateSize(device))};
  std::memcpy(out, &header, sizeof header);
  out += sizeof header;
  device->config->Save(std::span<std::uint8_t, PciConfig::kStateSize>(out, PciConfig::kStateSize));
  nicreplay_save(device->instance, out + PciConfig::kStateSize);
}

int Load(nr_device* device, const std::uint8_t* state, std::size_t size) {
  StateHeader header;
  if (size != StateSize(device)) return 0;
  std::memcpy(&header, state, sizeof header);
  if (header.magic != kStateMagic || header.size != size) return 0;
  state += sizeof header;
  if (!device->config->Load(
          std::span<const std::uint8_t, PciConfig::kStateSize>(state, PciConfig::kStateSize))) {
    return 0;
  }
  MirrorConfig(device);
  nicreplay_load(device->instance, state + PciConfig::kStateSize);
  return 1;
}

constexpr const char* kOptionsHelp =
    "device=82540em  82540em, 82544gc or 82545em\n"
    "mac=52:54:00:12:34:56  station address\n"
    "autonegotiation=on  on or off\n"
    "mitigation=on  interrupt moderation, on or off\n"
    "extra_mac_registers=on  on or off\n"
    "init_vet=on  VET is 0x8100 after reset, on or off\n"
    "rom_size=0  bytes of the expansion ROM BAR\n";

constexpr nr_model kModel = {
    .name = NICREPLAY_QEMU_MODEL_NAME,
    .summary = "hw/net/e1000.c of QEMU " NICREPLAY_QEMU_VERSION ", unmodified",
    .options = kOptionsHelp,
    .create = Create,
    .destroy = Destroy,
    .info = Info,
    .read = Read,
    .write = Write,
    .config_read = ConfigRead,
    .config_write = ConfigWrite,
    .can_receive = CanReceive,
    .receive = Receive,
    .set_link = SetLink,
    .timer = Timer,
    .reset = Reset,
    .state_size = StateSize,
    .save = Save,
    .load = Load,
    .receive_offloads = nullptr,
    .receive_burst = nullptr,
    .work = nullptr,
    .poll = nullptr,
    .shadow_pages = nullptr,
    .shadow_active = nullptr,
    .receive_room = nullptr,
    .family = "e1000",
    .context = nullptr,
};

}  // namespace
}  // namespace nicreplay

const nr_model* QemuE1000Model(void) { return &nicreplay::kModel; }

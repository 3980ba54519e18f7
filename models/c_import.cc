// SPDX-License-Identifier: MIT
// A C model behind our Device.
#include <fmt/format.h>

#include <array>
#include <atomic>
#include <bit>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "models/c_adapter.h"
#include "models/c_frame.h"
#include "models/families.h"
#include "models/shadow_pages.h"

namespace nicreplay {
namespace {

constexpr std::size_t kMaxTimers = 64;
constexpr std::size_t kMaxShadowPages = 32;

Host& ToHost(void* host) { return *static_cast<Host*>(host); }

constexpr nr_host_ops kHostOps = {
    .now = [](void* host) noexcept -> std::uint64_t { return ToHost(host).Now(); },
    .dma_read =
        [](void* host, std::uint64_t address, void* out, std::size_t size) noexcept {
          ToHost(host).DmaRead(address, {static_cast<std::uint8_t*>(out), size});
        },
    .dma_write =
        [](void* host, std::uint64_t address, const void* data, std::size_t size) noexcept {
          ToHost(host).DmaWrite(address, {static_cast<const std::uint8_t*>(data), size});
        },
    .transmit =
        [](void* host, const nr_frame* frame) noexcept {
          ToHost(host).Transmit(FrameFromC(*frame).get());
        },
    .set_interrupt =
        [](void* host, int level) noexcept {
          ToHost(host).SetInterrupt(level != 0 ? LineLevel::kHigh : LineLevel::kLow);
        },
    .arm_timer = [](void* host, std::uint8_t id,
                    std::uint64_t deadline) noexcept { ToHost(host).ArmTimer(id, deadline); },
    .cancel_timer = [](void* host, std::uint8_t id) noexcept { ToHost(host).CancelTimer(id); },
    .flush_receive = [](void* host) noexcept { ToHost(host).FlushReceive(); },
    .map_read = [](void* host, std::uint64_t address, std::size_t size,
                   const std::uint8_t** data) noexcept -> std::size_t {
      const Bytes mapped = ToHost(host).MapRead(address, size);
      *data = mapped.data();
      return mapped.size();
    },
    .transmit_offloads = [](void* host) noexcept -> std::uint8_t {
      return ToHost(host).TransmitOffloads();
    },
    .request_work = [](void* host,
                       std::uint64_t deadline) noexcept { ToHost(host).RequestWork(deadline); },
    .cancel_work = [](void* host) noexcept { ToHost(host).CancelWork(); },
};

// DeviceInfo with the names that it points at.
struct ImportedInfo {
  DeviceInfo info;
  std::vector<std::string> names;
  std::vector<std::string_view> views;

  // False: nothing a bus could host.
  bool Take(const nr_info* from) {
    if (from == nullptr || from->timer_count > kMaxTimers) return false;
    info.vendor_id = from->vendor_id;
    info.device_id = from->device_id;
    info.revision = from->revision;
    info.class_code = from->class_code & 0xffffff;
    for (std::size_t i = 0; i < std::size(info.bars); ++i) {
      const nr_bar& bar = from->bars[i];
      // What is no enumerator must not be loaded as one.
      std::underlying_type_t<nr_bar_kind> kind = 0;
      std::memcpy(&kind, &bar.kind, sizeof(kind));
      if (kind > NR_BAR_MEMORY64) return false;
      if (kind == NR_BAR_MEMORY64 &&
          (i + 1 == std::size(info.bars) || from->bars[i + 1].kind != NR_BAR_NONE)) {
        return false;
      }
      if (kind != NR_BAR_NONE && !std::has_single_bit(bar.size)) return false;
      info.bars[i] = {static_cast<BarInfo::Kind>(kind), bar.size};
    }
    return TakeTimers(*from);
  }

 private:
  bool TakeTimers(const nr_info& from) {
    for (std::size_t i = 0; i < from.timer_count; ++i) {
      if (from.timer_names == nullptr || from.timer_names[i] == nullptr) return false;
      names.emplace_back(from.timer_names[i]);
    }
    views.assign(names.begin(), names.end());
    info.timers = views;
    return true;
  }
};

class ImportedDevice : public Device {
 public:
  ImportedDevice(const nr_model& model, nr_device* device) : model_(model), device_(device) {}
  ImportedDevice(const ImportedDevice&) = delete;
  ImportedDevice& operator=(const ImportedDevice&) = delete;
  ~ImportedDevice() override { model_.destroy(device_); }

  bool TakeInfo() { return info_.Take(model_.info(device_)) && TakeShadow(); }

  const DeviceInfo& info() const override { return info_.info; }
  std::uint64_t Read(const Access& access) override {
    return model_.read(device_, access.bar, access.offset, access.size);
  }
  void Write(const Access& access, std::uint64_t value) override {
    model_.write(device_, access.bar, access.offset, access.size, value);
  }
  std::uint32_t ConfigRead(std::uint8_t offset, std::uint8_t size) override {
    return model_.config_read(device_, offset, size);
  }
  void ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) override {
    model_.config_write(device_, offset, size, value);
  }
  bool CanReceive() const override { return model_.can_receive(device_) != 0; }
  ReceiveResult Receive(const Frame& frame) override {
    return FromC(model_.receive(device_, FrameToC(frame).get()));
  }
  std::size_t ReceiveRoom(std::size_t size) const override {
    return model_.receive_room != nullptr ? model_.receive_room(device_, size)
                                          : Device::ReceiveRoom(size);
  }
  OffloadSet ReceiveOffloads() const override {
    return model_.receive_offloads != nullptr ? model_.receive_offloads(device_) : OffloadSet{0};
  }
  std::size_t ReceiveBurst(std::span<const Frame> frames,
                           std::span<ReceiveResult> results) override;
  void Work() override {
    if (model_.work != nullptr) model_.work(device_);
  }
  void Poll() override {
    if (model_.poll != nullptr) model_.poll(device_);
  }
  ShadowPages* shadow() override {
    if (pages_.empty()) return nullptr;
    shadow_.set_active(model_.shadow_active(device_) != 0);
    return &shadow_;
  }
  void SetLink(LinkState state) override { model_.set_link(device_, state == LinkState::kUp); }
  void Timer(TimerId id) override { model_.timer(device_, id); }
  void Reset() override { model_.reset(device_); }
  std::size_t StateSize() const override { return model_.state_size(device_); }
  void Save(MutableBytes out) const override { model_.save(device_, out.data()); }
  bool Load(Bytes state) override { return model_.load(device_, state.data(), state.size()) != 0; }

 private:
  bool TakeShadow();

  const nr_model& model_;
  nr_device* const device_;
  ImportedInfo info_;
  std::vector<ShadowPages::Page> pages_;
  ShadowPages shadow_{{}};
};

bool ImportedDevice::TakeShadow() {
  static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));
  if (model_.shadow_pages == nullptr || model_.shadow_active == nullptr) return true;
  const nr_shadow_page* from = nullptr;
  const std::size_t count = model_.shadow_pages(device_, &from);
  if (count > kMaxShadowPages || (count != 0 && from == nullptr)) return false;
  for (std::size_t i = 0; i < count; ++i) {
    if (from[i].words == nullptr || from[i].offset % ShadowPages::kPageSize != 0) return false;
    pages_.push_back(
        {from[i].offset, reinterpret_cast<std::atomic<std::uint32_t>*>(from[i].words)});
  }
  shadow_ = ShadowPages(pages_);
  return true;
}

std::size_t ImportedDevice::ReceiveBurst(std::span<const Frame> frames,
                                         std::span<ReceiveResult> results) {
  if (model_.receive_burst == nullptr) return Device::ReceiveBurst(frames, results);
  constexpr std::size_t kGroup = 32;
  std::size_t offered = 0;
  while (offered < frames.size()) {
    const std::size_t size = std::min(kGroup, frames.size() - offered);
    const FramesToC<kGroup> group(frames.subspan(offered, size));
    std::array<nr_receive_result, kGroup> group_results{};
    const std::size_t done =
        std::min(size, model_.receive_burst(device_, group.get(), size, group_results.data()));
    for (std::size_t i = 0; i < done; ++i) results[offered++] = FromC(group_results[i]);
    // Less than was offered without keeping a frame: what is left would be lost.
    if (done == 0) return offered;
    if (results[offered - 1] == ReceiveResult::kKeep) break;
  }
  return offered;
}

Result<std::unique_ptr<Device>> CreateImported(const ModelEntry& self, const Options& options,
                                               Host& host) {
  const auto* model = static_cast<const nr_model*>(self.context);
  char error[512] = "";
  nr_device* made =
      model->create(model, options.ToString().c_str(), &kHostOps, &host, error, sizeof error);
  error[sizeof error - 1] = '\0';
  if (made == nullptr) return Fail(ErrorCode::kUsage, fmt::format("{}: {}", self.name, error));
  auto device = std::make_unique<ImportedDevice>(*model, made);
  if (!device->TakeInfo()) {
    return Fail(ErrorCode::kCorrupt,
                fmt::format("{}: its BARs or timers are none that a bus could host", self.name));
  }
  return device;
}

bool IsComplete(const nr_model& model) {
  return model.create && model.destroy && model.info && model.read && model.write &&
         model.config_read && model.config_write && model.can_receive && model.receive &&
         model.set_link && model.timer && model.reset && model.state_size && model.save &&
         model.load;
}

}  // namespace

Result<std::unique_ptr<ModelEntry>> ImportModel(const nr_model* model) {
  if (model == nullptr || model->name == nullptr || *model->name == '\0') {
    return Fail(ErrorCode::kCorrupt, "a model without a name");
  }
  if (!IsComplete(*model)) {
    return Fail(ErrorCode::kCorrupt,
                fmt::format("model '{}' lacks one of its functions", model->name));
  }
  auto entry = std::make_unique<ModelEntry>();
  entry->name = model->name;
  entry->summary = model->summary != nullptr ? model->summary : "";
  entry->options = model->options != nullptr ? model->options : "";
  entry->create = CreateImported;
  entry->describer = FamilyDescriber(model->family != nullptr ? model->family : "");
  entry->context = model;
  return entry;
}

}  // namespace nicreplay

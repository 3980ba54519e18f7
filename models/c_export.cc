// SPDX-License-Identifier: MIT
// Our Device behind the C table.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <map>
#include <vector>

#include "models/c_adapter.h"
#include "models/c_frame.h"
#include "models/families.h"
#include "models/shadow_pages.h"

namespace nicreplay {
namespace {

class CHost : public Host {
 public:
  CHost(const nr_host_ops& ops, void* host) : ops_(ops), host_(host) {}

  Nanoseconds Now() override { return ops_.now(host_); }
  void DmaRead(GuestAddress address, MutableBytes out) override {
    ops_.dma_read(host_, address, out.data(), out.size());
  }
  void DmaWrite(GuestAddress address, Bytes data) override {
    ops_.dma_write(host_, address, data.data(), data.size());
  }
  void Transmit(const Frame& frame) override { ops_.transmit(host_, FrameToC(frame).get()); }
  void SetInterrupt(LineLevel level) override {
    ops_.set_interrupt(host_, level == LineLevel::kHigh);
  }
  void ArmTimer(TimerId id, Nanoseconds deadline) override { ops_.arm_timer(host_, id, deadline); }
  void CancelTimer(TimerId id) override { ops_.cancel_timer(host_, id); }
  void FlushReceive() override { ops_.flush_receive(host_); }
  Bytes MapRead(GuestAddress address, std::size_t size) override {
    if (ops_.map_read == nullptr) return {};
    const std::uint8_t* data = nullptr;
    const std::size_t mapped = ops_.map_read(host_, address, size, &data);
    return {data, std::min(mapped, size)};
  }
  OffloadSet TransmitOffloads() override {
    return ops_.transmit_offloads != nullptr ? ops_.transmit_offloads(host_) : OffloadSet{0};
  }
  void RequestWork(Nanoseconds deadline) override {
    if (ops_.request_work != nullptr) ops_.request_work(host_, deadline);
  }
  void CancelWork() override {
    if (ops_.cancel_work != nullptr) ops_.cancel_work(host_);
  }

 private:
  const nr_host_ops& ops_;
  void* const host_;
};

// What an nr_device of ours is.
struct ExportedDevice {
  ExportedDevice(const nr_host_ops& ops, void* c_host) : host(ops, c_host) {}

  void FillInfo() {
    const DeviceInfo& from = device->info();
    for (std::size_t i = 0; i < std::size(from.bars); ++i) {
      info.bars[i] = {static_cast<nr_bar_kind>(from.bars[i].kind), from.bars[i].size};
    }
    names.assign(from.timers.begin(), from.timers.end());
    for (const std::string& name : names) name_pointers.push_back(name.c_str());
    info.vendor_id = from.vendor_id;
    info.device_id = from.device_id;
    info.revision = from.revision;
    info.class_code = from.class_code;
    info.timer_count = name_pointers.size();
    info.timer_names = name_pointers.data();
  }

  void FillShadow() {
    static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));
    const ShadowPages* shadow = device->shadow();
    if (shadow == nullptr) return;
    for (const ShadowPages::Page& page : shadow->pages()) {
      pages.push_back({page.offset, reinterpret_cast<std::uint32_t*>(page.words)});
    }
  }

  CHost host;
  std::unique_ptr<Device> device;
  nr_info info{};
  std::vector<std::string> names;
  std::vector<const char*> name_pointers;
  std::vector<nr_shadow_page> pages;
};

ExportedDevice& FromC(nr_device* device) { return *reinterpret_cast<ExportedDevice*>(device); }
Device& ToDevice(nr_device* device) { return *FromC(device).device; }

void CopyError(const Error& error, char* out, std::size_t size) {
  if (out == nullptr || size == 0) return;
  const std::size_t length = std::min(error.message.size(), size - 1);
  std::memcpy(out, error.message.data(), length);
  out[length] = '\0';
}

nr_device* Create(const nr_model* model, const char* options, const nr_host_ops* ops, void* host,
                  char* error, std::size_t error_size) noexcept {
  const auto& entry = *static_cast<const ModelEntry*>(model->context);
  const auto parsed = Options::Parse(options != nullptr ? options : "");
  if (!parsed) {
    CopyError(parsed.error(), error, error_size);
    return nullptr;
  }
  auto made = std::make_unique<ExportedDevice>(*ops, host);
  auto device = entry.create(entry, *parsed, made->host);
  if (!device) {
    CopyError(device.error(), error, error_size);
    return nullptr;
  }
  made->device = std::move(*device);
  made->FillInfo();
  made->FillShadow();
  return reinterpret_cast<nr_device*>(made.release());
}

nr_receive_result Receive(nr_device* device, const nr_frame* frame) noexcept {
  return static_cast<nr_receive_result>(ToDevice(device).Receive(FrameFromC(*frame).get()));
}

// In groups, so that a burst of any length needs no allocation.
std::size_t ReceiveBurst(nr_device* device, const nr_frame* frames, std::size_t count,
                         nr_receive_result* results) noexcept {
  constexpr std::size_t kGroup = 32;
  std::size_t offered = 0;
  while (offered < count) {
    const std::size_t size = std::min(kGroup, count - offered);
    const FramesFromC<kGroup> group({frames + offered, size});
    std::array<ReceiveResult, kGroup> group_results;
    const std::size_t done =
        ToDevice(device).ReceiveBurst(group.get(), std::span(group_results).first(size));
    for (std::size_t i = 0; i < done; ++i) {
      results[offered++] = static_cast<nr_receive_result>(group_results[i]);
    }
    if (done < size || done == 0 || group_results[done - 1] == ReceiveResult::kKeep) break;
  }
  return offered;
}

void Save(nr_device* device, std::uint8_t* out) noexcept {
  const Device& from = ToDevice(device);
  from.Save({out, from.StateSize()});
}

nr_model Table(const ModelEntry& entry) {
  return {
      .name = entry.name.c_str(),
      .summary = entry.summary.c_str(),
      .options = entry.options.c_str(),
      .create = Create,
      .destroy = [](nr_device* device) noexcept { delete &FromC(device); },
      .info = [](nr_device* device) noexcept -> const nr_info* { return &FromC(device).info; },
      .read =
          [](nr_device* device, std::uint8_t bar, std::uint32_t offset,
             std::uint8_t size) noexcept {
            return ToDevice(device).Read({bar, size, offset});
          },
      .write =
          [](nr_device* device, std::uint8_t bar, std::uint32_t offset, std::uint8_t size,
             std::uint64_t value) noexcept {
            ToDevice(device).Write({bar, size, offset}, value);
          },
      .config_read =
          [](nr_device* device, std::uint8_t offset, std::uint8_t size) noexcept {
            return ToDevice(device).ConfigRead(offset, size);
          },
      .config_write =
          [](nr_device* device, std::uint8_t offset, std::uint8_t size,
             std::uint32_t value) noexcept { ToDevice(device).ConfigWrite(offset, size, value); },
      .can_receive = [](nr_device* device) noexcept -> int {
        return ToDevice(device).CanReceive();
      },
      .receive = Receive,
      .set_link =
          [](nr_device* device, int up) noexcept {
            ToDevice(device).SetLink(up != 0 ? LinkState::kUp : LinkState::kDown);
          },
      .timer = [](nr_device* device, std::uint8_t id) noexcept { ToDevice(device).Timer(id); },
      .reset = [](nr_device* device) noexcept { ToDevice(device).Reset(); },
      .state_size = [](nr_device* device) noexcept { return ToDevice(device).StateSize(); },
      .save = Save,
      .load = [](nr_device* device, const std::uint8_t* state, std::size_t size) noexcept -> int {
        return ToDevice(device).Load({state, size});
      },
      .receive_offloads = [](nr_device* device) noexcept -> std::uint8_t {
        return ToDevice(device).ReceiveOffloads();
      },
      .receive_burst = ReceiveBurst,
      .work = [](nr_device* device) noexcept { ToDevice(device).Work(); },
      .poll = [](nr_device* device) noexcept { ToDevice(device).Poll(); },
      .shadow_pages = [](nr_device* device, const nr_shadow_page** pages) noexcept -> std::size_t {
        *pages = FromC(device).pages.data();
        return FromC(device).pages.size();
      },
      .shadow_active = [](nr_device* device) noexcept -> int {
        const ShadowPages* shadow = ToDevice(device).shadow();
        return shadow != nullptr && shadow->active();
      },
      .receive_room = [](nr_device* device, std::size_t size) noexcept -> std::size_t {
        return ToDevice(device).ReceiveRoom(size);
      },
      .family = FamilyName(entry.describer),
      .context = &entry,
  };
}

}  // namespace

const nr_model* ExportModel(const ModelEntry& entry) {
  static std::map<const ModelEntry*, nr_model> tables;
  const auto found = tables.find(&entry);
  if (found != tables.end()) return &found->second;
  return &tables.emplace(&entry, Table(entry)).first->second;
}

}  // namespace nicreplay

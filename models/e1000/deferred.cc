// SPDX-License-Identifier: MIT
#include "models/e1000/deferred.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "models/e1000/deferral.h"
#include "models/e1000/e1000.h"
#include "models/e1000/fields.h"
#include "models/e1000/registers.h"
#include "models/e1000/settings.h"
#include "models/families.h"
#include "models/pci_config.h"

namespace nicreplay {
namespace e1000 {

namespace {

constexpr std::uint32_t kShadowedPages[] = {0x2000, 0x3000};

// Where on the shadowed pages a register lies, by page and word.
struct Place {
  std::size_t page;
  std::size_t word;
};
Place PlaceOf(std::uint32_t offset) {
  const std::size_t page = offset >= kShadowedPages[1] ? 1 : 0;
  return {page, (offset - kShadowedPages[page]) / 4};
}

// Whether a register lies on a shadowed page.
constexpr bool IsShadowed(std::uint32_t offset) {
  return std::ranges::any_of(kShadowedPages, [offset](std::uint32_t page) {
    return offset - page < ShadowPages::kPageSize;
  });
}

bool IsNarrow(const Access& access) {
  return access.bar == 0 && (access.size == 1 || access.size == 2 || access.size == 4) &&
         access.offset % access.size == 0;
}

bool IsTail(const Access& access) {
  const std::uint32_t offset = access.offset & ~3u;
  return IsNarrow(access) && (offset == kTDT || offset == kRDT);
}

bool IsInterruptRegister(const Access& access) {
  const std::uint32_t offset = access.offset & ~3u;
  return IsNarrow(access) && (offset == kICR || offset == kIMS || offset == kIMC);
}

}  // namespace

// Passes everything on but the interrupt line.
class DeferredDevice::Gate final : public Host {
 public:
  Gate(DeferredDevice& device, Host& host) : device_(device), host_(host) {}

  Nanoseconds Now() override { return host_.Now(); }
  void DmaRead(GuestAddress address, MutableBytes out) override { host_.DmaRead(address, out); }
  void DmaWrite(GuestAddress address, Bytes data) override { host_.DmaWrite(address, data); }
  void Transmit(const Frame& frame) override { host_.Transmit(frame); }
  void SetInterrupt(LineLevel level) override { device_.OnLine(level); }
  void ArmTimer(TimerId id, Nanoseconds deadline) override { host_.ArmTimer(id, deadline); }
  void CancelTimer(TimerId id) override { host_.CancelTimer(id); }
  void FlushReceive() override { host_.FlushReceive(); }

 private:
  DeferredDevice& device_;
  Host& host_;
};

DeferredDevice::DeferredDevice(DeferredParts parts, Host& host)
    : parts_(parts),
      host_(host),
      gate_(std::make_unique<Gate>(*this, host)),
      pages_{{{kShadowedPages[0], words_[0].at.data()}, {kShadowedPages[1], words_[1].at.data()}}},
      shadow_(pages_) {}

DeferredDevice::~DeferredDevice() = default;

Result<std::unique_ptr<DeferredDevice>> DeferredDevice::Create(DeferredParts parts,
                                                               const Options& stock_options,
                                                               Host& host) {
  std::unique_ptr<DeferredDevice> device(new DeferredDevice(parts, host));
  auto stock = E1000StockEntry().create(E1000StockEntry(), stock_options, *device->gate_);
  if (!stock) return tl::make_unexpected(stock.error());
  device->stock_ = std::move(*stock);
  return device;
}

void DeferredDevice::UpdateRequest() {
  const Nanoseconds deadline = std::min({doorbell_deadline_, transmit_deadline_, line_deadline_});
  if (requested_) host_.CancelWork();
  requested_ = deadline != kNotArmed;
  if (requested_) host_.RequestWork(deadline);
}

void DeferredDevice::OnLine(LineLevel level) {
  if (parts_.line && level == LineLevel::kHigh && !line_high_) {
    if (!withheld_rise_) line_deadline_ = host_.Now() + kLineDeferral;
    withheld_rise_ = true;
    UpdateRequest();
    return;
  }
  if (withheld_rise_) {
    withheld_rise_ = false;
    line_deadline_ = kNotArmed;
    UpdateRequest();
    return;
  }
  line_high_ = level == LineLevel::kHigh;
  host_.SetInterrupt(level);
}

void DeferredDevice::CompleteLine() {
  if (!withheld_rise_) return;
  withheld_rise_ = false;
  line_deadline_ = kNotArmed;
  UpdateRequest();
  line_high_ = true;
  host_.SetInterrupt(LineLevel::kHigh);
}

void DeferredDevice::WriteTail(std::uint32_t value) {
  if (!parts_.transmit) {
    stock_->Write({0, 4, kTDT}, value);
    return;
  }
  if (!tail_held_) transmit_deadline_ = host_.Now() + kTransmitDeferral;
  tail_held_ = true;
  held_tail_ = value;
  UpdateRequest();
}

void DeferredDevice::CompleteTransmit() {
  const auto doorbells = std::exchange(doorbells_, {});
  doorbell_deadline_ = kNotArmed;
  for (const auto& [offset, value] : doorbells) {
    if (offset == kTDT) {
      WriteTail(value);
    } else {
      stock_->Write({0, 4, offset}, value);
    }
  }
  transmit_deadline_ = kNotArmed;
  if (std::exchange(tail_held_, false)) stock_->Write({0, 4, kTDT}, held_tail_);
  UpdateRequest();
}

void DeferredDevice::Work() {
  CompleteTransmit();
  CompleteLine();
}

void DeferredDevice::Settle() {
  CompleteTransmit();
  if (shadow_.active()) TakeUp();
  CompleteLine();
}

std::uint64_t DeferredDevice::Read(const Access& access) {
  if (IsInterruptRegister(access)) return stock_->Read(access);
  Settle();
  return stock_->Read(access);
}

void DeferredDevice::Write(const Access& access, std::uint64_t value) {
  if (IsInterruptRegister(access)) {
    stock_->Write(access, value);
    return;
  }
  if (IsTail(access) && (parts_.doorbell || parts_.transmit)) {
    if (access.size < 4) value &= (std::uint64_t{1} << 8 * access.size) - 1;
    const std::uint32_t offset = access.offset & ~3u;
    if (parts_.doorbell) {
      if (doorbells_.size() >= kDoorbellsQueued) Work();
      if (doorbells_.empty()) doorbell_deadline_ = host_.Now() + kDoorbellDeferral;
      doorbells_.emplace_back(offset, static_cast<std::uint32_t>(value));
      UpdateRequest();
    } else if (offset == kTDT) {
      WriteTail(static_cast<std::uint32_t>(value));
    } else {
      stock_->Write(access, value);
    }
    return;
  }
  if (IsTail(access)) {
    stock_->Write(access, value);
    return;
  }
  Settle();
  stock_->Write(access, value);
  LeaveIfDisabled();
}

std::uint32_t DeferredDevice::ConfigRead(std::uint8_t offset, std::uint8_t size) {
  Settle();
  return stock_->ConfigRead(offset, size);
}

void DeferredDevice::ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) {
  Settle();
  stock_->ConfigWrite(offset, size, value);
  LeaveIfDisabled();
}

void DeferredDevice::SetLink(LinkState state) {
  Settle();
  stock_->SetLink(state);
}

void DeferredDevice::Reset() {
  Settle();
  stock_->Reset();
  shadow_.set_active(false);
}

bool DeferredDevice::PowerCycle() {
  if (!stock_->PowerCycle()) return false;
  doorbells_ = decltype(doorbells_)();
  tail_held_ = withheld_rise_ = line_high_ = requested_ = false;
  doorbell_deadline_ = transmit_deadline_ = line_deadline_ = kNotArmed;
  shadow_.set_active(false);  // what the pages hold is published anew
  return true;
}

bool DeferredDevice::Load(Bytes state) {
  if (!stock_->Load(state)) return false;
  doorbells_.clear();
  tail_held_ = withheld_rise_ = false;
  doorbell_deadline_ = transmit_deadline_ = line_deadline_ = kNotArmed;
  UpdateRequest();
  shadow_.set_active(false);
  return true;
}

bool DeferredDevice::Enabled() {
  if ((stock_->ConfigRead(PciConfig::kCommand, 2) & PciConfig::kCommandBusMaster) == 0) {
    return false;
  }
  return (stock_->Read({0, 4, kTCTL}) & tctl::kEN) != 0 ||
         (stock_->Read({0, 4, kRCTL}) & rctl::kEN) != 0;
}

void DeferredDevice::LeaveIfDisabled() {
  if (shadow_.active() && !Enabled()) shadow_.set_active(false);
}

void DeferredDevice::TakeUpWord(std::uint32_t offset) {
  const auto [page, word] = PlaceOf(offset);
  const std::uint32_t value = words_[page].at[word].load(std::memory_order_acquire);
  if (value == published_[page][word]) return;
  published_[page][word] = value;
  stock_->Write({0, 4, offset}, value);
  strays_ = strays_ || FindRegister(offset) == nullptr;
}

void DeferredDevice::TakeUp() {
  for (std::size_t index = 0; index < kPages; ++index) {
    // Nobody else is at the words while a device is a reference.
    if (std::memcmp(&words_[index], &published_[index], sizeof(published_[index])) == 0) continue;
    const std::uint32_t page = kShadowedPages[index];
    for (std::uint32_t offset = page; offset < page + ShadowPages::kPageSize; offset += 4) {
      if (offset != kRDT && offset != kTDT) TakeUpWord(offset);
    }
  }
  TakeUpWord(kRDT);
  TakeUpWord(kTDT);
}

void DeferredDevice::Publish() {
  // What is no register reads 0.
  if (!shadow_.active() || strays_) {
    for (const std::uint32_t page : kShadowedPages) {
      for (std::uint32_t at = 0; at < ShadowPages::kPageSize; at += 4) PublishWord(page + at, 0);
    }
    strays_ = false;
  }
  for (const RegisterRow& row : kRegisters) {
    if (!IsShadowed(row.offset)) continue;
    for (std::uint32_t offset = row.offset; offset < row.end(); offset += 4) {
      PublishWord(offset, static_cast<std::uint32_t>(stock_->Read({0, 4, offset})));
    }
  }
}

void DeferredDevice::PublishWord(std::uint32_t offset, std::uint32_t value) {
  const auto [page, word] = PlaceOf(offset);
  published_[page][word] = value;
  words_[page].at[word].store(value, std::memory_order_release);
}

void DeferredDevice::Poll() {
  if (!parts_.shadow) return;
  CompleteTransmit();
  if (shadow_.active()) TakeUp();
  const bool enabled = Enabled();
  if (enabled) Publish();
  shadow_.set_active(enabled);
}

namespace {

Result<DeferredParts> ParseParts(std::string_view list) {
  DeferredParts parts;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find('+'), list.size());
    const std::string_view name = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    if (name == "tx") {
      parts.transmit = true;
    } else if (name == "doorbell") {
      parts.doorbell = true;
    } else if (name == "line") {
      parts.line = true;
    } else if (name == "shadow") {
      parts.shadow = true;
    } else if (name != "none") {
      return Fail(ErrorCode::kUsage, "defer=" + std::string(name) +
                                         " is not known; there are tx, doorbell, line and shadow");
    }
  }
  return parts;
}

Result<std::unique_ptr<Device>> CreateDeferred(const ModelEntry&, const Options& options,
                                               Host& host) {
  Options left = options;
  const Result<DeferredParts> parts = ParseParts(left.TakeText("defer", "none"));
  if (!parts) return tl::make_unexpected(parts.error());
  auto device = DeferredDevice::Create(*parts, left, host);
  if (!device) return tl::make_unexpected(device.error());
  return std::unique_ptr<Device>(std::move(*device));
}

}  // namespace
}  // namespace e1000

const ModelEntry& E1000DeferredEntry() {
  static const ModelEntry entry = {
      .name = "e1000-deferred",
      .summary =
          "e1000-stock with its engines started later: the reference of the deferred and "
          "polled contracts",
      .options = std::string(e1000::SettingsHelp()) +
                 "\ndefer=none|tx+doorbell+line+shadow  what is put off (default none)",
      .create = e1000::CreateDeferred,
      .describer = FamilyDescriber("e1000"),
  };
  return entry;
}

}  // namespace nicreplay

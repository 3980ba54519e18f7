// SPDX-License-Identifier: MIT
#include "models/e1000/opt/deferring_device.h"

#include <array>

namespace nicreplay::e1000 {
namespace {

// The register that an access reaches if it is one alone.
constexpr std::uint32_t kSeveral = ~0u;
std::uint32_t RegisterOf(const Access& access) {
  return IsRegister(access) && access.size <= 4 ? access.offset & ~3u : kSeveral;
}

bool IsTail(std::uint32_t offset) { return offset == kTDT || offset == kRDT; }

bool IsInterruptRegister(std::uint32_t offset) {
  return offset == kICR || offset == kIMS || offset == kIMC;
}

}  // namespace

DeferringDevice::DeferringDevice(const Settings& settings, Host& host, SwitchSet switches)
    : DeferredLine(host, switches),
      OptDevice(settings, host, line, switches),
      switches_(switches),
      tail_(pending),
      doorbells_(pending) {
  if (switches.has(Switch::kSidecore)) shadow_ = std::make_unique<ShadowRegisters>(control());
}

std::uint64_t DeferringDevice::Read(const Access& access) {
  if (!IsInterruptRegister(RegisterOf(access))) Settle();
  return OptDevice::Read(access);
}

void DeferringDevice::Write(const Access& access, std::uint64_t value) {
  const std::uint32_t offset = RegisterOf(access);
  if (IsTail(offset)) {
    if (access.size < 4) value &= (1u << 8 * access.size) - 1;
    Ring(offset, static_cast<std::uint32_t>(value));
    return;
  }
  if (IsInterruptRegister(offset)) {
    OptDevice::Write(access, value);
    return;
  }
  Settle();
  OptDevice::Write(access, value);
  LeaveIfUnwanted();
}

void DeferringDevice::Ring(std::uint32_t offset, std::uint32_t value) {
  if (switches_.has(Switch::kDoorbell)) {
    if (doorbells_.full()) Work();
    doorbells_.Add(offset, value);
  } else if (offset == kTDT) {
    WriteTail(value);
  } else {
    WriteRegister(offset, value);
  }
}

void DeferringDevice::WriteTail(std::uint32_t value) {
  if (switches_.has(Switch::kAsynctx)) {
    tail_.Hold(value);
  } else {
    WriteRegister(kTDT, value);
  }
}

void DeferringDevice::CompleteTransmit() {
  doorbells_.Drain([this](std::uint32_t offset, std::uint32_t value) {
    offset == kTDT ? WriteTail(value) : WriteRegister(offset, value);
  });
  if (const auto tail = tail_.Release()) WriteRegister(kTDT, *tail);
}

void DeferringDevice::Work() {
  CompleteTransmit();
  line.Release();
}

void DeferringDevice::Settle() {
  CompleteTransmit();
  if (shadow_ && shadow_->active()) {
    shadow_->TakeUpRegisters(
        [this](std::uint32_t offset, std::uint32_t value) { WriteRegister(offset, value); });
  }
  line.Release();
}

void DeferringDevice::Poll() {
  if (!shadow_) return;
  CompleteTransmit();
  if (shadow_->active()) {
    shadow_->TakeUp(
        [this](std::uint32_t offset, std::uint32_t value) { WriteRegister(offset, value); });
  }
  if (shadow_->Wanted()) {
    shadow_->Publish();
  } else {
    shadow_->Deactivate();
  }
}

void DeferringDevice::LeaveIfUnwanted() {
  if (shadow_ && shadow_->active() && !shadow_->Wanted()) shadow_->Deactivate();
}

std::uint32_t DeferringDevice::ConfigRead(std::uint8_t offset, std::uint8_t size) {
  Settle();
  return OptDevice::ConfigRead(offset, size);
}

void DeferringDevice::ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) {
  Settle();
  OptDevice::ConfigWrite(offset, size, value);
  LeaveIfUnwanted();
}

void DeferringDevice::SetLink(LinkState state) {
  Settle();
  OptDevice::SetLink(state);
}

void DeferringDevice::Reset() {
  Settle();
  OptDevice::Reset();
  if (shadow_) shadow_->Deactivate();
}

// Nothing is put off: every field of that is 0.
bool DeferringDevice::PowerCycle() {
  constexpr std::array<std::uint8_t, 512> kNothing{};
  SizeArchive size;
  PendingArchived(*this, size);
  if (size.size() > kNothing.size() || !OptDevice::PowerCycle()) return false;
  LoadArchive archive(kNothing);
  PendingArchived(*this, archive);
  pending.Forget();
  if (shadow_) shadow_->Deactivate();
  return true;
}

std::size_t DeferringDevice::StateSize() const {
  SizeArchive archive;
  PendingArchived(*this, archive);
  return OptDevice::StateSize() + archive.size();
}

void DeferringDevice::Save(MutableBytes out) const {
  OptDevice::Save(out);
  SaveArchive archive(out.subspan(OptDevice::StateSize()));
  PendingArchived(*this, archive);
}

bool DeferringDevice::Load(Bytes state) {
  if (state.size() != StateSize()) return false;
  const std::size_t pending_at = OptDevice::StateSize();
  CheckArchive check(state.subspan(pending_at));
  PendingArchived(*this, check);
  if (!check.valid() || !OptDevice::Load(state.first(pending_at))) return false;
  LoadArchive archive(state.subspan(pending_at));
  PendingArchived(*this, archive);
  for (const PutOff what : {PutOff::kDoorbells, PutOff::kTransmit, PutOff::kLine}) {
    pending.Remove(what);
  }
  doorbells_.Resume();
  tail_.Resume();
  line.Resume();
  if (shadow_) shadow_->Deactivate();
  return true;
}

}  // namespace nicreplay::e1000

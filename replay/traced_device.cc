// SPDX-License-Identifier: MIT
#include "replay/traced_device.h"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

namespace nicreplay {

// A call of the device by its host.  What the driver wrote to the pages comes before it, unless the
// host calls the device from within a call (a delivery while it flushes).
class TracedDevice::Call {
 public:
  explicit Call(TracedDevice& device)
      : device_(device), outermost_(device.shadow_ && !device.in_call_) {
    if (!outermost_) return;
    device_.in_call_ = true;
    device_.shadow_->TakeUp([this](std::uint32_t offset, std::uint32_t value) {
      device_.device_->Write({.bar = 0, .size = 4, .offset = offset}, value);
    });
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() {
    if (!outermost_) return;
    device_.shadow_->FollowActivity();
    device_.in_call_ = false;
  }

 private:
  TracedDevice& device_;
  const bool outermost_;
};

Result<std::unique_ptr<Device>> TracedDevice::Create(const ModelEntry& model,
                                                     const Options& options,
                                                     const std::string& path,
                                                     std::string environment,
                                                     RecordedRegisters registers, Host& host) {
  TraceHeader header;
  header.model = model.name;
  header.options = options.ToString();
  header.recorder = "libnicreplay " NICREPLAY_VERSION;
  header.environment = std::move(environment);
  auto writer = TraceWriter::Create(path, std::move(header));
  if (!writer) return tl::make_unexpected(writer.error());
  auto device = RecordingDevice::Create(model, options, host, **writer);
  if (!device) {
    writer->reset();
    std::remove((path + kIncompleteSuffix).c_str());
    return tl::make_unexpected(device.error());
  }
  return std::unique_ptr<Device>(
      new TracedDevice(std::move(*writer), std::move(*device), registers));
}

TracedDevice::TracedDevice(std::unique_ptr<TraceWriter> writer,
                           std::unique_ptr<RecordingDevice> device, RecordedRegisters registers)
    : writer_(std::move(writer)), device_(std::move(device)) {
  const ShadowPages* const original = device_->inner_shadow();
  if (registers == RecordedRegisters::kShadowed && original != nullptr) shadow_.emplace(*original);
}

TracedDevice::~TracedDevice() {
  device_.reset();
  if (const auto footer = writer_->Finish(); !footer) {
    fmt::print(stderr, "libnicreplay: {}\n", footer.error().ToString());
  }
}

std::uint64_t TracedDevice::Read(const Access& access) {
  const Call call(*this);
  return device_->Read(access);
}

void TracedDevice::Write(const Access& access, std::uint64_t value) {
  const Call call(*this);
  device_->Write(access, value);
}

std::uint32_t TracedDevice::ConfigRead(std::uint8_t offset, std::uint8_t size) {
  const Call call(*this);
  return device_->ConfigRead(offset, size);
}

void TracedDevice::ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) {
  const Call call(*this);
  device_->ConfigWrite(offset, size, value);
}

ReceiveResult TracedDevice::Receive(const Frame& frame) {
  const Call call(*this);
  return device_->Receive(frame);
}

void TracedDevice::Work() {
  const Call call(*this);
  device_->Work();
}

void TracedDevice::Poll() {
  const Call call(*this);
  device_->Poll();
  if (shadow_) shadow_->Publish();
}

void TracedDevice::SetLink(LinkState state) {
  const Call call(*this);
  device_->SetLink(state);
}

void TracedDevice::Timer(TimerId id) {
  const Call call(*this);
  device_->Timer(id);
}

void TracedDevice::Reset() {
  const Call call(*this);
  device_->Reset();
}

bool TracedDevice::Load(Bytes state) {
  const Call call(*this);
  return device_->Load(state);
}

}  // namespace nicreplay

// SPDX-License-Identifier: MIT
#include "qtest/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "models/pci_config.h"
#include "qtest/pc.h"

namespace nicreplay {

namespace {

constexpr std::uint8_t kBar0 = 0x10;
constexpr std::uint8_t kBarsEnd = 0x28;
constexpr std::size_t kMaxWrite = std::size_t{48} << 10;
constexpr std::uint64_t kMaxPort = 0xffff;

std::uint64_t MaskOf(std::uint8_t size) {
  return size >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << 8 * size) - 1;
}

bool MovesBars(const Stimulus& operation) {
  return operation.offset < kBarsEnd && operation.offset + operation.size > PciConfig::kCommand;
}

}  // namespace

QtestTarget::QtestTarget(std::unique_ptr<LiveQemu> live, const QtestOptions& options)
    : live_(std::move(live)),
      ram_size_(options.ram_size),
      name_(fmt::format("QEMU {} {}", live_->version(), options.device)) {}

Result<std::unique_ptr<QtestTarget>> QtestTarget::Create(const QtestOptions& options) {
  if (options.ram_size <= pc::kHoleEnd || options.ram_size > pc::kMaxRam ||
      options.ram_size % 4096 != 0) {
    return Fail(ErrorCode::kUsage,
                "the machine needs more than 1 MiB and at most 2 GiB of RAM, in pages");
  }
  auto live = LiveQemu::Start(options);
  if (!live) return tl::make_unexpected(live.error());
  std::unique_ptr<QtestTarget> target(new QtestTarget(std::move(*live), options));
  if (auto prepared = target->Prepare(); !prepared) {
    return tl::make_unexpected(target->live_->Explain(prepared.error()));
  }
  return target;
}

Status QtestTarget::Prepare() {
  QtestClient& qtest = live_->qtest();
  qtest.WatchInterrupt(pc::kInterrupt);
  qtest.Post(QtestCommand::InterceptIn("ioapic"));
  // To now, for the answer: newer QEMUs refuse a step of nothing.
  const std::size_t clock = qtest.Post({.kind = QtestCommand::Kind::kClockSet, .value = 0});
  const std::size_t bridge = PostConfigRead(qtest, pc::kIsaBridge, 0, 4);
  if (auto done = qtest.Exchange(); !done) return done;
  if (auto id = qtest.Hex(bridge); !id || *id != pc::kIsaBridgeId) {
    return Fail(ErrorCode::kUsage, "the machine has no PIIX3; \"pc\" is such a machine");
  }
  // Timers count whole milliseconds: a clock that does not begin at 0 would round otherwise than
  // ours.
  if (qtest.reply(clock) != "0") return Fail(ErrorCode::kPeer, "its clock does not begin at 0");
  auto nic = FindNic(qtest);
  if (!nic) return tl::make_unexpected(nic.error());
  nic_ = nic->address;
  if (auto routed = RouteInterrupt(); !routed) return routed;
  return LocateBars();
}

Status QtestTarget::RouteInterrupt() {
  QtestClient& qtest = live_->qtest();
  for (int pirq = 0; pirq < pc::kPirqCount; ++pirq) {
    PostConfigWrite(qtest, pc::kIsaBridge, static_cast<std::uint8_t>(pc::kPirqRoute + pirq), 1,
                    pirq == pc::PirqOf(nic_) ? pc::kInterrupt : pc::kPirqDisabled);
  }
  return qtest.Exchange();
}

Status QtestTarget::LocateBars() {
  QtestClient& qtest = live_->qtest();
  const std::size_t command = PostConfigRead(qtest, nic_, PciConfig::kCommand, 2);
  std::array<std::size_t, PciBars::kCount> replies;
  for (std::size_t i = 0; i < replies.size(); ++i) {
    replies[i] = PostConfigRead(qtest, nic_, static_cast<std::uint8_t>(kBar0 + 4 * i), 4);
  }
  if (auto done = qtest.Exchange(); !done) return done;
  auto enabled = qtest.Hex(command);
  if (!enabled) return tl::make_unexpected(enabled.error());
  std::array<std::uint32_t, PciBars::kCount> bars;
  for (std::size_t i = 0; i < replies.size(); ++i) {
    auto bar = qtest.Hex(replies[i]);
    if (!bar) return tl::make_unexpected(bar.error());
    bars[i] = static_cast<std::uint32_t>(*bar);
  }
  bars_ = PciBars::Decode(static_cast<std::uint16_t>(*enabled), bars);
  return Ok();
}

void QtestTarget::PostTime(Nanoseconds time) {
  if (time <= now_) return;
  live_->qtest().Post(QtestCommand::ClockSet(time));
  now_ = time;
}

std::optional<std::size_t> QtestTarget::PostAccess(const Stimulus& operation) {
  if (operation.bar >= PciBars::kCount) return std::nullopt;
  const PciBars::Bar& bar = bars_.bar[operation.bar];
  const std::uint64_t address = bar.base + operation.offset;
  const bool read = operation.kind == StimulusKind::kRead;
  QtestCommand command;
  switch (bar.kind) {
    case PciBars::Bar::Kind::kAbsent:
      return std::nullopt;
    case PciBars::Bar::Kind::kMemory:
      command = read ? QtestCommand::Read(operation.size, address)
                     : QtestCommand::Write(operation.size, address, operation.value);
      break;
    case PciBars::Bar::Kind::kIo: {
      if (operation.size > 4 || address > kMaxPort) return std::nullopt;
      const auto port = static_cast<std::uint16_t>(address);
      command = read ? QtestCommand::In(operation.size, port)
                     : QtestCommand::Out(operation.size, port,
                                         static_cast<std::uint32_t>(operation.value));
      break;
    }
  }
  return live_->qtest().Post(command);
}

void QtestTarget::PostWriteMemory(GuestAddress address, Bytes bytes) {
  pc::ForEachRamPart(ram_size_, address, bytes.size(), [&](std::uint64_t from, std::uint64_t size) {
    for (std::uint64_t done = 0; done < size; done += kMaxWrite) {
      const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(kMaxWrite, size - done));
      live_->qtest().Post(
          QtestCommand::WriteMemory(address + from + done, bytes.subspan(from + done, part)));
    }
  });
}

bool QtestTarget::NeedsApply(const Stimulus& operation) {
  switch (operation.kind) {
    case StimulusKind::kFrame:
    case StimulusKind::kLink:
    case StimulusKind::kReset:
      return true;
    case StimulusKind::kConfigWrite:
      return MovesBars(operation);
    default:
      return false;
  }
}

std::optional<std::size_t> QtestTarget::Post(const Stimulus& operation) {
  QtestClient& qtest = live_->qtest();
  const std::size_t before = qtest.posted();
  PostTime(operation.time);
  const auto offset = static_cast<std::uint8_t>(operation.offset);
  switch (operation.kind) {
    case StimulusKind::kRead:
      // Nothing of the time's reply must be taken for a value.
      return PostAccess(operation);
    case StimulusKind::kWrite:
      PostAccess(operation);
      break;
    case StimulusKind::kConfigRead:
      return PostConfigRead(qtest, nic_, offset, operation.size);
    case StimulusKind::kConfigWrite:
      PostConfigWrite(qtest, nic_, offset, operation.size,
                      static_cast<std::uint32_t>(operation.value));
      break;
    case StimulusKind::kMemory:
      PostWriteMemory(operation.value, operation.bytes());
      break;
    default:
      break;
  }
  if (qtest.posted() == before) return std::nullopt;
  return qtest.posted() - 1;
}

std::size_t QtestTarget::PostReadMemory(GuestAddress address, std::size_t size) {
  return live_->qtest().Post(QtestCommand::ReadMemory(address, size));
}

Status QtestTarget::Exchange() {
  if (error_) return tl::make_unexpected(*error_);
  Note(live_->qtest().Exchange());
  if (error_) return tl::make_unexpected(*error_);
  return Ok();
}

// QEMU's main loop serves a bottom half in the turn after the one that scheduled it, before or
// after qtest's input: hence one more round.
Status QtestTarget::Settle(std::uint64_t rounds) {
  for (std::uint64_t i = 0; i <= rounds; ++i) {
    live_->qtest().Post({});
    if (auto done = Exchange(); !done) return done;
  }
  return Ok();
}

std::uint64_t QtestTarget::ValueOf(std::size_t reply, std::uint8_t size) {
  if (error_) return 0;
  auto value = live_->qtest().Hex(reply);
  if (value) return *value & MaskOf(size);
  Note(tl::make_unexpected(value.error()));
  return 0;
}

Status QtestTarget::MemoryOf(std::size_t reply, MutableBytes out) {
  if (error_) return tl::make_unexpected(*error_);
  Status parsed = ParseBase64(live_->qtest().reply(reply), out);
  Note(parsed);
  return parsed;
}

void QtestTarget::Note(const Status& status) {
  if (!status && !error_) error_ = live_->Explain(status.error());
}

// A reset of the machine also forgets the interrupt router; setting it up again shows the line as
// it is.
Status QtestTarget::Reset() {
  if (auto reset = live_->monitor().ExecuteUntil("system_reset", "RESET"); !reset) return reset;
  if (auto routed = RouteInterrupt(); !routed) return routed;
  return LocateBars();
}

Result<std::uint64_t> QtestTarget::Do(const Stimulus& operation) {
  const auto reply = Post(operation);
  if (auto done = live_->qtest().Exchange(); !done) return tl::make_unexpected(done.error());
  Status status = Ok();
  switch (operation.kind) {
    case StimulusKind::kRead:
    case StimulusKind::kConfigRead: {
      if (!reply) return 0;
      auto value = live_->qtest().Hex(*reply);
      if (!value) return value;
      return *value & MaskOf(operation.size);
    }
    case StimulusKind::kConfigWrite:
      if (MovesBars(operation)) status = LocateBars();
      break;
    case StimulusKind::kFrame:
      if (operation.data_size != 0) status = live_->Deliver(operation.bytes());
      break;
    case StimulusKind::kLink: {
      const auto set = live_->monitor().Execute(
          "set_link", {{"name", LiveQemu::kNic}, {"up", operation.detail != 0}});
      if (!set) return tl::make_unexpected(set.error());
      // What the monitor did to the interrupt line was said on qtest's side.
      live_->qtest().Post({});
      status = live_->qtest().Exchange();
      break;
    }
    case StimulusKind::kReset:
      status = Reset();
      break;
    default:
      break;
  }
  if (!status) return tl::make_unexpected(status.error());
  return 0;
}

std::uint64_t QtestTarget::Apply(const Stimulus& operation) {
  if (error_) return 0;
  auto value = Do(operation);
  if (value) return *value;
  Note(tl::make_unexpected(value.error()));
  return 0;
}

void QtestTarget::ReadMemory(GuestAddress address, MutableBytes out) {
  std::fill(out.begin(), out.end(), std::uint8_t{0});
  if (error_) return;
  struct Part {
    std::size_t reply;
    MutableBytes bytes;
  };
  std::vector<Part> parts;
  pc::ForEachRamPart(ram_size_, address, out.size(), [&](std::uint64_t from, std::uint64_t size) {
    for (std::uint64_t done = 0; done < size; done += kMaxRead) {
      const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(kMaxRead, size - done));
      const MutableBytes bytes = out.subspan(from + done, part);
      parts.push_back({PostReadMemory(address + from + done, part), bytes});
    }
  });
  if (auto done = Exchange(); !done) return;
  for (const Part& part : parts) {
    if (auto read = MemoryOf(part.reply, part.bytes); !read) return;
  }
}

std::vector<std::vector<std::uint8_t>> QtestTarget::TakeFrames() {
  if (error_) return {};
  auto frames = live_->TakeFrames();
  if (frames) return std::move(*frames);
  Note(tl::make_unexpected(frames.error()));
  return {};
}

}  // namespace nicreplay

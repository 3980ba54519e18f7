// SPDX-License-Identifier: MIT
#include "qtest/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "qtest/pc.h"
#include "qtest/pc_machine.h"
#include "qtest/pci.h"
#include "qtest/script.h"

namespace nicreplay {

namespace {

using Kind = QtestCommand::Kind;

constexpr std::uint8_t kBar0 = 0x10;
constexpr std::uint16_t kResetControl = 0xcf9;
constexpr std::uint32_t kResetCpu = 4;
// More than one access of the bus never moves.
constexpr std::uint64_t kMaxAccess = 4;

// The command in a line; empty: a line of another kind.
std::string_view CommandIn(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  if (line.starts_with("[R ")) {
    const std::size_t end = line.find("] ");
    return end == std::string_view::npos ? line : line.substr(end + 2);
  }
  for (const std::string_view other :
       {"[S ", "[I ", "OK", "IRQ ", "FAIL ", "ERR ", "#", "EOF", "$ "}) {
    if (line.starts_with(other)) return {};
  }
  // The head of a here-document.
  if (line.find("<<") != std::string_view::npos) return {};
  return line;
}

// Calls f(line number from 1, what the line says) for each command.
template <typename F>
Status ForEachLine(std::string_view text, F f) {
  for (std::uint64_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view command = CommandIn(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (command.empty()) continue;
    auto line = ParseScriptLine(command);
    if (!line) {
      return Fail(line.error().code, fmt::format("line {}: {}", number, line.error().message));
    }
    if (auto done = f(number, *line); !done) return done;
  }
  return Ok();
}

bool IsConfigData(std::uint64_t port) {
  return port >= kPciConfigData && port < kPciConfigData + 4;
}

// Which function the ports 0xcf8 and 0xcfc reach.
class ConfigPorts {
 public:
  // False: not an access to 0xcf8.
  bool Select(const QtestCommand& command) {
    if (command.kind != Kind::kOut || command.address != kPciConfigAddress) return false;
    if (command.size == 4) selected_ = SelectedBy(static_cast<std::uint32_t>(command.value));
    return true;
  }
  std::optional<PciSelection> At(std::uint64_t port) const {
    if (!selected_ || !IsConfigData(port)) return std::nullopt;
    PciSelection at = *selected_;
    at.offset = static_cast<std::uint8_t>(at.offset + (port - kPciConfigData));
    return at;
  }

 private:
  std::optional<PciSelection> selected_;
};

// The first function that is not the chipset's (i440FX 0, PIIX3 1, ICH9 31) whose BAR 0 is written.
Result<std::uint8_t> FindSlot(std::string_view text) {
  std::optional<std::uint8_t> slot;
  ConfigPorts ports;
  auto read = ForEachLine(text, [&](std::uint64_t, const ScriptLine& line) -> Status {
    if (ports.Select(line.command) || slot || line.command.kind != Kind::kOut) return Ok();
    const auto at = ports.At(line.command.address);
    if (!at || at->address.function != 0 || at->offset != kBar0) return Ok();
    const std::uint8_t device = at->address.device;
    if (device != 0 && device != pc::kIsaBridge.device && device != 31) slot = device;
    return Ok();
  });
  if (!read) return tl::make_unexpected(read.error());
  if (slot) return *slot;
  return Fail(ErrorCode::kUsage, "no command maps a NIC; name its slot if there is one");
}

class Importer {
 public:
  Importer(std::unique_ptr<PcMachine> machine, std::uint8_t slot, OperationSink& sink)
      : machine_(std::move(machine)), sink_(sink) {
    summary_.slot = slot;
    Stimulus reset;
    reset.kind = StimulusKind::kReset;
    Do(reset);
  }

  Status Line(std::uint64_t number, const ScriptLine& line) {
    summary_.lines = number;
    ++summary_.commands;
    const std::uint64_t before = summary_.operations;
    Remark(line.remark);
    Command(line.command);
    if (summary_.operations == before) ++summary_.elsewhere;
    if (summary_.operations > kMaxOperations || memory_bytes_ > kMaxMemoryBytes) {
      return Fail(ErrorCode::kTooLarge,
                  fmt::format("line {}: over 64 M operations or 4 GiB of memory", number));
    }
    return Ok();
  }

  const ImportSummary& summary() const { return summary_; }

 private:
  void Do(Stimulus operation) {
    operation.time = now_;
    machine_->ApplyOnBus(operation);
    machine_->TakeFrames();
    machine_->TakeWritten();
    sink_.Do(operation);
    ++summary_.operations;
  }

  void Remark(const ScriptRemark& remark) {
    Stimulus operation;
    if (remark.link) {
      operation.kind = StimulusKind::kLink;
      operation.detail = *remark.link == LinkState::kUp ? 1 : 0;
      Do(operation);
    }
    if (!remark.frame.empty()) {
      operation.kind = StimulusKind::kFrame;
      operation.data = remark.frame.data();
      operation.data_size = static_cast<std::uint32_t>(remark.frame.size());
      Do(operation);
    }
  }

  void Command(const QtestCommand& command) {
    switch (command.kind) {
      case Kind::kIn:
      case Kind::kOut:
        return Port(command);
      case Kind::kRead:
        return Range(command.address, command.size, nullptr, command.size);
      case Kind::kWrite: {
        std::array<std::uint8_t, 8> bytes;
        for (std::size_t i = 0; i < bytes.size(); ++i) {
          bytes[i] = static_cast<std::uint8_t>(command.value >> 8 * i);
        }
        return Range(command.address, command.size, bytes.data(), command.size);
      }
      case Kind::kReadMemory:
      case Kind::kRead64:
        return Range(command.address, command.length, nullptr, kMaxAccess);
      case Kind::kWriteMemory:
      case Kind::kWrite64:
        return Range(command.address, command.bytes.size(), command.bytes.data(), kMaxAccess);
      case Kind::kSet: {
        const std::vector<std::uint8_t> bytes(command.length,
                                              static_cast<std::uint8_t>(command.value));
        return Range(command.address, bytes.size(), bytes.data(), kMaxAccess);
      }
      case Kind::kClockStep:
        return Pass(now_ + command.value);
      case Kind::kClockSet:
        return Pass(command.value);
      case Kind::kClockNext:
        return PassToTimer();
      default:
        return;
    }
  }

  // Time that has passed shows with the next operation; a timer's effects must not wait for it.
  void Pass(Nanoseconds time) {
    if (time <= now_ || time > kMaxTime) return;
    now_ = time;
    Stimulus passing;
    passing.kind = StimulusKind::kTimer;
    Do(passing);
  }

  void PassToTimer() {
    Nanoseconds next = Machine::kNotArmed;
    for (TimerId id = 0; id < Machine::kMaxTimers; ++id) {
      next = std::min(next, machine_->deadline(id));
    }
    if (next != Machine::kNotArmed) Pass(next);
  }

  void Port(const QtestCommand& command) {
    if (ports_.Select(command)) return;
    if (const auto at = ports_.At(command.address)) return Config(command, *at);
    const bool write = command.kind == Kind::kOut;
    if (write && command.address == kResetControl && (command.value & kResetCpu) != 0) {
      Stimulus reset;
      reset.kind = StimulusKind::kReset;
      return Do(reset);
    }
    const PciBars::Bar& bar = machine_->bars().bar[1];
    if (bar.kind != PciBars::Bar::Kind::kIo || command.address < bar.base) return;
    Access(1, command.address - bar.base, command.size, write, command.value);
  }

  void Config(const QtestCommand& command, const PciSelection& at) {
    if (at.address != PciAddress{summary_.slot, 0} || at.offset % command.size != 0) return;
    Stimulus operation;
    operation.kind =
        command.kind == Kind::kOut ? StimulusKind::kConfigWrite : StimulusKind::kConfigRead;
    operation.offset = at.offset;
    operation.size = command.size;
    operation.value = command.value;
    Do(operation);
  }

  void Access(std::uint8_t bar, std::uint64_t offset, std::uint64_t size, bool write,
              std::uint64_t value) {
    if (offset >= machine_->device().info().bars[bar].size || offset % size != 0) return;
    Stimulus operation;
    operation.kind = write ? StimulusKind::kWrite : StimulusKind::kRead;
    operation.bar = bar;
    operation.offset = static_cast<std::uint32_t>(offset);
    operation.size = static_cast<std::uint8_t>(size);
    operation.value = write ? value : 0;
    Do(operation);
  }

  // Memory as a CPU sees it: the NIC's registers, or RAM.  `data` null: a read.  Accesses to
  // registers are aligned pieces of at most `max_access` bytes.
  void Range(std::uint64_t address, std::uint64_t size, const std::uint8_t* data,
             std::uint64_t max_access) {
    if (size > std::uint64_t{0} - address && address != 0) size = std::uint64_t{0} - address;
    const PciBars::Bar& bar = machine_->bars().bar[0];
    const std::uint64_t length = machine_->device().info().bars[0].size;
    if (bar.kind == PciBars::Bar::Kind::kMemory && address < bar.base + length &&
        address + size > bar.base) {
      const std::uint64_t from = std::max(address, bar.base);
      const std::uint64_t end = std::min(address + size, bar.base + length);
      Registers(from - bar.base, end - from, data == nullptr ? data : data + (from - address),
                max_access);
    }
    if (data == nullptr) return;
    pc::ForEachRamPart(machine_->ram().size(), address, size,
                       [&](std::uint64_t from, std::uint64_t part) {
                         Stimulus operation;
                         operation.kind = StimulusKind::kMemory;
                         operation.value = address + from;
                         operation.data = data + from;
                         operation.data_size = static_cast<std::uint32_t>(part);
                         memory_bytes_ += part;
                         Do(operation);
                       });
  }

  void Registers(std::uint64_t offset, std::uint64_t size, const std::uint8_t* data,
                 std::uint64_t max_access) {
    for (std::uint64_t done = 0; done < size;) {
      const std::uint64_t at = offset + done;
      std::uint64_t part = std::bit_floor(std::min(size - done, max_access));
      if (at != 0) part = std::min(part, std::uint64_t{1} << std::countr_zero(at));
      std::uint64_t value = 0;
      for (std::uint64_t i = 0; data != nullptr && i < part; ++i) {
        value |= std::uint64_t{data[done + i]} << 8 * i;
      }
      Access(0, at, part, data != nullptr, value);
      done += part;
    }
  }

  static constexpr Nanoseconds kMaxTime = Nanoseconds{86'400} * 1'000'000'000;  // a day
  static constexpr std::uint64_t kMaxOperations = std::uint64_t{1} << 26;
  static constexpr std::uint64_t kMaxMemoryBytes = std::uint64_t{4} << 30;

  std::unique_ptr<PcMachine> machine_;
  OperationSink& sink_;
  ConfigPorts ports_;
  ImportSummary summary_;
  std::uint64_t memory_bytes_ = 0;
  Nanoseconds now_ = 0;
};

}  // namespace

Result<ImportSummary> ImportQtest(std::string_view text, const ImportOptions& options,
                                  OperationSink& sink) {
  if (text.size() > kMaxImportBytes) return Fail(ErrorCode::kTooLarge, "over 256 MiB of text");
  std::uint8_t slot = 0;
  if (options.slot) {
    slot = *options.slot;
  } else {
    auto found = FindSlot(text);
    if (!found) return tl::make_unexpected(found.error());
    slot = *found;
  }
  auto machine = PcMachine::Create(options.model, options.options, options.ram_size);
  if (!machine) return tl::make_unexpected(machine.error());
  Importer importer(std::move(*machine), slot, sink);
  auto done = ForEachLine(text, [&](std::uint64_t number, const ScriptLine& line) {
    return importer.Line(number, line);
  });
  if (!done) return tl::make_unexpected(done.error());
  return importer.summary();
}

}  // namespace nicreplay

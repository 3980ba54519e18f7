// SPDX-License-Identifier: MIT
// Remarks, and the writing of scripts.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "models/e1000/registers.h"
#include "models/families.h"
#include "qtest/device_argument.h"
#include "qtest/pc.h"
#include "qtest/script.h"
#include "replay/divergence.h"

namespace nicreplay {

namespace {

constexpr std::size_t kMaxHexBytes = 64;
constexpr std::uint64_t kMaxBytesPerLine = 16384;
constexpr std::size_t kMaxDescription = 240;
// QEMU takes at most this much of a script in one turn of its main loop, and does a reset at its
// end.
constexpr std::size_t kReadOfQemu = 1024;
constexpr std::uint16_t kResetControl = 0xcf9;  // Intel 82371SB, 2.5.5.1
constexpr std::uint32_t kResetCpu = 4;

std::string Hex(Bytes bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) fmt::format_to(std::back_inserter(text), "{:02x}", byte);
  return text;
}

tl::unexpected<Error> BadRemark(std::string_view word) {
  return Fail(ErrorCode::kCorrupt, fmt::format("\"{}\" is no remark", Excerpt(word)));
}

Result<std::vector<std::uint8_t>> ParseFrame(std::string_view text) {
  if (text.empty() || text.size() % 2 != 0 || text.size() / 2 > LiveQemu::kMaxFrame) {
    return Fail(ErrorCode::kCorrupt, "a frame must be 1 to 69632 bytes of hex digits");
  }
  std::vector<std::uint8_t> bytes(text.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char* const digits = text.data() + 2 * i;
    const auto [end, error] = std::from_chars(digits, digits + 2, bytes[i], 16);
    if (error != std::errc{} || end != digits + 2) return BadRemark(text);
  }
  return bytes;
}

// The next word of `rest`, taken off it.
std::string_view TakeWord(std::string_view* rest) {
  rest->remove_prefix(std::min(rest->find_first_not_of(' '), rest->size()));
  const std::string_view word = rest->substr(0, rest->find(' '));
  rest->remove_prefix(word.size());
  return word;
}

// One key and its value.
Status TakeRemark(std::string_view key, std::string_view value, ScriptRemark* remark) {
  if (key == "expect") {
    auto number = ParseHex(value);
    if (!number) return BadRemark(value);
    remark->expect = *number;
  } else if (key == "irq" && (value == "high" || value == "low")) {
    remark->line = value == "high" ? LineLevel::kHigh : LineLevel::kLow;
  } else if (key == "link" && (value == "up" || value == "down")) {
    remark->link = value == "up" ? LinkState::kUp : LinkState::kDown;
  } else if (key == "frame") {
    auto frame = ParseFrame(value);
    if (!frame) return tl::make_unexpected(frame.error());
    remark->frame = std::move(*frame);
  } else {
    return BadRemark(key);
  }
  return Ok();
}

// A read that changes nothing in the device.
bool LeavesNoTrace(const Stimulus& operation) {
  if (operation.kind == StimulusKind::kConfigRead) return true;
  if (operation.kind != StimulusKind::kRead || operation.size > 4) return false;
  const e1000::RegisterRow* row = e1000::FindRegister(operation.offset & ~3u);
  if (operation.bar != 0 || row == nullptr) return true;
  return row->read != e1000::ReadRule::kClear && row->read != e1000::ReadRule::kClearPair &&
         row->read != e1000::ReadRule::kIcr;
}

class Writer {
 public:
  Writer(const BusSession& session, const QtestOptions& machine, ScriptWindow window)
      : session_(session),
        machine_(machine),
        window_(window),
        describer_(DescriberOfModel({session.model})) {}

  ScriptText Write(const std::string& title) {
    Say("nicreplay's qtest script, form 1: " + Excerpt(title));
    Say(fmt::format("run: {} < this file", fmt::join(PlainArguments(machine_), " ")));
    Say("QEMU ignores what stands behind a complete command, so remarks do; expect: what is read");
    Command(QtestCommand::InterceptIn("ioapic"), "");
    RouteInterrupt();
    // The machine has been reset when it starts.
    for (std::size_t i = 1; i < session_.operations.size(); ++i) Operation(i);
    return std::move(script_);
  }

 private:
  void Say(const std::string& text) { Command({}, " # ; " + text); }
  void Command(const QtestCommand& command, const std::string& remark) {
    AppendText(command, &script_.text);
    script_.text += remark + "\n";
  }

  void RouteInterrupt() {
    for (int pirq = 0; pirq < pc::kPirqCount; ++pirq) {
      const bool ours = pirq == pc::PirqOf(pc::kNicSlot);
      for (const QtestCommand& command :
           PciConfigWrite(pc::kIsaBridge, static_cast<std::uint8_t>(pc::kPirqRoute + pirq), 1,
                          ours ? pc::kInterrupt : pc::kPirqDisabled)) {
        Command(command, "");
      }
    }
  }

  // What follows must not be in the same turn of QEMU's main loop, and the interrupt line shows
  // again only when the router, which the reset forgets, is set up.
  void Reset(const std::string& remark) {
    Command(QtestCommand::Out(1, kResetControl, kResetCpu), " # ; a reset of the machine");
    const std::string why = "the reset happens before QEMU reads on behind this line ";
    Say(why + std::string(kReadOfQemu, '.'));
    RouteInterrupt();
    Command({}, remark);
  }

  void Time(Nanoseconds time) {
    if (time <= now_) return;
    Command({.kind = QtestCommand::Kind::kClockStep, .value = time - now_}, "");
    now_ = time;
  }

  std::string Describe(const Stimulus& operation) {
    std::string text = DescribeStimulus(operation, *describer_);
    if (operation.kind == StimulusKind::kMemory) {
      const std::string bytes = describer_->DescribeMemory(operation.value, operation.bytes());
      if (!bytes.empty()) text += ": " + bytes;
    }
    if (text.size() > kMaxDescription) text.resize(kMaxDescription);
    return text;
  }

  // The remark at the operation's last command.
  std::string Remark(std::size_t index, ScriptRemark remark) {
    if (Quiet(index)) return remark == ScriptRemark{} ? "" : " # " + ToText(remark) + ";";
    if (session_.lines[index] != line_) remark.line = line_ = session_.lines[index];
    std::string text = ToText(remark);
    if (!text.empty()) text += "; ";
    return fmt::format(" # {}{}event {}: {}", text, text.empty() ? "; " : "",
                       session_.events[index], Describe(session_.operations[index]));
  }
  bool Quiet(std::size_t index) const { return session_.events[index] < window_.from; }

  void Read(std::size_t index, const QtestCommand& command) {
    ScriptRemark remark;
    if (!Quiet(index)) {
      remark.expect = session_.operations[index].value;
      ++script_.reads;
    }
    Command(command, Remark(index, remark));
  }

  void Access(std::size_t index) {
    const Stimulus& operation = session_.operations[index];
    const PciBars::Bar& bar = session_.bars[index];
    const bool read = operation.kind == StimulusKind::kRead;
    const std::uint64_t address = bar.base + operation.offset;
    QtestCommand command;
    if (bar.kind == PciBars::Bar::Kind::kAbsent) return;
    if (bar.kind == PciBars::Bar::Kind::kMemory) {
      command = read ? QtestCommand::Read(operation.size, address)
                     : QtestCommand::Write(operation.size, address, operation.value);
    } else {
      if (operation.size > 4) return;
      const auto port = static_cast<std::uint16_t>(address);
      command = read ? QtestCommand::In(operation.size, port)
                     : QtestCommand::Out(operation.size, port,
                                         static_cast<std::uint32_t>(operation.value));
    }
    if (read) return Read(index, command);
    Command(command, Remark(index, {}));
    describer_->OnWrite(operation.access(), operation.value);
  }

  void Config(std::size_t index) {
    const Stimulus& operation = session_.operations[index];
    const auto offset = static_cast<std::uint8_t>(operation.offset);
    if (operation.kind == StimulusKind::kConfigRead) {
      const auto commands = PciConfigRead(pc::kNicSlot, offset, operation.size);
      Command(commands[0], "");
      return Read(index, commands[1]);
    }
    const auto commands = PciConfigWrite(pc::kNicSlot, offset, operation.size,
                                         static_cast<std::uint32_t>(operation.value));
    Command(commands[0], "");
    Command(commands[1], Remark(index, {}));
  }

  void Memory(std::size_t index) {
    const Stimulus& operation = session_.operations[index];
    std::string remark = Remark(index, {});
    pc::ForEachRamPart(session_.ram_size, operation.value, operation.data_size,
                       [&](std::uint64_t from, std::uint64_t size) {
                         for (std::uint64_t done = 0; done < size; done += kMaxBytesPerLine) {
                           const Bytes part = operation.bytes().subspan(
                               from + done, std::min(kMaxBytesPerLine, size - done));
                           QtestCommand command =
                               QtestCommand::WriteMemory(operation.value + from + done, part);
                           if (part.size() <= kMaxHexBytes)
                             command.kind = QtestCommand::Kind::kWriteMemory;
                           Command(command, remark);
                           remark.clear();
                         }
                       });
  }

  void Frame(std::size_t index) {
    const Stimulus& operation = session_.operations[index];
    if (operation.data_size == 0) return;
    const Bytes bytes = operation.bytes();
    Command({}, Remark(index, {.frame = {bytes.begin(), bytes.end()}}));
    ++script_.unplayable;
  }

  void Link(std::size_t index) {
    const bool up = session_.operations[index].detail != 0;
    Command({}, Remark(index, {.link = up ? LinkState::kUp : LinkState::kDown}));
    ++script_.unplayable;
  }

  void Operation(std::size_t index) {
    const Stimulus& operation = session_.operations[index];
    if (Quiet(index) && LeavesNoTrace(operation)) return;
    Time(operation.time);
    switch (operation.kind) {
      case StimulusKind::kRead:
      case StimulusKind::kWrite:
        return Access(index);
      case StimulusKind::kConfigRead:
      case StimulusKind::kConfigWrite:
        return Config(index);
      case StimulusKind::kMemory:
        return Memory(index);
      case StimulusKind::kFrame:
        return Frame(index);
      case StimulusKind::kLink:
        return Link(index);
      case StimulusKind::kReset:
        Reset(Remark(index, {}));
        return describer_->OnReset();
      case StimulusKind::kTimer:
        if (!Quiet(index)) Command({}, Remark(index, {}));
        return;
      case StimulusKind::kWork:
      case StimulusKind::kPoll:
        return;
    }
  }

  const BusSession& session_;
  const QtestOptions& machine_;
  ScriptWindow window_;
  std::unique_ptr<Describer> describer_;
  ScriptText script_;
  Nanoseconds now_ = 0;
  LineLevel line_ = LineLevel::kLow;
};

}  // namespace

std::string ToText(const ScriptRemark& remark) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : " ") + part; };
  if (remark.expect) add(fmt::format("expect {:#x}", *remark.expect));
  if (remark.line) add(*remark.line == LineLevel::kHigh ? "irq high" : "irq low");
  if (remark.link) add(*remark.link == LinkState::kUp ? "link up" : "link down");
  if (!remark.frame.empty()) add("frame " + Hex(remark.frame));
  return text;
}

Result<ScriptLine> ParseScriptLine(std::string_view line) {
  ScriptLine parsed;
  const std::size_t mark = line.find(" # ");
  auto command = ParseQtestCommand(line.substr(0, mark));
  if (!command) return tl::make_unexpected(command.error());
  parsed.command = std::move(*command);
  if (mark == std::string_view::npos) return parsed;
  std::string_view rest = line.substr(mark + 3);
  rest = rest.substr(0, rest.find(';'));
  for (std::string_view key; !(key = TakeWord(&rest)).empty();) {
    if (auto taken = TakeRemark(key, TakeWord(&rest), &parsed.remark); !taken) {
      return tl::make_unexpected(taken.error());
    }
  }
  return parsed;
}

Result<QtestOptions> ScriptMachine(const BusSession& session, const std::string& device) {
  auto argument = DeviceArgument(device, session.options);
  if (!argument) return tl::make_unexpected(argument.error());
  auto rom_size = RomSizeOf(session.options);
  if (!rom_size) return tl::make_unexpected(rom_size.error());
  if (*rom_size != 0) {
    return Fail(ErrorCode::kUsage,
                "the recorded device has an expansion ROM, which a script cannot bring along");
  }
  QtestOptions options;
  options.device = *argument;
  options.ram_size = session.ram_size;
  return options;
}

std::vector<std::string> PlainArguments(const QtestOptions& options) {
  std::vector<std::string> all = {options.qemu};
  const std::vector<std::string> machine = MachineArguments(options);
  all.insert(all.end(), machine.begin(), machine.end());
  for (const char* word :
       {"-netdev", "hubport,id=net0,hubid=0", "-qtest", "stdio", "-qtest-log", "none"}) {
    all.emplace_back(word);
  }
  return all;
}

ScriptText WriteScript(const BusSession& session, const QtestOptions& machine, ScriptWindow window,
                       const std::string& title) {
  return Writer(session, machine, window).Write(title);
}

}  // namespace nicreplay

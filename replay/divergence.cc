// SPDX-License-Identifier: MIT
#include "replay/divergence.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "models/net/describe_frame.h"

namespace nicreplay {

namespace {

using Kind = Divergence::Kind;

constexpr std::array<const char*, 3> kResults = {"consumed", "kept for later", "dropped"};
constexpr std::size_t kShownBytes = 16;

std::string ResultName(std::uint64_t result) {
  return result < kResults.size() ? kResults[result] : std::to_string(result);
}

std::string Hex(Bytes bytes, std::size_t from = 0) {
  std::string text;
  for (std::size_t i = from; i < std::min(bytes.size(), from + kShownBytes); ++i) {
    text += fmt::format("{}{:02x}", i == from ? "" : " ", bytes[i]);
  }
  if (bytes.size() > from + kShownBytes) text += " ...";
  return text.empty() ? "nothing" : text;
}

std::string Deadline(std::uint64_t value) {
  if (value == Divergence::kUnchanged) return "unchanged";
  if (value == Divergence::kNotArmed) return "not armed";
  return fmt::format("{} ns", value);
}

std::string Level(std::uint64_t level) { return level != 0 ? "high" : "low"; }

void ExpectedFound(DivergenceText* text, const std::string& expected, const std::string& found) {
  text->lines.push_back("expected: " + expected);
  text->lines.push_back("found:    " + found);
}

std::string ConfigName(std::uint32_t offset) {
  switch (offset & ~3u) {
    case 0x00:
      return "PCI vendor/device id";
    case 0x04:
      return "PCI command/status";
    case 0x08:
      return "PCI class/revision";
    case 0x0c:
      return "PCI cache line/latency";
    case 0x2c:
      return "PCI subsystem";
    case 0x30:
      return "PCI expansion ROM";
    case 0x3c:
      return "PCI interrupt line/pin";
    default:
      break;
  }
  if (offset >= 0x10 && offset < 0x28) return fmt::format("PCI BAR{}", (offset - 0x10) / 4);
  return fmt::format("PCI config {:#04x}", offset);
}

std::string Value(const Stimulus& stimulus, std::uint64_t value, const Describer& describer) {
  std::string text = fmt::format("{:#0{}x}", value, 2 + 2 * stimulus.size);
  if (stimulus.kind == StimulusKind::kRead || stimulus.kind == StimulusKind::kWrite) {
    const std::string fields = describer.RegisterFields(stimulus.access(), value);
    if (!fields.empty()) text += " (" + fields + ")";
  }
  return text;
}

void DescribeFrameDifference(const Divergence& d, DivergenceText* text) {
  text->name = fmt::format("frame {} to the network", d.item);
  if (d.kind == Kind::kOffload) {
    text->lines.push_back("the offload headers differ");
    return;
  }
  if (d.expected == 0 || d.found == 0) {
    ExpectedFound(text, d.expected != 0 ? DescribeFrame(d.expected_bytes) : "no frame",
                  d.found != 0 ? DescribeFrame(d.found_bytes) : "no frame");
    return;
  }
  if (d.expected_bytes.size() != d.found_bytes.size()) {
    text->lines.push_back(
        fmt::format("{} bytes expected, {} found", d.expected_bytes.size(), d.found_bytes.size()));
  }
  text->name += fmt::format(", byte {}", d.offset);
  ExpectedFound(text, DescribeFrame(d.expected_bytes), DescribeFrame(d.found_bytes));
  text->lines.push_back(fmt::format("from byte {}:", d.offset));
  ExpectedFound(text, Hex(d.expected_bytes, d.offset), Hex(d.found_bytes, d.offset));
}

void DescribeMemoryDifference(const Divergence& d, const Describer& describer,
                              DivergenceText* text) {
  const std::string name = describer.MemoryName(d.address);
  text->name = name.empty() ? fmt::format("memory at {:#x}", d.address) : name;
  text->lines.push_back(fmt::format("guest memory at {:#x}:", d.address));
  ExpectedFound(text, d.expected_bytes.empty() ? "not written" : Hex(d.expected_bytes),
                d.found_bytes.empty() ? "not written" : Hex(d.found_bytes));
}

}  // namespace

const char* KindName(Divergence::Kind kind) {
  static constexpr std::array<const char*, 14> kNames = {
      "value", "result", "memory",      "memory-order", "frame", "offload", "interrupt",
      "ready", "timer",  "not-flushed", "runaway",      "late",  "overdue", "shadow"};
  return kNames.at(static_cast<std::size_t>(kind));
}

void Follow(Describer& describer, const Stimulus& stimulus) {
  if (stimulus.kind == StimulusKind::kWrite) {
    describer.OnWrite(stimulus.access(), stimulus.value);
  } else if (stimulus.kind == StimulusKind::kReset) {
    describer.OnReset();
  }
}

std::string DescribeStimulus(const Stimulus& s, const Describer& describer) {
  switch (s.kind) {
    case StimulusKind::kRead:
      return fmt::format("read {} = {}", describer.RegisterName(s.access()),
                         Value(s, s.value, describer));
    case StimulusKind::kWrite:
      return fmt::format("write {} = {}", describer.RegisterName(s.access()),
                         Value(s, s.value, describer));
    case StimulusKind::kConfigRead:
      return fmt::format("read {} = {}", ConfigName(s.offset), Value(s, s.value, describer));
    case StimulusKind::kConfigWrite:
      return fmt::format("write {} = {}", ConfigName(s.offset), Value(s, s.value, describer));
    case StimulusKind::kMemory:
      return fmt::format("guest writes {} bytes at {:#x}", s.data_size, s.value);
    case StimulusKind::kFrame:
      return fmt::format("frame from the network ({}): {}",
                         ResultName(static_cast<std::uint64_t>(s.result)),
                         DescribeFrame(s.bytes()));
    case StimulusKind::kLink:
      return s.detail != 0 ? "link up" : "link down";
    case StimulusKind::kTimer:
      return describer.TimerName(s.detail) + " fires";
    case StimulusKind::kReset:
      return "device reset";
    case StimulusKind::kWork:
      return "deferred work runs";
    case StimulusKind::kPoll:
      return "sidecore polls";
  }
  return {};
}

DivergenceText Describe(const Divergence& d, const Program& program, Describer& describer) {
  for (std::size_t i = 0; i < d.event; ++i) {
    Follow(describer, program.steps[i].stimulus);
  }
  const Stimulus& stimulus = program.steps[d.event].stimulus;
  DivergenceText text;
  switch (d.kind) {
    case Kind::kValue:
      text.name = stimulus.kind == StimulusKind::kRead ? describer.RegisterName(stimulus.access())
                                                       : ConfigName(stimulus.offset);
      ExpectedFound(&text, Value(stimulus, d.expected, describer),
                    Value(stimulus, d.found, describer));
      break;
    case Kind::kResult:
      text.name = "frame from the network";
      ExpectedFound(&text, ResultName(d.expected), ResultName(d.found));
      break;
    case Kind::kMemory:
      DescribeMemoryDifference(d, describer, &text);
      break;
    case Kind::kMemoryOrder:
      text.name = describer.MemoryName(d.marker);
      text.lines.push_back(fmt::format(
          "announces data at {:#x} ({}) before it is written", d.address,
          describer.MemoryName(d.address).empty() ? "buffer" : describer.MemoryName(d.address)));
      break;
    case Kind::kFrame:
    case Kind::kOffload:
      DescribeFrameDifference(d, &text);
      break;
    case Kind::kInterrupt:
      text.name = "interrupt line";
      ExpectedFound(&text, Level(d.expected), Level(d.found));
      break;
    case Kind::kReady:
      text.name = "readiness to receive";
      ExpectedFound(&text, d.expected != 0 ? "ready" : "not ready",
                    d.found != 0 ? "ready" : "not ready");
      break;
    case Kind::kTimer:
      text.name = describer.TimerName(static_cast<TimerId>(d.item));
      ExpectedFound(&text, Deadline(d.expected), Deadline(d.found));
      break;
    case Kind::kNotFlushed:
      text.name = fmt::format("queued frame {}", d.item);
      ExpectedFound(&text, "the device asks for queued frames", "it does not");
      break;
    case Kind::kRunaway:
      text.name = "effects";
      text.lines.push_back(
          "it caused more effects than are kept, or what counts of them is not the same");
      break;
    case Kind::kLate:
      text.name = "work that was put off";
      text.lines.push_back("it is not done by its deadline, or not asked for any more");
      break;
    case Kind::kOverdue:
      text.name = "work that was put off";
      text.lines.push_back(fmt::format("it was asked for by {}; at {} the recording has none",
                                       Deadline(d.expected), Deadline(d.found)));
      break;
    case Kind::kShadow:
      if (d.item == Divergence::kUnchanged) {
        text.name = "shadow pages";
        ExpectedFound(&text, d.expected != 0 ? "active" : "inactive",
                      d.found != 0 ? "active" : "inactive");
        break;
      }
      text.name = "published " + describer.RegisterName({0, 4, static_cast<std::uint32_t>(d.item)});
      ExpectedFound(&text, fmt::format("{:#010x}", d.expected), fmt::format("{:#010x}", d.found));
      break;
  }
  return text;
}

}  // namespace nicreplay

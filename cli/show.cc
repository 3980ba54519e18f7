// SPDX-License-Identifier: MIT
#include "cli/show.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "cli/model_sources.h"
#include "cli/text.h"
#include "models/families.h"
#include "models/net/describe_frame.h"
#include "models/registry.h"
#include "replay/divergence.h"
#include "replay/event_names.h"
#include "replay/stream.h"

namespace nicreplay {

namespace {

constexpr std::size_t kShortHex = 16;

struct ShowRequest {
  std::string trace;
  ModelSources sources;
  std::uint64_t from = 0;
  std::uint64_t to = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
  bool hex = false;
  bool json = false;
};

std::string Hex(Bytes bytes, std::size_t limit) {
  std::string text =
      fmt::format("{:02x}", fmt::join(bytes.first(std::min(bytes.size(), limit)), " "));
  if (bytes.size() > limit) text += " ...";
  return text;
}

std::string OffloadText(const Offload* offload) {
  if (offload == nullptr) return {};
  return fmt::format(" (offload: flags {}, gso {} of {} bytes behind {}, checksum from {} at +{})",
                     offload->flags, offload->gso_type, offload->gso_size, offload->header_length,
                     offload->checksum_start, offload->checksum_offset);
}

// "TX descriptor 5: ..." or the bytes.
std::string MemoryText(const Effect& effect, const Describer& describer) {
  const std::string name = describer.MemoryName(effect.address);
  std::string text = describer.DescribeMemory(effect.address, effect.bytes());
  if (text.empty()) text = Hex(effect.bytes(), kShortHex);
  return name.empty() ? text : name + ": " + text;
}

std::string TimerName(std::uint8_t id) { return fmt::format("timer {}", id); }

std::string EffectText(const Effect& effect, const Describer& describer) {
  switch (effect.kind) {
    case EffectKind::kDmaRead:
    case EffectKind::kDmaWrite:
      return fmt::format("{:<9} {:#x} +{}  {}", Name(effect.kind), effect.address, effect.data_size,
                         MemoryText(effect, describer));
    case EffectKind::kTransmit:
      return fmt::format("transmit  {} bytes  {}{}", effect.data_size,
                         DescribeFrame(effect.bytes()), OffloadText(effect.offload));
    case EffectKind::kDelivery:
      return fmt::format("delivery  {} bytes, {}  {}{}", effect.data_size, Name(effect.result),
                         DescribeFrame(effect.bytes()), OffloadText(effect.offload));
    case EffectKind::kInterrupt:
      return fmt::format("interrupt {}", effect.detail != 0 ? "high" : "low");
    case EffectKind::kReady:
      return effect.detail != 0 ? "ready to receive" : "not ready to receive";
    case EffectKind::kTimerArmed:
      return fmt::format("{} armed for {} ns", TimerName(effect.detail), effect.address);
    case EffectKind::kTimerCancelled:
      return TimerName(effect.detail) + " cancelled";
  }
  return {};
}

nlohmann::json EffectJson(const Effect& effect, const Describer& describer, bool hex) {
  nlohmann::json json = {{"effect", Name(effect.kind)}, {"text", EffectText(effect, describer)}};
  switch (effect.kind) {
    case EffectKind::kDmaRead:
    case EffectKind::kDmaWrite:
      json["address"] = effect.address;
      break;
    case EffectKind::kDelivery:
      json["result"] = Name(effect.result);
      break;
    case EffectKind::kTransmit:
      break;
    case EffectKind::kInterrupt:
    case EffectKind::kReady:
      json["level"] = effect.detail;
      return json;
    case EffectKind::kTimerArmed:
      json["deadline_ns"] = effect.address;
      [[fallthrough]];
    case EffectKind::kTimerCancelled:
      json["timer"] = effect.detail;
      return json;
  }
  json["size"] = effect.data_size;
  if (hex) json["bytes"] = fmt::format("{:02x}", fmt::join(effect.bytes(), ""));
  return json;
}

nlohmann::json StimulusJson(const Stimulus& stimulus, const Describer& describer, bool hex) {
  nlohmann::json json = {{"time_ns", stimulus.time},
                         {"stimulus", Name(stimulus.kind)},
                         {"text", DescribeStimulus(stimulus, describer)}};
  switch (stimulus.kind) {
    case StimulusKind::kRead:
    case StimulusKind::kWrite:
      json["bar"] = stimulus.bar;
      json["register"] = describer.RegisterName(stimulus.access());
      [[fallthrough]];
    case StimulusKind::kConfigRead:
    case StimulusKind::kConfigWrite:
      json["offset"] = stimulus.offset;
      json["size"] = stimulus.size;
      json["value"] = stimulus.value;
      return json;
    case StimulusKind::kMemory:
      json["address"] = stimulus.value;
      break;
    case StimulusKind::kFrame:
      json["result"] = Name(stimulus.result);
      break;
    case StimulusKind::kLink:
      json["level"] = stimulus.detail;
      return json;
    case StimulusKind::kTimer:
      json["timer"] = stimulus.detail;
      return json;
    case StimulusKind::kReset:
    case StimulusKind::kWork:
    case StimulusKind::kPoll:
      return json;
  }
  json["size"] = stimulus.data_size;
  if (hex) json["bytes"] = fmt::format("{:02x}", fmt::join(stimulus.bytes(), ""));
  return json;
}

// Prints the events asked for; the describer follows all of them.
class Printer {
 public:
  explicit Printer(const ShowRequest& request)
      : request_(request), describer_(CreatePlainDescriber()) {}

  void Take(const TraceHeader& header) {
    const auto entry = FindModel(header.model);
    if (entry) describer_ = (*entry)->describer();
  }

  void Take(const EventBatch& batch) {
    std::uint64_t index = batch.first_index;
    for (const Stimulus& stimulus : batch.stimuli) {
      if (done()) return;
      Take(index++, stimulus, batch.EffectsOf(stimulus));
    }
  }

  bool done() const { return past_ || shown_ >= request_.limit; }

 private:
  void Take(std::uint64_t index, const Stimulus& stimulus, std::span<const Effect> effects) {
    past_ = index >= request_.to;
    const bool shown = index >= request_.from && index <= request_.to;
    // A register's fields are those before the write, what lies in memory is as after it.
    const std::string text = shown && !request_.json ? DescribeStimulus(stimulus, *describer_) : "";
    nlohmann::json json;
    if (shown && request_.json) json = StimulusJson(stimulus, *describer_, request_.hex);
    Follow(*describer_, stimulus);
    if (!shown) return;
    ++shown_;
    if (request_.json) {
      PrintJson(index, std::move(json), effects);
    } else {
      PrintText(index, stimulus, text, effects);
    }
  }

  void PrintText(std::uint64_t index, const Stimulus& stimulus, const std::string& text,
                 std::span<const Effect> effects) const {
    constexpr Nanoseconds kSecond = 1'000'000'000;
    fmt::print("{:<8} {:>5}.{:09}  {}{}\n", index, stimulus.time / kSecond, stimulus.time % kSecond,
               text, OffloadText(stimulus.offload));
    PrintBytes(stimulus.bytes());
    for (const Effect& effect : effects) {
      fmt::print("{:26}{}\n", "", EffectText(effect, *describer_));
      PrintBytes(effect.bytes());
    }
  }

  void PrintBytes(Bytes bytes) const {
    if (!request_.hex) return;
    for (std::size_t at = 0; at < bytes.size(); at += kShortHex) {
      fmt::print("{:28}{:05x}  {}\n", "", at,
                 Hex(bytes.subspan(at).first(std::min(kShortHex, bytes.size() - at)), kShortHex));
    }
  }

  void PrintJson(std::uint64_t index, nlohmann::json json, std::span<const Effect> effects) const {
    json["event"] = index;
    json["effects"] = nlohmann::json::array();
    for (const Effect& effect : effects) {
      json["effects"].push_back(EffectJson(effect, *describer_, request_.hex));
    }
    fmt::print("{}\n", Dump(json));
  }

  const ShowRequest& request_;
  std::unique_ptr<Describer> describer_;
  std::uint64_t shown_ = 0;
  bool past_ = false;
};

std::optional<Error> ShowTrace(const ShowRequest& request) {
  if (auto loaded = request.sources.Load(); !loaded) return loaded.error();
  auto reader = TraceReader::Open(request.trace);
  if (!reader) return reader.error();
  Printer printer(request);
  Arena arena;
  while (!printer.done()) {
    auto chunk = reader->Next();
    if (!chunk) return chunk.error();
    if (!chunk->has_value()) break;
    if (auto* events = std::get_if<EventChunk>(&**chunk)) {
      arena.Reset();
      printer.Take(AllEvents(*events, arena));
      reader->Recycle(std::move(*events));
    } else if (auto* header = std::get_if<TraceHeader>(&**chunk)) {
      printer.Take(*header);
    }
  }
  return std::nullopt;
}

int Show(const ShowRequest& request) {
  const std::optional<Error> error = ShowTrace(request);
  if (!error) return 0;
  std::fflush(stdout);
  fmt::print(stderr, "nicreplay: {}: {}\n", Printable(request.trace), Printable(error->ToString()));
  return 2;
}

}  // namespace

void AddShowCommand(CLI::App& app, int* exit_code) {
  auto request = std::make_shared<ShowRequest>();
  CLI::App* command = app.add_subcommand(
      "show", "Print the events of a trace, with registers, descriptors and frames by name");
  command->footer(
      "One line an event (number, virtual time in seconds, what entered the device), below it what "
      "the device did.\nOf a damaged or unfinished trace it prints every whole chunk, then the "
      "error.\n\n"
      "Examples:\n"
      "  nicreplay show --from 120 --to 130 session.nrt\n"
      "  nicreplay show --json session.nrt | jq 'select(.register == \"TDT\") | .time_ns'\n"
      "Exit codes: 0 shown, 2 usage, damaged or unreadable.");
  command->add_option("trace", request->trace, "Trace file (.nrt)")->required();
  command->add_option("--from", request->from, "First event")->capture_default_str();
  command->add_option("--to", request->to, "Last event");
  command->add_option("--limit", request->limit, "Print this many events at most");
  request->sources.AddTo(command);
  command->add_flag("--hex", request->hex, "All bytes of memory and frames");
  command->add_flag("--json", request->json, "Print JSON, one event a line");
  command->callback([request, exit_code] { *exit_code = Show(*request); });
}

}  // namespace nicreplay

// SPDX-License-Identifier: MIT
#include "cli/info.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/text.h"
#include "replay/digest.h"
#include "replay/event_names.h"
#include "replay/stream.h"

namespace nicreplay {

namespace {

struct InfoRequest {
  std::vector<std::string> traces;
  bool chunks = false;
  bool json = false;
};

struct ChunkInfo {
  ChunkEntry entry;
  std::uint64_t compressed = 0;
  std::uint64_t raw = 0;
};

struct EffectCount {
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
};

struct TraceInfo {
  TraceHeader header;
  TraceTotals totals;
  std::array<std::uint64_t, kStimulusKinds> stimuli{};
  std::array<EffectCount, kEffectKinds> effects{};
  Nanoseconds first = 0;
  Nanoseconds last = 0;
  std::uint64_t compressed = 0;
  std::uint64_t raw = 0;
  std::vector<ChunkInfo> chunks;
  Digest digest;  // of the events that are there
  std::optional<Error> damage;
};

void Count(const EventBatch& batch, TraceInfo* info, DigestBuilder* digest) {
  if (info->chunks.empty()) info->first = batch.stimuli.front().time;
  info->last = batch.stimuli.back().time;
  for (const Stimulus& stimulus : batch.stimuli) {
    ++info->stimuli[static_cast<std::size_t>(stimulus.kind)];
    digest->Add(stimulus, batch.EffectsOf(stimulus));
  }
  for (const Effect& effect : batch.effects) {
    EffectCount& count = info->effects[static_cast<std::size_t>(effect.kind)];
    ++count.count;
    count.bytes += effect.data_size;
  }
}

std::optional<Error> CheckDigest(const TraceFooter& footer, const DigestBuilder& digest) {
  if (footer.digest == digest.Finish()) return std::nullopt;
  return Error{ErrorCode::kCorrupt, "a footer with another digest than the events before it",
               footer.chunks.size() + 1, std::nullopt};
}

// Everything up to the damage; an error where not even the header is there.
Result<TraceInfo> ReadInfo(const std::string& path) {
  auto reader = TraceReader::Open(path);
  if (!reader) return tl::make_unexpected(reader.error());
  TraceInfo info;
  DigestBuilder digest;
  Arena arena;
  bool has_header = false;
  for (;;) {
    auto chunk = reader->Next();
    if (!chunk && !has_header) return tl::make_unexpected(chunk.error());
    if (!chunk) info.damage = chunk.error();
    if (!chunk || !chunk->has_value()) break;
    info.compressed += reader->compressed_size();
    info.raw += reader->content_size();
    if (auto* header = std::get_if<TraceHeader>(&**chunk)) {
      info.header = std::move(*header);
      has_header = true;
    } else if (auto* events = std::get_if<EventChunk>(&**chunk)) {
      arena.Reset();
      Count(AllEvents(*events, arena), &info, &digest);
      info.chunks.push_back(
          {reader->chunks().back(), reader->compressed_size(), reader->content_size()});
      reader->Recycle(std::move(*events));
    } else {
      info.damage = CheckDigest(std::get<TraceFooter>(**chunk), digest);
    }
    if (info.damage) break;
  }
  info.totals = reader->totals();
  info.digest = digest.Finish();
  return info;
}

double Megabytes(std::uint64_t bytes) { return static_cast<double>(bytes) / 1e6; }

std::string KindCounts(const TraceInfo& info) {
  std::string text;
  for (std::size_t i = 0; i < info.stimuli.size(); ++i) {
    if (info.stimuli[i] == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", info.stimuli[i],
                        Name(static_cast<StimulusKind>(i)));
  }
  return text;
}

std::string EffectCounts(const TraceInfo& info) {
  std::string text;
  for (std::size_t i = 0; i < info.effects.size(); ++i) {
    const EffectCount& effect = info.effects[i];
    if (effect.count == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", effect.count,
                        Name(static_cast<EffectKind>(i)));
    if (effect.bytes != 0) text += fmt::format(" ({:.1f} MB)", Megabytes(effect.bytes));
  }
  return text;
}

void PrintChunks(const TraceInfo& info) {
  fmt::print("  chunk  offset      bytes       raw bytes   first event  events\n");
  for (std::size_t i = 0; i < info.chunks.size(); ++i) {
    const ChunkInfo& chunk = info.chunks[i];
    fmt::print("  {:<6} {:<11} {:<11} {:<11} {:<12} {}\n", i + 1, chunk.entry.offset,
               chunk.compressed, chunk.raw, chunk.entry.first_index, chunk.entry.stimuli);
  }
}

void PrintText(const std::string& path, const TraceInfo& info, const InfoRequest& request) {
  const TraceTotals& totals = info.totals;
  fmt::print("{}\n", Printable(path));
  fmt::print("  model        {}  {}\n", Printable(info.header.model),
             Printable(info.header.options));
  fmt::print("  recorded by  {}, trace version {}\n", Printable(info.header.recorder),
             info.header.version);
  fmt::print("  environment  {}\n", Printable(info.header.environment));
  fmt::print("  duration     {:.6f} s of virtual time\n",
             static_cast<double>(info.last - info.first) * 1e-9);
  fmt::print("  events       {}: {}\n", totals.stimuli, KindCounts(info));
  fmt::print("  effects      {}: {}\n", totals.effects, EffectCounts(info));
  fmt::print("  frames       {} in ({:.1f} MB), {} out ({:.1f} MB)\n", totals.frames_in,
             Megabytes(totals.bytes_in), totals.frames_out, Megabytes(totals.bytes_out));
  fmt::print("  size         {:.2f} MB, {:.1f} MB decompressed, {} chunks of events\n",
             Megabytes(info.compressed), Megabytes(info.raw), info.chunks.size());
  fmt::print("  digest       {}\n", ToString(info.digest));
  if (request.chunks) PrintChunks(info);
  if (info.damage) {
    fmt::print("  DAMAGED      {}; the figures are of what comes before\n",
               info.damage->ToString());
  }
}

nlohmann::json ToJson(const std::string& path, const TraceInfo& info) {
  const TraceTotals& totals = info.totals;
  nlohmann::json json = {{"trace", path},
                         {"version", info.header.version},
                         {"model", info.header.model},
                         {"options", info.header.options},
                         {"recorder", info.header.recorder},
                         {"environment", info.header.environment},
                         {"first_ns", info.first},
                         {"last_ns", info.last},
                         {"events", totals.stimuli},
                         {"effects", totals.effects},
                         {"frames_in", totals.frames_in},
                         {"frames_out", totals.frames_out},
                         {"bytes_in", totals.bytes_in},
                         {"bytes_out", totals.bytes_out},
                         {"compressed_bytes", info.compressed},
                         {"raw_bytes", info.raw},
                         {"digest", ToString(info.digest)},
                         {"complete", !info.damage.has_value()}};
  for (std::size_t i = 0; i < info.stimuli.size(); ++i) {
    json["stimuli_by_kind"][Name(static_cast<StimulusKind>(i))] = info.stimuli[i];
  }
  for (std::size_t i = 0; i < info.effects.size(); ++i) {
    json["effects_by_kind"][Name(static_cast<EffectKind>(i))] = {{"count", info.effects[i].count},
                                                                 {"bytes", info.effects[i].bytes}};
  }
  json["chunks"] = nlohmann::json::array();
  for (const ChunkInfo& chunk : info.chunks) {
    json["chunks"].push_back({{"offset", chunk.entry.offset},
                              {"first_event", chunk.entry.first_index},
                              {"events", chunk.entry.stimuli},
                              {"compressed_bytes", chunk.compressed},
                              {"raw_bytes", chunk.raw}});
  }
  if (info.damage) {
    json["damage"] = {{"code", ErrorCodeName(info.damage->code)},
                      {"text", info.damage->ToString()}};
  }
  return json;
}

int Info(const InfoRequest& request) {
  int exit_code = 0;
  nlohmann::json all = nlohmann::json::array();
  for (const std::string& path : request.traces) {
    const Result<TraceInfo> info = ReadInfo(path);
    if (!info) {
      fmt::print(stderr, "nicreplay: {}: {}\n", Printable(path),
                 Printable(info.error().ToString()));
      exit_code = 2;
      continue;
    }
    if (info->damage) exit_code = 2;
    if (request.json) {
      all.push_back(ToJson(path, *info));
    } else {
      PrintText(path, *info, request);
    }
  }
  if (request.json) fmt::print("{}\n", Dump(all, 2));
  return exit_code;
}

}  // namespace

void AddInfoCommand(CLI::App& app, int* exit_code) {
  auto request = std::make_shared<InfoRequest>();
  CLI::App* command =
      app.add_subcommand("info", "Say what a trace holds: device, events, frames, sizes, digest");
  command->footer(
      "Reads every chunk, so it also checks the file: order, checksums, totals and digest.  Of a "
      "damaged or\nunfinished trace it reports what comes before the damage.\n\n"
      "Examples:\n"
      "  nicreplay info corpus/sessions/*.nrt\n"
      "  nicreplay info --json session.nrt | jq .[0].digest\n"
      "Exit codes: 0 whole, 2 damaged, unfinished or unreadable.");
  command->add_option("trace", request->traces, "Trace files (.nrt)")->required();
  command->add_flag("--chunks", request->chunks, "List the chunks, too");
  command->add_flag("--json", request->json, "Print JSON");
  command->callback([request, exit_code] { *exit_code = Info(*request); });
}

}  // namespace nicreplay

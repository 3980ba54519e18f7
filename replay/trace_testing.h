// SPDX-License-Identifier: MIT
// For tests: folders that go away, trace files and their bytes.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "replay/event_testing.h"
#include "replay/stream.h"

namespace nicreplay::testing {

class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "nicreplay-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::system_error(errno, std::generic_category());
    path_ = name;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline std::vector<std::uint8_t> FileBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline TraceHeader ExampleHeader() {
  return {kTraceVersion, "e1000-stock", "mac=52:54:00:12:34:56", "test", "no guest"};
}

inline void Append(TraceWriter& writer, const EventBatch& batch) {
  for (const Stimulus& stimulus : batch.stimuli) writer.Append(stimulus, batch.EffectsOf(stimulus));
}

// The same events at later times.
inline EventBatch Later(EventBatch batch, Nanoseconds by) {
  for (Stimulus& stimulus : batch.stimuli) stimulus.time += by;
  return batch;
}

// A small trace: four stimuli in each of `chunks` chunks.
inline std::vector<std::uint8_t> SmallTrace(std::size_t chunks) {
  TempFolder folder;
  auto writer = TraceWriter::Create(folder / "small.nrt", ExampleHeader()).value();
  const std::uint8_t* const bytes = Payload().data();
  const std::vector<Effect> effects = {
      {.address = 0x1000, .data = bytes, .data_size = 16, .kind = EffectKind::kDmaRead},
      {.data = bytes, .offload = &kTsoOffload, .data_size = 60, .kind = EffectKind::kTransmit},
      {.kind = EffectKind::kInterrupt, .detail = 1}};
  Nanoseconds time = 0;
  for (std::size_t i = 0; i < chunks; ++i) {
    writer->Append({.time = ++time, .value = i, .kind = StimulusKind::kRead, .size = 4}, {});
    writer->Append({.time = ++time, .offset = 0x3818, .kind = StimulusKind::kWrite, .size = 4},
                   effects);
    writer->Append({.time = ++time, .data = bytes, .data_size = 42, .kind = StimulusKind::kFrame},
                   {});
    writer->Append({.time = ++time, .kind = StimulusKind::kReset}, {});
    writer->Flush();
  }
  writer->Finish().value();
  return FileBytes(folder / "small.nrt");
}

inline Result<LoadedTrace> LoadBytes(Bytes bytes, Salvage salvage = Salvage::kNo) {
  return LoadTrace(TraceReader::FromBytes(bytes), salvage);
}

// Where its zstd frames begin, and its end.
inline std::vector<std::size_t> FrameOffsets(Bytes trace) {
  std::vector<std::size_t> offsets;
  FrameReader reader = FrameReader::FromBytes(trace);
  while (reader.Next().value()) offsets.push_back(reader.offset());
  offsets.push_back(trace.size());
  return offsets;
}

// Whether the events of the chunk are these.
inline bool Holds(const EventChunk& chunk, const EventBatch& batch) {
  Arena arena;
  return Same(AllEvents(chunk, arena), batch);
}

// Whether the first chunks of `whole` are all that `part` has.
inline bool IsPrefix(const LoadedTrace& part, const LoadedTrace& whole, std::size_t chunks) {
  if (part.header != whole.header || part.chunks.size() != chunks) return false;
  Arena arena;
  for (std::size_t i = 0; i < chunks; ++i) {
    if (!Holds(part.chunks[i], AllEvents(whole.chunks[i], arena))) return false;
  }
  return true;
}

}  // namespace nicreplay::testing

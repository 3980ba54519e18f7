// SPDX-License-Identifier: MIT
// Operations on a model, recorded as a trace file.
#pragma once

#include <limits>
#include <memory>
#include <span>
#include <string>

#include "fuzz/lockstep.h"
#include "fuzz/operation_sink.h"
#include "models/result.h"
#include "replay/recorder.h"
#include "replay/stream.h"

namespace nicreplay {

// Operations on one model, with all that the guest wrote to memory.
class RecordingSession : public OperationSink {
 public:
  // `environment`: free text for the header of the trace.
  static Result<std::unique_ptr<RecordingSession>> Create(const std::string& path,
                                                          const Candidate& candidate,
                                                          std::size_t ram_size,
                                                          const std::string& environment);

  void set_limit(std::uint64_t operations) { limit_ = operations; }
  std::uint64_t Do(const Stimulus& operation) override;
  bool Done() const override { return count_ >= limit_ || writer_->error(); }

  // Writes the end of the trace and gives the file its name.
  Status Finish();

 private:
  explicit RecordingSession(std::size_t ram_size) : machine_(ram_size) {}

  std::unique_ptr<TraceWriter> writer_;
  Machine machine_;
  std::unique_ptr<RecordingDevice> device_;
  std::uint64_t limit_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t count_ = 0;
};

// The operations on the left model of the pairing.
Status SaveOperations(const std::string& path, const Pairing& pairing,
                      std::span<const Stimulus> operations, const std::string& environment);

// The operations alone, without what any model made of them: what `nicreplay diff --session` takes.
Status SaveStimuli(const std::string& path, const Candidate& candidate,
                   std::span<const Stimulus> operations, const std::string& environment);

}  // namespace nicreplay

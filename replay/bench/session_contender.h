// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "replay/bench/measurement.h"
#include "replay/bench/row.h"
#include "replay/session.h"

namespace nicreplay::bench {

// One row on a recorded session, which is replayed over and over with the effects discarded: what
// the model alone costs.  There is no network, and so no offload to it.
class SessionContender final : public Measurable {
 public:
  // An error if the row does not replay the session as it was recorded; rows that are not exact
  // cannot.  The program outlives it.
  static Result<std::unique_ptr<SessionContender>> Create(const Row& row, const Program& program,
                                                          std::uint64_t exit_cost);

  Result<Measurement> Run(std::chrono::nanoseconds time) override;

 private:
  SessionContender(const Program& program, Candidate candidate, std::uint64_t exit_cost)
      : program_(program), candidate_(std::move(candidate)), exit_cost_(exit_cost) {}

  Status ReplayOnce(Measurement* measurement);

  const Program& program_;
  const Candidate candidate_;
  const std::uint64_t exit_cost_;
  std::uint64_t exits_ = 0;  // accesses to BARs in the session
  Stopwatch stopwatch_;
};

}  // namespace nicreplay::bench

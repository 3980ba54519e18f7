// SPDX-License-Identifier: MIT
// What a model promises about its optimizations, and the device that it is held against.
#pragma once

#include <string>

#include "models/result.h"
#include "replay/session.h"

namespace nicreplay {

// The union of what the switches of a model promise.
struct Contract {
  std::string switches;  // as they were asked for: "tso+asynctx"; empty: the model has none
  // What may be put off, as e1000-deferred takes it; empty: nothing, the reference is stock.
  std::string deferred;
  bool polled = false;             // registers may be shadowed
  bool receive_checksums = false;  // declared: checksums may be reported as checked

  bool exact() const { return deferred.empty() && !receive_checksums; }
  // "exact", "deferred (tx+line)", "polled, declared (rxcsum)": for reports.
  std::string ToString() const;
};

// The contract of a model with these options: of e1000-opt, and of every model that is given opt=.
// kUsage: unknown switches.
Result<Contract> ContractOf(const Candidate& candidate);

// The device that a model with this contract must not differ from: e1000-stock, or e1000-deferred
// with the same options but for the switches.
Result<Candidate> ReferenceOf(const Candidate& candidate, const Contract& contract);

// `--opt LIST` of commands: options with opt=LIST; an empty list changes nothing.
std::string WithSwitches(const std::string& options, const std::string& list);

}  // namespace nicreplay

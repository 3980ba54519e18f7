// SPDX-License-Identifier: MIT
#include "replay/contract.h"

#include <array>
#include <string_view>

#include "models/e1000/opt/switches.h"
#include "models/options.h"

namespace nicreplay {

namespace {

using e1000::Switch;
using e1000::SwitchSet;

constexpr std::string_view kOptimizedModel = "e1000-opt";
constexpr std::string_view kReference = "e1000-deferred";
constexpr const char* kSwitches = "opt";
constexpr const char* kDeferred = "defer";
constexpr const char* kDefaultSwitches = "exact";

// Switches that stock itself does not answer for.  All others are exact.
struct Row {
  Switch which;
  std::string_view deferred;  // of e1000-deferred
};
constexpr std::array<Row, 4> kDeferring = {{{Switch::kAsynctx, "tx"},
                                            {Switch::kDoorbell, "doorbell"},
                                            {Switch::kIrqmod, "line"},
                                            {Switch::kSidecore, "shadow"}}};

}  // namespace

std::string Contract::ToString() const {
  std::string text = deferred.empty() ? "exact" : (polled ? "polled" : "deferred");
  if (!deferred.empty()) text += " (" + deferred + ")";
  if (receive_checksums) text += ", declared (rxcsum)";
  return text;
}

Result<Contract> ContractOf(const Candidate& candidate) {
  Contract contract;
  auto options = Options::Parse(candidate.options);
  if (!options) return tl::make_unexpected(options.error());
  if (candidate.model == kReference) {
    // It keeps its own contract, which is how a checker is checked.
    contract.deferred = options->TakeText(kDeferred, "");
    contract.polled = contract.deferred.find("shadow") != std::string::npos;
    return contract;
  }
  contract.switches =
      options->TakeText(kSwitches, candidate.model == kOptimizedModel ? kDefaultSwitches : "");
  if (contract.switches.empty()) return contract;
  const auto switches = SwitchSet::Parse(contract.switches);
  if (!switches) return tl::make_unexpected(switches.error());
  for (const Row& row : kDeferring) {
    if (!switches->has(row.which)) continue;
    if (!contract.deferred.empty()) contract.deferred += '+';
    contract.deferred += row.deferred;
  }
  contract.polled = switches->has(Switch::kSidecore);
  contract.receive_checksums = switches->has(Switch::kRxcsum);
  return contract;
}

Result<Candidate> ReferenceOf(const Candidate& candidate, const Contract& contract) {
  auto options = Options::Parse(candidate.options);
  if (!options) return tl::make_unexpected(options.error());
  options->TakeText(kSwitches, "");
  options->TakeText(kDeferred, "");
  std::string text = options->ToString();
  if (contract.deferred.empty()) return Candidate{"e1000-stock", text};
  if (!text.empty()) text += ',';
  return Candidate{std::string(kReference), text + kDeferred + "=" + contract.deferred};
}

std::string WithSwitches(const std::string& options, const std::string& list) {
  if (list.empty()) return options;
  return options + (options.empty() ? "" : ",") + kSwitches + "=" + list;
}

}  // namespace nicreplay

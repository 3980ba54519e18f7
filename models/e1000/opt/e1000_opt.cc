// SPDX-License-Identifier: MIT
#include "models/e1000/opt/e1000_opt.h"

#include <memory>

#include "models/e1000/opt/deferring_device.h"
#include "models/e1000/opt/device.h"
#include "models/e1000/stock_device.h"
#include "models/families.h"

namespace nicreplay {
namespace e1000 {
namespace {

Result<std::unique_ptr<Device>> CreateOpt(const ModelEntry&, const Options& options, Host& host) {
  Options left = options;
  const Result<Settings> settings = Settings::Take(left);
  if (!settings) return tl::make_unexpected(settings.error());
  const Result<SwitchSet> switches = SwitchSet::Parse(left.TakeText("opt", "exact"));
  if (!switches) return tl::make_unexpected(switches.error());
  if (const auto finished = left.Finish(); !finished) {
    return tl::make_unexpected(finished.error());
  }
  if (switches->empty()) return std::make_unique<StockDevice>(*settings, host, host);
  if (switches->has_any(kDeferringSwitches)) {
    return std::make_unique<DeferringDevice>(*settings, host, *switches);
  }
  return std::make_unique<OptDevice>(*settings, host, host, *switches);
}

}  // namespace
}  // namespace e1000

const ModelEntry& E1000OptEntry() {
  static const ModelEntry entry = {
      .name = "e1000-opt",
      .summary = "e1000-stock with optimizations that no driver can see",
      .options = e1000::SwitchesHelp() + "\n" + e1000::SettingsHelp(),
      .create = e1000::CreateOpt,
      .describer = FamilyDescriber("e1000"),
  };
  return entry;
}

}  // namespace nicreplay

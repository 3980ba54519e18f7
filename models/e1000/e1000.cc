// SPDX-License-Identifier: MIT
#include "models/e1000/e1000.h"

#include <memory>

#include "models/e1000/stock_device.h"
#include "models/families.h"

namespace nicreplay {
namespace e1000 {
namespace {

Result<std::unique_ptr<Device>> CreateStock(const ModelEntry&, const Options& options, Host& host) {
  Options left = options;
  const Result<Settings> settings = Settings::Take(left);
  if (!settings) return tl::make_unexpected(settings.error());
  if (const auto finished = left.Finish(); !finished) {
    return tl::make_unexpected(finished.error());
  }
  return std::make_unique<StockDevice>(*settings, host, host);
}

}  // namespace
}  // namespace e1000

const ModelEntry& E1000StockEntry() {
  static const ModelEntry entry = {
      .name = "e1000-stock",
      .summary = "Intel 82540EM/82544GC/82545EM as QEMU 7.2 emulates them, bit-exact",
      .options = e1000::SettingsHelp(),
      .create = e1000::CreateStock,
      .describer = FamilyDescriber("e1000"),
  };
  return entry;
}

}  // namespace nicreplay

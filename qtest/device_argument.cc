// SPDX-License-Identifier: MIT
#include "qtest/device_argument.h"

#include <fmt/format.h>

#include "models/options.h"

namespace nicreplay {

namespace {

constexpr const char* kDefaultChip = "82540em";

std::string ReplaceAll(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string Append(const std::string& device, const std::string& property) {
  return property.empty() ? device : device + "," + property;
}

}  // namespace

Result<std::uint64_t> RomSizeOf(const std::string& model_options) {
  constexpr std::uint64_t kMaxRom = std::uint64_t{16} << 20;
  auto options = Options::Parse(model_options);
  if (!options) return tl::make_unexpected(options.error());
  return options->TakeNumber("rom_size", 0, kMaxRom);
}

Result<std::string> DeviceArgument(const std::string& device, const std::string& model_options) {
  auto options = Options::Parse(model_options);
  if (!options) return tl::make_unexpected(options.error());
  options->TakeText("rom_size", "");
  const std::size_t end = device.find(',');
  const std::string name = device.substr(0, end);
  const std::string properties = end == std::string::npos ? "" : device.substr(end + 1);
  if (name.starts_with("e1000")) {
    const std::string chip = options->TakeText("device", kDefaultChip);
    const bool plain = name == "e1000" && chip != kDefaultChip;
    return Append(Append(plain ? name + "-" + chip : name, properties),
                  ReplaceAll(options->ToString(), "init_vet", "init-vet"));
  }
  if (name.starts_with("virtio-net")) {
    return Append(Append(name, properties), options->ToString());
  }
  const std::string mac = options->TakeText("mac", "");
  const std::string rest = ReplaceAll(options->ToString(), ",", ",,");
  std::string argument = Append(name, properties);
  if (!mac.empty()) argument = Append(argument, "mac=" + mac);
  if (!rest.empty()) argument = Append(argument, "options=" + rest);
  return argument;
}

}  // namespace nicreplay

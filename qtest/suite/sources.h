// SPDX-License-Identifier: MIT
// Where a case's expectations come from.  A case without a source fails.
#pragma once

#include <string>
#include <string_view>

namespace nicreplay::suite {

class Sources {
 public:
  // FromPci("6.2.2") is PCI 3.0; FromQemu() what QEMU does where the device's specification says
  // nothing or otherwise; FromBug("CVE-2016-1981") what a device model once got wrong.
  void FromPci(std::string_view section) { Add("PCI 3.0 " + std::string(section)); }
  void FromQemu() { Add("QEMU's behaviour"); }
  void FromBug(std::string_view name) { Add("bug: " + std::string(name)); }

 protected:
  void Add(const std::string& source);
  // To be called when the case is over.
  void CheckSources();

 private:
  std::string sources_;
};

}  // namespace nicreplay::suite

// SPDX-License-Identifier: MIT
// For tests of the optimizations: stock and the optimized device under the same driver.
#pragma once

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "models/e1000/register_file.h"
#include "models/e1000/test_host.h"

namespace nicreplay::e1000 {

class Twins {
 public:
  explicit Twins(const std::string& switches) : opt("opt=" + switches, "e1000-opt") {
    opt.host.mappable = TestHost::kMemorySize;
    opt.host.offloads = kOffloadAll;
  }

  template <typename F>
  void Both(F f) {
    f(stock);
    f(opt);
  }
  void Write(std::uint32_t offset, std::uint32_t value) {
    Both([&](Bench& bench) { bench.Write(offset, value); });
  }
  void PutMemory(GuestAddress address, Bytes bytes) {
    Both([&](Bench& bench) {
      std::copy(bytes.begin(), bytes.end(), bench.host.memory.begin() + static_cast<long>(address));
    });
  }
  template <typename Descriptor>
  void PutTx(std::uint32_t index, const Descriptor& descriptor) {
    Both([&](Bench& bench) { bench.PutTx(index, descriptor); });
  }

  // Everything that a driver or the network can see without changing it.
  testing::AssertionResult Same() {
    const auto fail = [](const std::string& what) { return testing::AssertionFailure() << what; };
    if (stock.host.sent.size() != opt.host.sent.size()) {
      return fail("frames: " + std::to_string(stock.host.sent.size()) + " and " +
                  std::to_string(opt.host.sent.size()));
    }
    for (std::size_t i = 0; i < stock.host.sent.size(); ++i) {
      if (stock.host.sent[i] != opt.host.sent[i]) return fail("frame " + std::to_string(i));
    }
    if (stock.host.memory != opt.host.memory) return fail("memory");
    if (stock.host.line != opt.host.line) return fail("line");
    if (stock.host.timers != opt.host.timers) return fail("timers");
    if (stock.device->CanReceive() != opt.device->CanReceive()) return fail("readiness");
    Both([](Bench& bench) { bench.host.sent.clear(); });
    return testing::AssertionSuccess();
  }

  // All registers that the table has, by reading them: some are cleared by that.
  testing::AssertionResult SameRegisters() {
    for (const RegisterRow& row : kRegisters) {
      for (std::uint32_t offset = row.offset; offset < row.end(); offset += 4) {
        const std::uint32_t want = stock.Read(offset);
        const std::uint32_t got = opt.Read(offset);
        if (want == got) continue;
        return testing::AssertionFailure()
               << NameOfRegister(offset) << ": " << want << " and " << got;
      }
    }
    return testing::AssertionSuccess();
  }

  Bench stock;
  Bench opt;
};

}  // namespace nicreplay::e1000

// SPDX-License-Identifier: MIT
// The rows of the table: models, and the optimizations of e1000-opt.
#pragma once

#include <string>
#include <vector>

#include "models/result.h"
#include "replay/bench/bus.h"

namespace nicreplay::bench {

// How near a row is to stock (opt=LIST of e1000-opt).
enum class Contract : std::uint8_t { kExact, kDeferred, kDeclared };

struct Row {
  std::string name;
  std::string model;  // empty: the device that does nothing
  std::string options;
  Doorbells doorbells = Doorbells::kTrap;
  Contract contract = Contract::kExact;
  std::string offload_options = options;  // instead, where the network takes offloads
};

// Every row that the registered models allow, in the table's order: the harness alone, qemu-e1000,
// e1000-stock, e1000-opt without any optimization, with each alone, with more and more of them,
// with all, virtio-net.
std::vector<Row> AllRows();

// Those named, in the table's order; "ends" stands for all but single and cumulated optimizations.
Result<std::vector<Row>> SelectRows(const std::vector<std::string>& names);

}  // namespace nicreplay::bench

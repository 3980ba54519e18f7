// SPDX-License-Identifier: MIT
// Guest memory as a PCI function with bus mastering of its own reaches it: while the command
// register forbids mastering, reads give 0 and writes vanish.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

#include "models/device.h"
#include "models/pci_config.h"

namespace nicreplay::virtio {

class Memory {
 public:
  Memory(Host& host, const PciConfig& pci) : host_(host), pci_(pci) {}

  void Read(GuestAddress address, MutableBytes out) const {
    if (pci_.bus_master()) {
      host_.DmaRead(address, out);
    } else {
      std::fill(out.begin(), out.end(), std::uint8_t{0});
    }
  }
  void Write(GuestAddress address, Bytes data) const {
    if (pci_.bus_master() && !data.empty()) host_.DmaWrite(address, data);
  }

  // The driver may be running on another processor.  What is read or written before one of these is
  // so before what is read or written behind it (the barriers of virtio 1.2, 2.7.13 and 2.8.21,
  // on the device's side).
  static void OrderReads() { std::atomic_thread_fence(std::memory_order_acquire); }
  static void OrderWrites() { std::atomic_thread_fence(std::memory_order_release); }
  // Also a write before a read: either side shows its own before it looks at the other's, so that
  // not both of them miss what is new.
  static void OrderAll() { std::atomic_thread_fence(std::memory_order_seq_cst); }

  // Wire layouts of spec.h; little endian is the host's order, which every supported compiler
  // target of this harness has.
  template <typename T>
  T ReadAs(GuestAddress address) const {
    T value;
    Read(address, {reinterpret_cast<std::uint8_t*>(&value), sizeof(value)});
    return value;
  }
  template <typename T>
  void WriteAs(GuestAddress address, const T& value) const {
    Write(address, {reinterpret_cast<const std::uint8_t*>(&value), sizeof(value)});
  }

 private:
  Host& host_;
  const PciConfig& pci_;
};

}  // namespace nicreplay::virtio

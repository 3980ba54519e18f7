// SPDX-License-Identifier: MIT
// What is fixed about QEMU's "pc" machine (i440FX and PIIX3), as far as a device on its bus sees
// it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "models/device.h"
#include "qtest/pci.h"

namespace nicreplay::pc {

// RAM begins at 0 and ends at its size, but for this hole (the VGA window and ROMs).
inline constexpr GuestAddress kHole = 0xa0000;
inline constexpr GuestAddress kHoleEnd = 0x100000;
// More would have to be moved above 4 GiB.
inline constexpr std::uint64_t kMaxRam = std::uint64_t{2} << 30;

// Calls f(offset in the range, size) for each part of the range that is RAM.  A range may wrap past
// 2^64.
template <typename F>
void ForEachRamPart(std::uint64_t ram_size, GuestAddress address, std::uint64_t size, F f) {
  const auto meet = [&](GuestAddress low, GuestAddress high, std::uint64_t done,
                        std::uint64_t length) {
    const GuestAddress at = address + done;
    // RAM ends far below 2^64: where the sum would wrap, at is above it.
    const GuestAddress from = std::max(low, at);
    if (from >= high) return;
    const GuestAddress to = std::min(high, at + length);
    if (from < to) f(done + (from - at), to - from);
  };
  const std::uint64_t room = std::uint64_t{0} - address;  // up to 2^64; 0: all of it
  const std::uint64_t first = room == 0 ? size : std::min(size, room);
  for (const auto& [done, length] :
       {std::pair(std::uint64_t{0}, first), std::pair(first, size - first)}) {
    meet(0, std::min(kHole, ram_size), done, length);
    meet(kHoleEnd, ram_size, done, length);
  }
}

// Devices that a DMA may reach (Intel 82093AA, 3.0; SDM vol. 3A, 10.4.1): behind these addresses
// QEMU's memory is more than reads of 0.
inline constexpr GuestAddress kIoApic = 0xfec00000;
inline constexpr GuestAddress kLocalApic = 0xfee00000;
inline constexpr std::uint64_t kIoApicSize = 0x1000;
inline constexpr std::uint64_t kLocalApicSize = 0x100000;

// The PCI interrupt router (Intel 82371SB, 2.2.8): PIRQRC[A:D].
inline constexpr PciAddress kIsaBridge{1, 0};
inline constexpr std::uint32_t kIsaBridgeId = 0x70008086;
inline constexpr std::uint8_t kPirqRoute = 0x60;
inline constexpr std::uint8_t kPirqDisabled = 0x80;
inline constexpr int kPirqCount = 4;
// An input of the I/O APIC that nothing else on the machine uses.
inline constexpr std::uint8_t kInterrupt = 11;
// Which PIRQ INTA# of a device on bus 0 is wired to.
constexpr int PirqOf(PciAddress address) { return (address.device - 1) & 3; }

// Where the NIC sits when we choose.
inline constexpr PciAddress kNicSlot{4, 0};

}  // namespace nicreplay::pc

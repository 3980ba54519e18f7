// SPDX-License-Identifier: MIT
// Descriptor layouts in guest memory, little endian (8254x manual, 3.2.3 and 3.3).  The structs
// give names and offsets; values move in and out through Decode and Encode, side by side.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "models/e1000/fields.h"

namespace nicreplay::e1000 {

static_assert(std::endian::native == std::endian::little, "descriptors are copied as they are");

inline constexpr std::size_t kDescriptorSize = 16;
using RawDescriptor = std::array<std::uint8_t, kDescriptorSize>;

// 3.2.3: receive descriptor.
struct RxDescriptor {
  std::uint64_t buffer_address = 0;
  std::uint16_t length = 0;
  std::uint16_t checksum = 0;
  std::uint8_t status = 0;
  std::uint8_t errors = 0;
  std::uint16_t special = 0;
};
static_assert(sizeof(RxDescriptor) == kDescriptorSize);
static_assert(offsetof(RxDescriptor, length) == 8 && offsetof(RxDescriptor, checksum) == 10);
static_assert(offsetof(RxDescriptor, status) == 12 && offsetof(RxDescriptor, errors) == 13);
static_assert(offsetof(RxDescriptor, special) == 14);

namespace rxd {
inline constexpr std::uint8_t kDD = 1u << 0;
inline constexpr std::uint8_t kEOP = 1u << 1;
inline constexpr std::uint8_t kIXSM = 1u << 2;
inline constexpr std::uint8_t kVP = 1u << 3;
inline constexpr std::uint8_t kTCPCS = 1u << 5;
inline constexpr std::uint8_t kIPCS = 1u << 6;
inline constexpr std::array kStatusFields = {
    Field{"DD", kDD},        Field{"EOP", kEOP},     Field{"IXSM", kIXSM}, Field{"VP", kVP},
    Field{"UDPCS", 1u << 4}, Field{"TCPCS", kTCPCS}, Field{"IPCS", kIPCS}, Field{"PIF", 1u << 7}};
inline constexpr std::array kErrorFields = {
    Field{"CE", 1u << 0},   Field{"SE", 1u << 1},  Field{"SEQ", 1u << 2}, Field{"CXE", 1u << 4},
    Field{"TCPE", 1u << 5}, Field{"IPE", 1u << 6}, Field{"RXE", 1u << 7}};
}  // namespace rxd

// 3.3.3 and 3.3.7: legacy and TCP/IP data descriptor.  `lower` is length, CSO or DTYP, and DCMD;
// `upper` is STA, CSS or POPTS, and special.
struct TxDescriptor {
  std::uint64_t buffer_address = 0;
  std::uint32_t lower = 0;
  std::uint32_t upper = 0;

  std::uint16_t length() const { return static_cast<std::uint16_t>(lower); }
  std::uint8_t popts() const { return static_cast<std::uint8_t>(upper >> 8); }
  std::uint16_t special() const { return static_cast<std::uint16_t>(upper >> 16); }
};
static_assert(sizeof(TxDescriptor) == kDescriptorSize);
static_assert(offsetof(TxDescriptor, lower) == 8 && offsetof(TxDescriptor, upper) == 12);

// 3.3.6: TCP/IP context descriptor.  `command` is PAYLEN, DTYP and TUCMD.
struct ContextDescriptor {
  std::uint8_t ipcss = 0;
  std::uint8_t ipcso = 0;
  std::uint16_t ipcse = 0;
  std::uint8_t tucss = 0;
  std::uint8_t tucso = 0;
  std::uint16_t tucse = 0;
  std::uint32_t command = 0;
  std::uint8_t status = 0;
  std::uint8_t hdrlen = 0;
  std::uint16_t mss = 0;

  std::uint32_t paylen() const { return command & 0xfffff; }
};
static_assert(sizeof(ContextDescriptor) == kDescriptorSize);
static_assert(offsetof(ContextDescriptor, tucss) == 4 && offsetof(ContextDescriptor, command) == 8);
static_assert(offsetof(ContextDescriptor, status) == 12 && offsetof(ContextDescriptor, mss) == 14);

// Bits of the dword at offset 8 (`lower`, `command`) and of STA.
namespace txd {
inline constexpr std::uint32_t kDTYP_DATA = 1u << 20;
inline constexpr std::uint32_t kEOP = 1u << 24;
inline constexpr std::uint32_t kIFCS = 1u << 25;
inline constexpr std::uint32_t kIC = 1u << 26;  // legacy: insert checksum
inline constexpr std::uint32_t kTSE = 1u << 26;
inline constexpr std::uint32_t kRS = 1u << 27;
inline constexpr std::uint32_t kRPS = 1u << 28;
inline constexpr std::uint32_t kDEXT = 1u << 29;
inline constexpr std::uint32_t kVLE = 1u << 30;
inline constexpr std::uint32_t kIDE = 1u << 31;
inline constexpr std::uint32_t kContextTCP = 1u << 24;
inline constexpr std::uint32_t kContextIP = 1u << 25;
inline constexpr std::uint8_t kPoptsIXSM = 1u << 0;
inline constexpr std::uint8_t kPoptsTXSM = 1u << 1;
inline constexpr std::uint32_t kStatusDD = 1u << 0;
inline constexpr std::uint32_t kStatusEC = 1u << 1;
inline constexpr std::uint32_t kStatusLC = 1u << 2;
inline constexpr std::uint32_t kStatusTU = 1u << 3;

inline constexpr std::array kLegacyCommandFields = {
    Field{"EOP", kEOP}, Field{"IFCS", kIFCS}, Field{"IC", kIC},   Field{"RS", kRS},
    Field{"RPS", kRPS}, Field{"DEXT", kDEXT}, Field{"VLE", kVLE}, Field{"IDE", kIDE}};
inline constexpr std::array kDataCommandFields = {
    Field{"EOP", kEOP}, Field{"IFCS", kIFCS}, Field{"TSE", kTSE}, Field{"RS", kRS},
    Field{"RPS", kRPS}, Field{"DEXT", kDEXT}, Field{"VLE", kVLE}, Field{"IDE", kIDE}};
inline constexpr std::array kContextCommandFields = {
    Field{"TCP", kContextTCP}, Field{"IP", kContextIP}, Field{"TSE", kTSE},
    Field{"RS", kRS},          Field{"DEXT", kDEXT},    Field{"IDE", kIDE}};
inline constexpr std::array kStatusFields = {Field{"DD", kStatusDD}, Field{"EC", kStatusEC},
                                             Field{"LC", kStatusLC}, Field{"TU", kStatusTU}};
inline constexpr std::array kPoptsFields = {Field{"IXSM", kPoptsIXSM}, Field{"TXSM", kPoptsTXSM}};
}  // namespace txd

// 3.3.3.3: what `upper` becomes once the descriptor is done.
constexpr std::uint32_t DoneUpper(std::uint32_t upper) {
  return (upper | txd::kStatusDD) & ~(txd::kStatusEC | txd::kStatusLC | txd::kStatusTU);
}

enum class TxDescriptorKind : std::uint8_t { kLegacy, kContext, kData };

// The kind, from the dword at offset 8 (3.3.2).
constexpr TxDescriptorKind KindOf(std::uint32_t lower) {
  if ((lower & txd::kDEXT) == 0) return TxDescriptorKind::kLegacy;
  return (lower & txd::kDTYP_DATA) != 0 ? TxDescriptorKind::kData : TxDescriptorKind::kContext;
}

template <typename Descriptor>
Descriptor Decode(const RawDescriptor& raw) {
  static_assert(sizeof(Descriptor) == sizeof(raw));
  return std::bit_cast<Descriptor>(raw);
}

template <typename Descriptor>
RawDescriptor Encode(const Descriptor& descriptor) {
  static_assert(sizeof(Descriptor) == sizeof(RawDescriptor));
  return std::bit_cast<RawDescriptor>(descriptor);
}

}  // namespace nicreplay::e1000

// SPDX-License-Identifier: MIT
#include "models/e1000/describe_descriptors.h"

#include <fmt/format.h>

#include <algorithm>

#include "models/e1000/describe_registers.h"
#include "models/e1000/descriptors.h"

namespace nicreplay::e1000 {
namespace {

// Bits 31:24 of the dword at offset 8 are commands in every form.  DEXT only tells the forms apart.
constexpr std::uint32_t kCommandBits = 0xff000000 & ~txd::kDEXT;

struct FieldSpan {
  std::string_view name;
  std::size_t from;
  std::size_t size;
};

constexpr FieldSpan kRxFields[] = {
    {"buffer address", 0, 8}, {"length", 8, 2},  {"checksum", 10, 2},
    {"status", 12, 1},        {"errors", 13, 1}, {"special", 14, 2},
};

// The names of legacy and data descriptors; a context descriptor's own depend on its contents.
constexpr FieldSpan kTxFields[] = {
    {"buffer address", 0, 8}, {"lower.length", 8, 2},  {"lower.cso", 10, 1},
    {"lower.command", 11, 1}, {"upper.status", 12, 1}, {"upper.popts", 13, 1},
    {"upper.special", 14, 2},
};

std::span<const FieldSpan> FieldsOf(RingKind kind) {
  if (kind == RingKind::kReceive) return kRxFields;
  return kTxFields;
}

std::string OrNone(const std::string& text) { return text.empty() ? "none" : text; }

std::string DescribeRx(const RxDescriptor& d) {
  std::string text = fmt::format("buffer 0x{:x}, length {}, status {}", d.buffer_address, d.length,
                                 OrNone(DescribeFields(rxd::kStatusFields, d.status)));
  if (d.errors != 0)
    text += fmt::format(", errors {}", DescribeFields(rxd::kErrorFields, d.errors));
  if (d.checksum != 0) text += fmt::format(", checksum 0x{:04x}", d.checksum);
  if (d.special != 0) text += fmt::format(", special 0x{:04x}", d.special);
  return text;
}

std::string TxStatus(std::uint32_t status) {
  return OrNone(DescribeFields(txd::kStatusFields, status & 0xff));
}

// 3.3.6.
std::string DescribeContext(const ContextDescriptor& d) {
  return fmt::format(
      "context, IPCSS {} IPCSO {} IPCSE {}, TUCSS {} TUCSO {} TUCSE {}, PAYLEN {} HDRLEN {} MSS "
      "{}, "
      "{}, status {}",
      d.ipcss, d.ipcso, d.ipcse, d.tucss, d.tucso, d.tucse, d.paylen(), d.hdrlen, d.mss,
      OrNone(DescribeFields(txd::kContextCommandFields, d.command & kCommandBits)),
      TxStatus(d.status));
}

// 3.3.3.
std::string DescribeLegacy(const TxDescriptor& d) {
  std::string text =
      fmt::format("legacy, buffer 0x{:x}, length {}, {}", d.buffer_address, d.length(),
                  OrNone(DescribeFields(txd::kLegacyCommandFields, d.lower & kCommandBits)));
  const std::uint32_t cso = d.lower >> 16 & 0xff;
  if (cso != 0) text += fmt::format(", CSO {}", cso);
  text += fmt::format(", status {}", TxStatus(d.upper));
  if (d.popts() != 0) text += fmt::format(", CSS {}", d.popts());
  return text;
}

// 3.3.7.
std::string DescribeData(const TxDescriptor& d) {
  std::string text = fmt::format(
      "data, buffer 0x{:x}, length {}, {}, status {}", d.buffer_address, d.lower & 0xfffff,
      OrNone(DescribeFields(txd::kDataCommandFields, d.lower & kCommandBits)), TxStatus(d.upper));
  if (d.popts() != 0) {
    text += fmt::format(", POPTS {}", DescribeFields(txd::kPoptsFields, d.popts()));
  }
  return text;
}

std::string DescribeTx(const RawDescriptor& raw) {
  const auto d = Decode<TxDescriptor>(raw);
  const TxDescriptorKind kind = KindOf(d.lower);
  if (kind == TxDescriptorKind::kContext) return DescribeContext(Decode<ContextDescriptor>(raw));
  std::string text = kind == TxDescriptorKind::kData ? DescribeData(d) : DescribeLegacy(d);
  if (d.special() != 0) text += fmt::format(", special 0x{:04x}", d.special());
  return text;
}

std::string DescribeField(RingKind kind, const FieldSpan& field, Bytes bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < field.size; ++i) value |= std::uint64_t{bytes[i]} << 8 * i;
  const auto bits = static_cast<std::uint32_t>(value);
  const bool receive = kind == RingKind::kReceive;
  if (receive && field.name == "status") {
    return fmt::format("status {}", OrNone(DescribeFields(rxd::kStatusFields, bits)));
  }
  if (receive && field.name == "errors") {
    return fmt::format("errors {}", OrNone(DescribeFields(rxd::kErrorFields, bits)));
  }
  if (field.name == "upper.status") return fmt::format("upper.status {}", TxStatus(bits));
  return fmt::format("{} 0x{:x}", field.name, value);
}

}  // namespace

std::string_view DescriptorField(RingKind kind, std::size_t byte) {
  for (const FieldSpan& field : FieldsOf(kind)) {
    if (byte >= field.from && byte < field.from + field.size) return field.name;
  }
  return {};
}

std::string DescribeDescriptor(RingKind kind, std::size_t from, Bytes bytes) {
  if (from == 0 && bytes.size() == kDescriptorSize) {
    RawDescriptor raw;
    std::copy(bytes.begin(), bytes.end(), raw.begin());
    return kind == RingKind::kReceive ? DescribeRx(Decode<RxDescriptor>(raw)) : DescribeTx(raw);
  }
  std::string text;
  for (const FieldSpan& field : FieldsOf(kind)) {
    if (field.from < from || field.from + field.size > from + bytes.size()) continue;
    if (!text.empty()) text += ", ";
    text += DescribeField(kind, field, bytes.subspan(field.from - from));
  }
  return text;
}

}  // namespace nicreplay::e1000

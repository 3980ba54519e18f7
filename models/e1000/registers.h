// SPDX-License-Identifier: MIT
// The registers of the 8254x that stock QEMU implements: one row each, with everything the model
// and the reports need to know about it.  Sections are those of the 8254x software developer's
// manual; a register that the table does not list reads 0 and ignores writes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "models/e1000/fields.h"

namespace nicreplay::e1000 {

inline constexpr std::uint32_t kBar0Size = 0x20000;
inline constexpr std::uint32_t kBar1Size = 0x40;
inline constexpr std::size_t kDwords = kBar0Size / 4;

// Byte offsets in BAR 0.
enum Offset : std::uint32_t {
  kCTRL = 0x0000,
  kSTATUS = 0x0008,
  kEECD = 0x0010,
  kEERD = 0x0014,
  kMDIC = 0x0020,
  kVET = 0x0038,
  kICR = 0x00c0,
  kITR = 0x00c4,
  kICS = 0x00c8,
  kIMS = 0x00d0,
  kIMC = 0x00d8,
  kRCTL = 0x0100,
  kTCTL = 0x0400,
  kAIT = 0x0458,
  kLEDCTL = 0x0e00,
  kPBA = 0x1000,
  kRDFH = 0x2410,
  kRDFT = 0x2418,
  kRDFHS = 0x2420,
  kRDFTS = 0x2428,
  kRDFPC = 0x2430,
  kRDBAL = 0x2800,
  kRDBAH = 0x2804,
  kRDLEN = 0x2808,
  kRDH = 0x2810,
  kRDT = 0x2818,
  kRDTR = 0x2820,
  kRADV = 0x282c,
  kTDFH = 0x3410,
  kTDFT = 0x3418,
  kTDFHS = 0x3420,
  kTDFTS = 0x3428,
  kTDFPC = 0x3430,
  kTDBAL = 0x3800,
  kTDBAH = 0x3804,
  kTDLEN = 0x3808,
  kTDH = 0x3810,
  kTDT = 0x3818,
  kTXDCTL = 0x3828,
  kTADV = 0x382c,
  kCRCERRS = 0x4000,
  kALGNERRC = 0x4004,
  kSYMERRS = 0x4008,
  kRXERRC = 0x400c,
  kMPC = 0x4010,
  kSCC = 0x4014,
  kECOL = 0x4018,
  kMCC = 0x401c,
  kLATECOL = 0x4020,
  kCOLC = 0x4028,
  kDC = 0x4030,
  kTNCRS = 0x4034,
  kSEC = 0x4038,
  kCEXTERR = 0x403c,
  kRLEC = 0x4040,
  kXONRXC = 0x4048,
  kXONTXC = 0x404c,
  kXOFFRXC = 0x4050,
  kXOFFTXC = 0x4054,
  kFCRUC = 0x4058,
  kPRC64 = 0x405c,
  kPRC127 = 0x4060,
  kPRC255 = 0x4064,
  kPRC511 = 0x4068,
  kPRC1023 = 0x406c,
  kPRC1522 = 0x4070,
  kGPRC = 0x4074,
  kBPRC = 0x4078,
  kMPRC = 0x407c,
  kGPTC = 0x4080,
  kGORCL = 0x4088,
  kGORCH = 0x408c,
  kGOTCL = 0x4090,
  kGOTCH = 0x4094,
  kRNBC = 0x40a0,
  kRUC = 0x40a4,
  kRFC = 0x40a8,
  kROC = 0x40ac,
  kRJC = 0x40b0,
  kMGTPRC = 0x40b4,
  kMGTPDC = 0x40b8,
  kMGTPTC = 0x40bc,
  kTORL = 0x40c0,
  kTORH = 0x40c4,
  kTOTL = 0x40c8,
  kTOTH = 0x40cc,
  kTPR = 0x40d0,
  kTPT = 0x40d4,
  kPTC64 = 0x40d8,
  kPTC127 = 0x40dc,
  kPTC255 = 0x40e0,
  kPTC511 = 0x40e4,
  kPTC1023 = 0x40e8,
  kPTC1522 = 0x40ec,
  kMPTC = 0x40f0,
  kBPTC = 0x40f4,
  kTSCTC = 0x40f8,
  kTSCTFC = 0x40fc,
  kMTA = 0x5200,
  kRA = 0x5400,
  kVFTA = 0x5600,
  kWUC = 0x5800,
  kWUFC = 0x5808,
  kWUS = 0x5810,
  kMANC = 0x5820,
  kIPAV = 0x5838,
  kIP4AT = 0x5840,
  kIP6AT = 0x5880,
  kWUPM = 0x5a00,
  kSWSM = 0x5b50,
  kFFLT = 0x5f00,
  kFFMT = 0x9000,
  kFFVT = 0x9800,
  kPBM = 0x10000,
};

inline constexpr std::uint32_t kRingIndexBits = 0xffff;    // of RDH, RDT, TDH and TDT
inline constexpr std::uint32_t kRingLengthBits = 0xfff80;  // of RDLEN and TDLEN

inline constexpr std::size_t kReceiveAddresses = 16;  // RAL/RAH pairs

enum class ReadRule : std::uint8_t {
  kZero,   // write-only
  kPlain,  // the stored value
  kLow4,   // the stored value's low bits; more than that is kept but never shown
  kLow11,
  kLow13,
  kLow16,
  kClear,      // reading clears
  kClearPair,  // high half of a 64-bit counter: reading clears both halves
  kIcr,        // reading clears all causes and lowers the interrupt line
  kEecd,
  kEerd,
};

enum class WriteRule : std::uint8_t {
  kIgnore,  // read-only
  kPlain,
  kLow16,       // only the low 16 bits are kept
  kRingLength,  // descriptor rings are multiples of 128 bytes under 1 MiB
  kCtrl,
  kEecd,
  kMdic,
  kIcr,  // write 1 to clear
  kIcs,  // write 1 to set a cause
  kIms,  // write 1 to enable a cause
  kImc,  // write 1 to disable a cause
  kRctl,
  kRdt,
  kTransmit,  // TCTL and TDT: stored, then the transmitter works the ring
};

// Which option of the device makes a register accessible at all.
enum class Gate : std::uint8_t {
  kAlways,
  kMitigation,
  kExtra,              // extra_mac_registers
  kExtraFirstElement,  // extra_mac_registers hides only element 0 of the array, as in stock QEMU
};
inline constexpr std::size_t kGates = 4;

struct RegisterRow {
  std::string_view name;
  std::uint32_t offset;
  std::uint16_t count;  // dwords
  ReadRule read;
  WriteRule write;
  Gate gate;
  std::string_view section;
  std::string_view meaning;
  std::span<const Field> fields = {};

  constexpr std::uint32_t end() const { return offset + 4u * count; }
};

namespace internal {
using R = ReadRule;
using W = WriteRule;
using G = Gate;
}  // namespace internal

// clang-format off
inline constexpr std::array kRegisters = [] {
  using namespace internal;
  return std::array{
    // General control
    RegisterRow{"CTRL",   kCTRL,   1, R::kPlain, W::kCtrl,   G::kAlways, "13.4.1", "device control", ctrl::kFields},
    RegisterRow{"STATUS", kSTATUS, 1, R::kPlain, W::kIgnore, G::kAlways, "13.4.2", "device status", status::kFields},
    RegisterRow{"EECD",   kEECD,   1, R::kEecd,  W::kEecd,   G::kAlways, "13.4.3", "EEPROM pins", eecd::kFields},
    RegisterRow{"EERD",   kEERD,   1, R::kEerd,  W::kPlain,  G::kAlways, "13.4.4", "EEPROM read", eerd::kFields},
    RegisterRow{"MDIC",   kMDIC,   1, R::kPlain, W::kMdic,   G::kAlways, "13.4.7", "PHY access", mdic::kFields},
    RegisterRow{"VET",    kVET,    1, R::kPlain, W::kPlain,  G::kAlways, "13.4.11", "VLAN EtherType"},
    RegisterRow{"LEDCTL", kLEDCTL, 1, R::kPlain, W::kPlain,  G::kAlways, "13.4.15", "LED control"},
    RegisterRow{"PBA",    kPBA,    1, R::kPlain, W::kPlain,  G::kAlways, "13.4.16", "packet buffer allocation"},
    // Interrupts
    RegisterRow{"ICR", kICR, 1, R::kIcr,   W::kIcr,   G::kAlways,     "13.4.17", "interrupt cause read", cause::kFields},
    RegisterRow{"ITR", kITR, 1, R::kPlain, W::kLow16, G::kMitigation, "13.4.18", "interrupt throttling, 256 ns units"},
    RegisterRow{"ICS", kICS, 1, R::kPlain, W::kIcs,   G::kAlways,     "13.4.19", "interrupt cause set", cause::kFields},
    RegisterRow{"IMS", kIMS, 1, R::kPlain, W::kIms,   G::kAlways,     "13.4.20", "interrupt mask set/read", cause::kFields},
    RegisterRow{"IMC", kIMC, 1, R::kZero,  W::kImc,   G::kAlways,     "13.4.21", "interrupt mask clear", cause::kFields},
    // Receive
    RegisterRow{"RCTL",  kRCTL,  1, R::kPlain, W::kRctl,       G::kAlways,     "13.4.22", "receive control", rctl::kFields},
    RegisterRow{"RDBAL", kRDBAL, 1, R::kPlain, W::kPlain,      G::kAlways,     "13.4.25", "receive ring base, low"},
    RegisterRow{"RDBAH", kRDBAH, 1, R::kPlain, W::kPlain,      G::kAlways,     "13.4.26", "receive ring base, high"},
    RegisterRow{"RDLEN", kRDLEN, 1, R::kPlain, W::kRingLength, G::kAlways,     "13.4.27", "receive ring length in bytes"},
    RegisterRow{"RDH",   kRDH,   1, R::kPlain, W::kLow16,      G::kAlways,     "13.4.28", "receive ring head"},
    RegisterRow{"RDT",   kRDT,   1, R::kPlain, W::kRdt,        G::kAlways,     "13.4.29", "receive ring tail"},
    RegisterRow{"RDTR",  kRDTR,  1, R::kPlain, W::kLow16,      G::kMitigation, "13.4.30", "receive interrupt delay, 1024 ns units"},
    RegisterRow{"RADV",  kRADV,  1, R::kPlain, W::kLow16,      G::kMitigation, "13.4.31", "receive interrupt absolute delay, 1024 ns units"},
    // Transmit
    RegisterRow{"TCTL",   kTCTL,   1, R::kPlain, W::kTransmit,   G::kAlways,     "13.4.33", "transmit control", tctl::kFields},
    RegisterRow{"AIT",    kAIT,    1, R::kLow16, W::kPlain,      G::kExtra,      "13.4.35", "adaptive interframe spacing"},
    RegisterRow{"TDBAL",  kTDBAL,  1, R::kPlain, W::kPlain,      G::kAlways,     "13.4.36", "transmit ring base, low"},
    RegisterRow{"TDBAH",  kTDBAH,  1, R::kPlain, W::kPlain,      G::kAlways,     "13.4.37", "transmit ring base, high"},
    RegisterRow{"TDLEN",  kTDLEN,  1, R::kPlain, W::kRingLength, G::kAlways,     "13.4.38", "transmit ring length in bytes"},
    RegisterRow{"TDH",    kTDH,    1, R::kPlain, W::kLow16,      G::kAlways,     "13.4.39", "transmit ring head"},
    RegisterRow{"TDT",    kTDT,    1, R::kPlain, W::kTransmit,   G::kAlways,     "13.4.40", "transmit ring tail"},
    RegisterRow{"TXDCTL", kTXDCTL, 1, R::kPlain, W::kPlain,      G::kAlways,     "13.4.43", "transmit descriptor control"},
    RegisterRow{"TADV",   kTADV,   1, R::kPlain, W::kLow16,      G::kMitigation, "13.4.44", "transmit interrupt absolute delay, 1024 ns units"},
    // Filter tables
    RegisterRow{"MTA",  kMTA,  128, R::kPlain, W::kPlain, G::kAlways, "13.5.1", "multicast table"},
    RegisterRow{"RA",   kRA,    32, R::kPlain, W::kPlain, G::kAlways, "13.5.2", "receive addresses, RAL and RAH in turn"},
    RegisterRow{"VFTA", kVFTA, 128, R::kPlain, W::kPlain, G::kAlways, "13.5.4", "VLAN filter table"},
    // Wake-up and management
    RegisterRow{"WUC",   kWUC,     1, R::kPlain, W::kPlain,  G::kExtra,             "13.6", "wake-up control"},
    RegisterRow{"WUFC",  kWUFC,    1, R::kPlain, W::kPlain,  G::kAlways,            "13.6", "wake-up filter control"},
    RegisterRow{"WUS",   kWUS,     1, R::kPlain, W::kPlain,  G::kExtra,             "13.6", "wake-up status"},
    RegisterRow{"MANC",  kMANC,    1, R::kPlain, W::kIgnore, G::kAlways,            "13.4", "management control", manc::kFields},
    RegisterRow{"IPAV",  kIPAV,    1, R::kPlain, W::kPlain,  G::kExtra,             "13.6", "IP address valid"},
    RegisterRow{"IP4AT", kIP4AT,   7, R::kPlain, W::kPlain,  G::kExtraFirstElement, "13.6", "IPv4 address table"},
    RegisterRow{"IP6AT", kIP6AT,   4, R::kPlain, W::kPlain,  G::kExtraFirstElement, "13.6", "IPv6 address table"},
    RegisterRow{"WUPM",  kWUPM,   32, R::kPlain, W::kPlain,  G::kExtraFirstElement, "13.6", "wake-up packet memory"},
    RegisterRow{"SWSM",  kSWSM,    1, R::kPlain, W::kPlain,  G::kAlways,            "13.4", "software semaphore"},
    RegisterRow{"FFLT",  kFFLT,    7, R::kLow11, W::kPlain,  G::kExtraFirstElement, "13.6", "flexible filter lengths"},
    RegisterRow{"FFMT",  kFFMT,  255, R::kLow4,  W::kPlain,  G::kExtraFirstElement, "13.6", "flexible filter masks"},
    RegisterRow{"FFVT",  kFFVT,  255, R::kPlain, W::kPlain,  G::kExtraFirstElement, "13.6", "flexible filter values"},
    // Statistics
    RegisterRow{"CRCERRS",  kCRCERRS,  1, R::kPlain,     W::kIgnore, G::kAlways, "13.7", "CRC errors"},
    RegisterRow{"ALGNERRC", kALGNERRC, 1, R::kPlain,     W::kIgnore, G::kAlways, "13.7", "alignment errors"},
    RegisterRow{"SYMERRS",  kSYMERRS,  1, R::kPlain,     W::kIgnore, G::kAlways, "13.7", "symbol errors"},
    RegisterRow{"RXERRC",   kRXERRC,   1, R::kPlain,     W::kIgnore, G::kAlways, "13.7", "receive errors"},
    RegisterRow{"MPC",      kMPC,      1, R::kPlain,     W::kIgnore, G::kAlways, "13.7", "missed packets"},
    RegisterRow{"SCC",      kSCC,      1, R::kPlain,     W::kIgnore, G::kExtra,  "13.7", "single collisions"},
    RegisterRow{"ECOL",     kECOL,     1, R::kPlain,     W::kIgnore, G::kExtra,  "13.7", "excessive collisions"},
    RegisterRow{"MCC",      kMCC,      1, R::kPlain,     W::kIgnore, G::kExtra,  "13.7", "multiple collisions"},
    RegisterRow{"LATECOL",  kLATECOL,  1, R::kPlain,     W::kIgnore, G::kExtra,  "13.7", "late collisions"},
    RegisterRow{"COLC",     kCOLC,     1, R::kPlain,     W::kIgnore, G::kExtra,  "13.7", "collisions"},
    RegisterRow{"DC",       kDC,       1, R::kPlain,     W::kIgnore, G::kExtra,  "13.7", "deferrals"},
    RegisterRow{"TNCRS",    kTNCRS,    1, R::kPlain,     W::kIgnore, G::kExtra,  "13.7", "transmissions without carrier sense"},
    RegisterRow{"SEC",      kSEC,      1, R::kPlain,     W::kIgnore, G::kExtra,  "13.7", "sequence errors"},
    RegisterRow{"CEXTERR",  kCEXTERR,  1, R::kPlain,     W::kIgnore, G::kExtra,  "13.7", "carrier extension errors"},
    RegisterRow{"RLEC",     kRLEC,     1, R::kPlain,     W::kIgnore, G::kExtra,  "13.7", "receive length errors"},
    RegisterRow{"XONRXC",   kXONRXC,   1, R::kPlain,     W::kIgnore, G::kExtra,  "13.7", "XON frames received"},
    RegisterRow{"XONTXC",   kXONTXC,   1, R::kPlain,     W::kIgnore, G::kExtra,  "13.7", "XON frames transmitted"},
    RegisterRow{"XOFFRXC",  kXOFFRXC,  1, R::kPlain,     W::kIgnore, G::kExtra,  "13.7", "XOFF frames received"},
    RegisterRow{"XOFFTXC",  kXOFFTXC,  1, R::kPlain,     W::kIgnore, G::kExtra,  "13.7", "XOFF frames transmitted"},
    RegisterRow{"FCRUC",    kFCRUC,    1, R::kPlain,     W::kPlain,  G::kExtra,  "13.7", "unsupported flow control frames"},
    RegisterRow{"PRC64",    kPRC64,    1, R::kClear,     W::kIgnore, G::kExtra,  "13.7", "packets received, 64 bytes"},
    RegisterRow{"PRC127",   kPRC127,   1, R::kClear,     W::kIgnore, G::kExtra,  "13.7", "packets received, 65 to 127 bytes"},
    RegisterRow{"PRC255",   kPRC255,   1, R::kClear,     W::kIgnore, G::kExtra,  "13.7", "packets received, 128 to 255 bytes"},
    RegisterRow{"PRC511",   kPRC511,   1, R::kClear,     W::kIgnore, G::kExtra,  "13.7", "packets received, 256 to 511 bytes"},
    RegisterRow{"PRC1023",  kPRC1023,  1, R::kClear,     W::kIgnore, G::kExtra,  "13.7", "packets received, 512 to 1023 bytes"},
    RegisterRow{"PRC1522",  kPRC1522,  1, R::kClear,     W::kIgnore, G::kExtra,  "13.7", "packets received, 1024 bytes and more"},
    RegisterRow{"GPRC",     kGPRC,     1, R::kClear,     W::kIgnore, G::kAlways, "13.7", "good packets received"},
    RegisterRow{"BPRC",     kBPRC,     1, R::kClear,     W::kIgnore, G::kExtra,  "13.7", "broadcast packets received"},
    RegisterRow{"MPRC",     kMPRC,     1, R::kClear,     W::kIgnore, G::kExtra,  "13.7", "multicast packets received"},
    RegisterRow{"GPTC",     kGPTC,     1, R::kClear,     W::kIgnore, G::kAlways, "13.7", "good packets transmitted"},
    RegisterRow{"GORCL",    kGORCL,    1, R::kPlain,     W::kIgnore, G::kExtra,  "13.7", "good octets received, low"},
    RegisterRow{"GORCH",    kGORCH,    1, R::kClearPair, W::kIgnore, G::kExtra,  "13.7", "good octets received, high"},
    RegisterRow{"GOTCL",    kGOTCL,    1, R::kPlain,     W::kIgnore, G::kExtra,  "13.7", "good octets transmitted, low"},
    RegisterRow{"GOTCH",    kGOTCH,    1, R::kClearPair, W::kIgnore, G::kExtra,  "13.7", "good octets transmitted, high"},
    RegisterRow{"RNBC",     kRNBC,     1, R::kPlain,     W::kIgnore, G::kExtra,  "13.7", "receptions without a buffer"},
    RegisterRow{"RUC",      kRUC,      1, R::kClear,     W::kIgnore, G::kExtra,  "13.7", "undersized receptions"},
    RegisterRow{"RFC",      kRFC,      1, R::kPlain,     W::kIgnore, G::kExtra,  "13.7", "fragments received"},
    RegisterRow{"ROC",      kROC,      1, R::kClear,     W::kIgnore, G::kExtra,  "13.7", "oversized receptions"},
    RegisterRow{"RJC",      kRJC,      1, R::kPlain,     W::kIgnore, G::kExtra,  "13.7", "jabbers received"},
    RegisterRow{"MGTPRC",   kMGTPRC,   1, R::kPlain,     W::kIgnore, G::kExtra,  "13.7", "management packets received"},
    RegisterRow{"MGTPDC",   kMGTPDC,   1, R::kPlain,     W::kIgnore, G::kExtra,  "13.7", "management packets dropped"},
    RegisterRow{"MGTPTC",   kMGTPTC,   1, R::kPlain,     W::kIgnore, G::kExtra,  "13.7", "management packets transmitted"},
    RegisterRow{"TORL",     kTORL,     1, R::kPlain,     W::kIgnore, G::kAlways, "13.7", "total octets received, low"},
    RegisterRow{"TORH",     kTORH,     1, R::kClearPair, W::kIgnore, G::kAlways, "13.7", "total octets received, high"},
    RegisterRow{"TOTL",     kTOTL,     1, R::kPlain,     W::kIgnore, G::kAlways, "13.7", "total octets transmitted, low"},
    RegisterRow{"TOTH",     kTOTH,     1, R::kClearPair, W::kIgnore, G::kAlways, "13.7", "total octets transmitted, high"},
    RegisterRow{"TPR",      kTPR,      1, R::kClear,     W::kIgnore, G::kAlways, "13.7", "total packets received"},
    RegisterRow{"TPT",      kTPT,      1, R::kClear,     W::kIgnore, G::kAlways, "13.7", "total packets transmitted"},
    RegisterRow{"PTC64",    kPTC64,    1, R::kClear,     W::kIgnore, G::kExtra,  "13.7", "packets transmitted, 64 bytes"},
    RegisterRow{"PTC127",   kPTC127,   1, R::kClear,     W::kIgnore, G::kExtra,  "13.7", "packets transmitted, 65 to 127 bytes"},
    RegisterRow{"PTC255",   kPTC255,   1, R::kClear,     W::kIgnore, G::kExtra,  "13.7", "packets transmitted, 128 to 255 bytes"},
    RegisterRow{"PTC511",   kPTC511,   1, R::kClear,     W::kIgnore, G::kExtra,  "13.7", "packets transmitted, 256 to 511 bytes"},
    RegisterRow{"PTC1023",  kPTC1023,  1, R::kClear,     W::kIgnore, G::kExtra,  "13.7", "packets transmitted, 512 to 1023 bytes"},
    RegisterRow{"PTC1522",  kPTC1522,  1, R::kClear,     W::kIgnore, G::kExtra,  "13.7", "packets transmitted, 1024 bytes and more"},
    RegisterRow{"MPTC",     kMPTC,     1, R::kClear,     W::kIgnore, G::kExtra,  "13.7", "multicast packets transmitted"},
    RegisterRow{"BPTC",     kBPTC,     1, R::kClear,     W::kIgnore, G::kExtra,  "13.7", "broadcast packets transmitted"},
    RegisterRow{"TSCTC",    kTSCTC,    1, R::kClear,     W::kIgnore, G::kExtra,  "13.7", "TCP segmentation contexts transmitted"},
    RegisterRow{"TSCTFC",   kTSCTFC,   1, R::kPlain,     W::kIgnore, G::kExtra,  "13.7", "TCP segmentation contexts that failed"},
    // Diagnostics: storage without a function
    RegisterRow{"RDFH",  kRDFH,  1, R::kLow13, W::kPlain, G::kExtra, "13.8", "receive FIFO head"},
    RegisterRow{"RDFT",  kRDFT,  1, R::kLow13, W::kPlain, G::kExtra, "13.8", "receive FIFO tail"},
    RegisterRow{"RDFHS", kRDFHS, 1, R::kLow13, W::kPlain, G::kExtra, "13.8", "receive FIFO head, saved"},
    RegisterRow{"RDFTS", kRDFTS, 1, R::kLow13, W::kPlain, G::kExtra, "13.8", "receive FIFO tail, saved"},
    RegisterRow{"RDFPC", kRDFPC, 1, R::kLow13, W::kPlain, G::kExtra, "13.8", "receive FIFO packet count"},
    RegisterRow{"TDFH",  kTDFH,  1, R::kLow11, W::kPlain, G::kExtra, "13.8", "transmit FIFO head"},
    RegisterRow{"TDFT",  kTDFT,  1, R::kLow11, W::kPlain, G::kExtra, "13.8", "transmit FIFO tail"},
    RegisterRow{"TDFHS", kTDFHS, 1, R::kLow13, W::kPlain, G::kExtra, "13.8", "transmit FIFO head, saved"},
    RegisterRow{"TDFTS", kTDFTS, 1, R::kLow13, W::kPlain, G::kExtra, "13.8", "transmit FIFO tail, saved"},
    RegisterRow{"TDFPC", kTDFPC, 1, R::kLow13, W::kPlain, G::kExtra, "13.8", "transmit FIFO packet count"},
    RegisterRow{"PBM", kPBM, 16384, R::kPlain, W::kPlain, G::kExtraFirstElement, "13.8", "packet buffer memory"},
  };
}();
// clang-format on

// Row numbers by dword of BAR 0.
inline constexpr std::uint8_t kNoRow = 0xff;
static_assert(kRegisters.size() < kNoRow);
extern const std::array<std::uint8_t, kDwords> kRowOfDword;

// The row of the register at a byte offset (inside a dword counts), or null.
inline const RegisterRow* FindRegister(std::uint32_t offset) {
  if (offset >= kBar0Size) return nullptr;
  const std::uint8_t row = kRowOfDword[offset / 4];
  return row == kNoRow ? nullptr : &kRegisters[row];
}

// "TDT", "MTA[17]", "RAL[2]", "RAH[2]"; empty where the device has no register.
std::string NameOfRegister(std::uint32_t offset);

}  // namespace nicreplay::e1000

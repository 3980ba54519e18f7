// SPDX-License-Identifier: MIT
// Bits of the 8254x registers: constants for the model, names for reports.  Names and meanings are
// those of the 8254x software developer's manual, chapter 13.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace nicreplay::e1000 {

// A field of a register: one bit, or a run of bits whose value is (register & mask) >> shift.
struct Field {
  std::string_view name;
  std::uint32_t mask;

  constexpr bool single_bit() const { return (mask & (mask - 1)) == 0; }
  constexpr int shift() const {
    int count = 0;
    while (((mask >> count) & 1) == 0) ++count;
    return count;
  }
};

namespace ctrl {
inline constexpr std::uint32_t kFD = 1u << 0;
inline constexpr std::uint32_t kASDE = 1u << 5;
inline constexpr std::uint32_t kSLU = 1u << 6;
inline constexpr std::uint32_t kSPEED = 3u << 8;
inline constexpr std::uint32_t kSPEED_1000 = 2u << 8;
inline constexpr std::uint32_t kSDP0_DATA = 1u << 18;
inline constexpr std::uint32_t kADVD3WUC = 1u << 20;
inline constexpr std::uint32_t kRST = 1u << 26;
inline constexpr std::uint32_t kVME = 1u << 30;
inline constexpr std::array kFields = {
    Field{"FD", kFD},
    Field{"LRST", 1u << 3},
    Field{"ASDE", kASDE},
    Field{"SLU", kSLU},
    Field{"ILOS", 1u << 7},
    Field{"SPEED", kSPEED},
    Field{"FRCSPD", 1u << 11},
    Field{"FRCDPLX", 1u << 12},
    Field{"SDP0_DATA", kSDP0_DATA},
    Field{"SDP1_DATA", 1u << 19},
    Field{"ADVD3WUC", kADVD3WUC},
    Field{"EN_PHY_PWR_MGMT", 1u << 21},
    Field{"SDP0_IODIR", 1u << 22},
    Field{"SDP1_IODIR", 1u << 23},
    Field{"RST", kRST},
    Field{"RFCE", 1u << 27},
    Field{"TFCE", 1u << 28},
    Field{"VME", kVME},
    Field{"PHY_RST", 1u << 31},
};
}  // namespace ctrl

namespace status {
inline constexpr std::uint32_t kFD = 1u << 0;
inline constexpr std::uint32_t kLU = 1u << 1;
inline constexpr std::uint32_t kSPEED_1000 = 2u << 6;
inline constexpr std::uint32_t kASDV = 3u << 8;
inline constexpr std::uint32_t kMTXCKOK = 1u << 10;
// Reserved on the 8254x; set by stock QEMU after a reset (bit 19 is GIO master enable of PCIe
// parts).
inline constexpr std::uint32_t kGIO_MASTER_ENABLE = 1u << 19;
inline constexpr std::uint32_t kBit31 = 1u << 31;
inline constexpr std::array kFields = {
    Field{"FD", kFD},
    Field{"LU", kLU},
    Field{"FUNCTION_ID", 3u << 2},
    Field{"TXOFF", 1u << 4},
    Field{"TBIMODE", 1u << 5},
    Field{"SPEED", 3u << 6},
    Field{"ASDV", kASDV},
    Field{"MTXCKOK", kMTXCKOK},
    Field{"PCI66", 1u << 11},
    Field{"BUS64", 1u << 12},
    Field{"PCIX_MODE", 1u << 13},
    Field{"PCIXSPD", 3u << 14},
    Field{"GIO_MASTER_ENABLE", kGIO_MASTER_ENABLE},
    Field{"bit31", kBit31},
};
}  // namespace status

namespace eecd {
inline constexpr std::uint32_t kSK = 1u << 0;
inline constexpr std::uint32_t kCS = 1u << 1;
inline constexpr std::uint32_t kDI = 1u << 2;
inline constexpr std::uint32_t kDO = 1u << 3;
inline constexpr std::uint32_t kFWE = 3u << 4;
inline constexpr std::uint32_t kEE_REQ = 1u << 6;
inline constexpr std::uint32_t kEE_GNT = 1u << 7;
inline constexpr std::uint32_t kEE_PRES = 1u << 8;
inline constexpr std::array kFields = {Field{"SK", kSK},         Field{"CS", kCS},
                                       Field{"DI", kDI},         Field{"DO", kDO},
                                       Field{"FWE", kFWE},       Field{"EE_REQ", kEE_REQ},
                                       Field{"EE_GNT", kEE_GNT}, Field{"EE_PRES", kEE_PRES}};
}  // namespace eecd

namespace eerd {
inline constexpr std::uint32_t kSTART = 1u << 0;
inline constexpr std::uint32_t kDONE = 1u << 4;
inline constexpr int kADDR_SHIFT = 8;
inline constexpr int kDATA_SHIFT = 16;
inline constexpr std::array kFields = {Field{"START", kSTART}, Field{"DONE", kDONE},
                                       Field{"ADDR", 0xffu << kADDR_SHIFT},
                                       Field{"DATA", 0xffffu << kDATA_SHIFT}};
}  // namespace eerd

namespace mdic {
inline constexpr std::uint32_t kDATA = 0xffffu;
inline constexpr std::uint32_t kREGADD = 0x1fu << 16;
inline constexpr int kREGADD_SHIFT = 16;
inline constexpr std::uint32_t kPHYADD = 0x1fu << 21;
inline constexpr int kPHYADD_SHIFT = 21;
inline constexpr std::uint32_t kOP_WRITE = 1u << 26;
inline constexpr std::uint32_t kOP_READ = 1u << 27;
inline constexpr std::uint32_t kR = 1u << 28;
inline constexpr std::uint32_t kI = 1u << 29;
inline constexpr std::uint32_t kE = 1u << 30;
inline constexpr std::array kFields = {
    Field{"DATA", kDATA},  Field{"REGADD", kREGADD}, Field{"PHYADD", kPHYADD},
    Field{"OP", 3u << 26}, Field{"R", kR},           Field{"I", kI},
    Field{"E", kE}};
}  // namespace mdic

// Interrupt causes: ICR, ICS, IMS and IMC share one layout (13.4.17 to 13.4.21).
namespace cause {
inline constexpr std::uint32_t kTXDW = 1u << 0;
inline constexpr std::uint32_t kTXQE = 1u << 1;
inline constexpr std::uint32_t kLSC = 1u << 2;
inline constexpr std::uint32_t kRXSEQ = 1u << 3;
inline constexpr std::uint32_t kRXDMT0 = 1u << 4;
inline constexpr std::uint32_t kRXO = 1u << 6;
inline constexpr std::uint32_t kRXT0 = 1u << 7;
inline constexpr std::uint32_t kMDAC = 1u << 9;
inline constexpr std::array kFields = {
    Field{"TXDW", kTXDW},    Field{"TXQE", kTXQE},       Field{"LSC", kLSC},
    Field{"RXSEQ", kRXSEQ},  Field{"RXDMT0", kRXDMT0},   Field{"RXO", kRXO},
    Field{"RXT0", kRXT0},    Field{"MDAC", kMDAC},       Field{"RXCFG", 1u << 10},
    Field{"GPI0", 1u << 11}, Field{"GPI1", 1u << 12},    Field{"GPI2", 1u << 13},
    Field{"GPI3", 1u << 14}, Field{"TXD_LOW", 1u << 15}, Field{"SRPD", 1u << 16},
};
}  // namespace cause

namespace rctl {
inline constexpr std::uint32_t kEN = 1u << 1;
inline constexpr std::uint32_t kSBP = 1u << 2;
inline constexpr std::uint32_t kUPE = 1u << 3;
inline constexpr std::uint32_t kMPE = 1u << 4;
inline constexpr std::uint32_t kLPE = 1u << 5;
inline constexpr std::uint32_t kRDMTS = 3u << 8;
inline constexpr int kRDMTS_SHIFT = 8;
inline constexpr std::uint32_t kMO = 3u << 12;
inline constexpr int kMO_SHIFT = 12;
inline constexpr std::uint32_t kBAM = 1u << 15;
inline constexpr std::uint32_t kBSIZE = 3u << 16;
inline constexpr int kBSIZE_SHIFT = 16;
inline constexpr std::uint32_t kVFE = 1u << 18;
inline constexpr std::uint32_t kBSEX = 1u << 25;
inline constexpr std::uint32_t kSECRC = 1u << 26;
inline constexpr std::array kFields = {
    Field{"EN", kEN},         Field{"SBP", kSBP},      Field{"UPE", kUPE},
    Field{"MPE", kMPE},       Field{"LPE", kLPE},      Field{"LBM", 3u << 6},
    Field{"RDMTS", kRDMTS},   Field{"DTYP", 3u << 10}, Field{"MO", kMO},
    Field{"BAM", kBAM},       Field{"BSIZE", kBSIZE},  Field{"VFE", kVFE},
    Field{"CFIEN", 1u << 19}, Field{"CFI", 1u << 20},  Field{"DPF", 1u << 22},
    Field{"PMCF", 1u << 23},  Field{"BSEX", kBSEX},    Field{"SECRC", kSECRC},
};
}  // namespace rctl

namespace tctl {
inline constexpr std::uint32_t kEN = 1u << 1;
inline constexpr std::array kFields = {
    Field{"EN", kEN},          Field{"PSP", 1u << 3},
    Field{"CT", 0xffu << 4},   Field{"COLD", 0x3ffu << 12},
    Field{"SWXOFF", 1u << 22}, Field{"RTLC", 1u << 24},
    Field{"NRTU", 1u << 25},
};
}  // namespace tctl

namespace manc {
inline constexpr std::uint32_t kRMCP_EN = 1u << 8;
inline constexpr std::uint32_t k0298_EN = 1u << 9;
inline constexpr std::uint32_t kARP_EN = 1u << 13;
inline constexpr std::uint32_t kRCV_TCO_EN = 1u << 17;
inline constexpr std::uint32_t kEN_MNG2HOST = 1u << 21;
inline constexpr std::array kFields = {Field{"RMCP_EN", kRMCP_EN}, Field{"0298_EN", k0298_EN},
                                       Field{"ARP_EN", kARP_EN}, Field{"RCV_TCO_EN", kRCV_TCO_EN},
                                       Field{"EN_MNG2HOST", kEN_MNG2HOST}};
}  // namespace manc

namespace rah {
inline constexpr std::uint32_t kAV = 1u << 31;
}  // namespace rah

// PHY registers reached through MDIC (chapter 8 and IEEE 802.3, clause 22).
namespace phy {
inline constexpr std::uint32_t kAddress = 1;  // the internal PHY answers this MDIC.PHYADD alone
inline constexpr std::size_t kRegisters = 32;
inline constexpr std::uint8_t kPCTRL = 0x00;
inline constexpr std::uint8_t kPSTATUS = 0x01;
inline constexpr std::uint8_t kPID1 = 0x02;
inline constexpr std::uint8_t kPID2 = 0x03;
inline constexpr std::uint8_t kANA = 0x04;
inline constexpr std::uint8_t kPLPA = 0x05;
inline constexpr std::uint8_t kANE = 0x06;
inline constexpr std::uint8_t kGCON = 0x09;
inline constexpr std::uint8_t kGSTATUS = 0x0a;
inline constexpr std::uint8_t kPSCON = 0x10;
inline constexpr std::uint8_t kPSSTAT = 0x11;
inline constexpr std::uint8_t kEPSCON = 0x14;
inline constexpr std::uint8_t kREC = 0x15;

inline constexpr std::uint16_t kCtrlReserved = 0x003f;
inline constexpr std::uint16_t kCtrlSpeedMsb = 1u << 6;
inline constexpr std::uint16_t kCtrlDuplex = 1u << 8;
inline constexpr std::uint16_t kCtrlRestartAutoneg = 1u << 9;
inline constexpr std::uint16_t kCtrlAutonegEnable = 1u << 12;
inline constexpr std::uint16_t kCtrlLoopback = 1u << 14;
inline constexpr std::uint16_t kCtrlReset = 1u << 15;

inline constexpr std::uint16_t kStatusLink = 1u << 2;
inline constexpr std::uint16_t kStatusAutonegDone = 1u << 5;
inline constexpr std::uint16_t kPartnerAcknowledge = 1u << 14;
}  // namespace phy

}  // namespace nicreplay::e1000

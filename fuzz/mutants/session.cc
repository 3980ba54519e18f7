// SPDX-License-Identifier: MIT
#include "fuzz/mutants/session.h"

#include "models/pci_config.h"

namespace nicreplay {

namespace {

using namespace e1000;  // NOLINT: every register and bit by its name

constexpr Nanoseconds kMillisecond = 1'000'000;
constexpr Nanoseconds kPastWindow = 1 * kMillisecond;
constexpr std::uint32_t kAllCauses = 0xffff;

// Descriptors for bytes at Driver::kTxBuffer + offset.
RawDescriptor Legacy(std::uint32_t offset, std::uint32_t length, std::uint32_t command,
                     std::uint32_t upper = 0) {
  return Encode(TxDescriptor{Driver::kTxBuffer + offset, length | command, upper});
}

RawDescriptor Data(std::uint32_t offset, std::uint32_t length, std::uint32_t command,
                   std::uint8_t popts) {
  return Legacy(offset, length, command | txd::kDEXT | txd::kDTYP_DATA,
                static_cast<std::uint32_t>(popts) << 8);
}

constexpr std::uint8_t kBothChecksums = txd::kPoptsIXSM | txd::kPoptsTXSM;

// TCP over IPv4 without options.
constexpr ContextDescriptor kTcpIpv4 = {
    .ipcss = 14,
    .ipcso = 24,
    .ipcse = 33,
    .tucss = 34,
    .tucso = 50,
    .command = txd::kDEXT | txd::kContextTCP | txd::kContextIP,
};

ContextDescriptor Segmentation(std::uint32_t paylen, std::uint16_t mss) {
  ContextDescriptor context = kTcpIpv4;
  context.command |= txd::kTSE | paylen;
  context.hdrlen = 54;
  context.mss = mss;
  return context;
}

// Puts a frame where the descriptors above find it.
void PutFrame(Driver& d, const ByteVector& frame, std::uint32_t offset = 0) {
  d.Put(Driver::kTxBuffer + offset, frame);
}

void Discover(Driver& d) {
  d.Step("power on");
  d.Reset();
  d.Config(PciConfig::kCommand, 2, 7);
  d.ConfigRead(0, 4);
  d.ConfigRead(4, 4);
  d.Step("read the station address");
  d.ReadAll({kCTRL, kSTATUS, kRA, kRA + 4});
  d.Step("read EEPROM words");
  for (std::uint32_t word : {0x00u, 0x0bu, 0x3fu}) {
    d.Write(kEERD, word << eerd::kADDR_SHIFT | eerd::kSTART);
    d.Read(kEERD);
  }
  d.Step("read an EEPROM word over a stale one");
  d.Write(kEERD, 0x1234'0001);
  d.Read(kEERD);
  d.Step("shift an EEPROM word out");
  d.Write(kEECD, 0);
  for (int bit = 8; bit >= 0; --bit) {  // start bit, read, word 0
    const std::uint32_t data = (0x180 >> bit & 1) != 0 ? eecd::kDI : 0;
    d.Write(kEECD, eecd::kCS | data);
    d.Write(kEECD, eecd::kCS | data | eecd::kSK);
  }
  for (int bit = 0; bit < 16; ++bit) {
    d.Write(kEECD, eecd::kCS);
    d.Read(kEECD);
    d.Write(kEECD, eecd::kCS | eecd::kSK);
  }
}

void UsePhy(Driver& d) {
  d.Step("identify the PHY");
  d.ReadPhy(phy::kPID1);
  d.ReadPhy(phy::kPID2);
  d.ReadPhy(phy::kPID1, 2);
  d.Step("write PHY registers");
  d.WritePhy(phy::kANA, 0x0461);
  d.WritePhy(phy::kPSTATUS, 0xffff);
  d.Read(kMDIC);
  d.ReadPhy(phy::kPSTATUS);
  d.Read(kICS);
  d.Step("negotiate");
  d.Wait(1'234'567);
  d.WritePhy(phy::kPCTRL, 0x1340);
  d.Read(kSTATUS);
  d.Wait(600 * kMillisecond);
  d.Step("see the link partner");
  d.ReadAll({kSTATUS, kICS, kICR});
  d.ReadPhy(phy::kPLPA);
  d.Step("lose and regain the link");
  d.Link(LinkState::kDown);
  d.ReadAll({kSTATUS, kICS});
  d.Link(LinkState::kUp);
  d.Wait(600 * kMillisecond);
  d.ReadAll({kSTATUS, kICR});
}

void UseInterrupts(Driver& d) {
  d.Step("read causes that are masked");
  d.Write(kICS, cause::kLSC);
  d.ReadAll({kICS, kICR, kICR});
  d.Step("mask in two writes");
  d.Write(kIMS, cause::kLSC);
  d.Write(kIMS, cause::kRXT0 | cause::kTXDW);
  d.Read(kIMS);
  d.Step("raise a cause");
  d.Write(kICS, cause::kLSC | cause::kRXO);
  d.Read(kICS);
  d.ConfigRead(4, 4);
  d.Step("clear one of two causes");
  d.Write(kICR, cause::kRXO);
  d.Read(kICS);
  d.Step("acknowledge inside the window");
  d.Read(kICR);
  d.Step("raise a cause inside the window");
  d.Write(kICS, cause::kLSC);
  d.Step("wait for the window");
  d.Wait(kPastWindow);
  d.Read(kICS);
  d.Step("mask a pending cause");
  d.Wait(kPastWindow);
  d.Write(kIMC, cause::kLSC);
  d.Read(kICR);
  d.Step("raise a cause while the function's interrupt is disabled");
  d.Config(PciConfig::kCommand, 2, 0x407);
  d.Write(kIMS, kAllCauses);
  d.Write(kICS, cause::kLSC);
  d.Config(PciConfig::kCommand, 2, 7);
  d.Wait(kPastWindow);
  d.Read(kICR);
  d.Write(kIMC, kAllCauses);
}

void AccessOddly(Driver& d) {
  d.Step("read a byte in the middle");
  d.Read(kSTATUS + 1, 1);
  d.Step("write eight bytes");
  d.Write(kMTA, 0x1122'3344'5566'7788, 8);
  d.Read(kMTA, 8);
  d.Step("write CTRL.RST");
  d.Write(kCTRL, ctrl::kRST | ctrl::kSLU);
  d.Read(kCTRL);
  d.Step("write TDT with high bits");
  d.Write(kTDT, 0xffff'0000);
  d.Read(kTDT);
}

void TransmitPlain(Driver& d) {
  d.Step("start an empty transmit ring");
  d.StartTransmit();
  d.Read(kICR);
  d.Step("send a broadcast");
  PutFrame(d, MakeFrame(60, kBroadcast));
  d.Submit({Legacy(0, 60, txd::kEOP | txd::kRS)});
  d.ReadAll({kICR, kTPT, kTPT, kGPTC, kGPTC, kPTC64, kBPTC, kMPTC});
  d.Step("read octets sent");
  d.ReadAll({kTOTL, kTOTH, kTOTL, kGOTCL});
  d.Step("send frames of 124 bytes with FCS 128");
  PutFrame(d, MakeFrame(124));
  d.Submit({Legacy(0, 124, txd::kEOP), Legacy(0, 124, txd::kEOP)});
  d.ReadAll({kPTC127, kPTC255});
  d.Step("ask for status with RPS");
  d.Submit({Legacy(0, 60, txd::kEOP | txd::kRPS)});
  d.Step("hand over dirty status bits");
  d.Submit({Legacy(0, 60, txd::kEOP | txd::kRS, 0x1234'560e)});
  d.Step("delay the interrupt with TADV");
  d.Write(kIMS, cause::kTXDW);
  d.Write(kITR, 2000);
  d.Write(kTADV, 200);
  d.Wait(kPastWindow);
  d.Read(kICR);
  d.Submit({Legacy(0, 60, txd::kEOP | txd::kRS | txd::kIDE)});
  d.Wait(kPastWindow);
  d.ReadAll({kICR});
  d.Write(kIMC, kAllCauses);
  d.Write(kTADV, 0);
  d.Write(kITR, 0);
}

void TransmitWithChecksums(Driver& d) {
  d.StartTransmit();
  d.Step("insert checksums");
  PutFrame(d, MakeFrame(100));
  d.Submit({Encode(kTcpIpv4), Data(0, 40, 0, kBothChecksums), Data(40, 60, txd::kEOP, 0)});
  d.Step("send without checksums afterwards");
  d.Submit({Legacy(0, 100, txd::kEOP)});
  d.Step("insert a checksum of zero");
  ByteVector ones(60, 0xff);
  ones[50] = ones[51] = 0;
  PutFrame(d, ones);
  d.Submit({Data(0, 60, txd::kEOP, txd::kPoptsTXSM)});
  d.Step("insert a checksum in the last byte");
  PutFrame(d, MakeFrame(51));
  d.Submit({Data(0, 51, txd::kEOP, txd::kPoptsTXSM)});
}

void TransmitTagged(Driver& d) {
  d.StartTransmit();
  d.Write(kCTRL, ctrl::kVME | ctrl::kSLU);
  d.Step("insert a tag");
  PutFrame(d, MakeFrame(80));
  d.Submit({Legacy(0, 80, txd::kEOP | txd::kVLE, 0x2345'0000)});
  d.ReadAll({kTOTL, kPTC127});
  d.Step("insert a tag of another type");
  d.Write(kVET, 0x88a8);
  d.Submit({Legacy(0, 80, txd::kEOP | txd::kVLE, 0x2345'0000)});
  d.Write(kVET, 0x8100);
  d.Step("ask for a tag too early");
  d.Submit({Legacy(0, 40, txd::kVLE, 0x2345'0000), Legacy(40, 40, txd::kEOP)});
  d.Write(kCTRL, ctrl::kSLU);
}

// A frame whose pseudo-header's sum carries when the length is added.
ByteVector SegmentedFrame() {
  ByteVector frame = MakeFrame(54 + 250);
  frame[14] = 0x45;
  frame[47] = 0x19;  // ACK, PSH, FIN
  frame[50] = frame[51] = 0xff;
  return frame;
}

void TransmitSegmented(Driver& d) {
  const auto all = static_cast<std::uint32_t>(SegmentedFrame().size());
  d.StartTransmit();
  PutFrame(d, SegmentedFrame());
  d.Step("segment a packet");
  d.Submit({Encode(Segmentation(250, 100)),
            Data(0, all, txd::kTSE | txd::kEOP | txd::kRS, kBothChecksums)});
  d.ReadAll({kTSCTC, kGPTC});
  d.Step("segment a packet of one segment");
  d.Submit({Encode(Segmentation(90, 100)), Data(0, 144, txd::kTSE | txd::kEOP, kBothChecksums)});
  d.Read(kTSCTC);
  d.Step("segment more than PAYLEN says");
  d.Submit({Encode(Segmentation(100, 100)), Data(0, all, txd::kTSE | txd::kEOP, 0)});
  d.Read(kTSCTC);
  d.Step("segment IPv6");
  ContextDescriptor ipv6 = Segmentation(150, 100);
  ipv6.command &= ~txd::kContextIP;
  d.Submit({Encode(ipv6), Data(0, 204, txd::kTSE | txd::kEOP, 0)});
  d.StartTransmit();
  d.Step("segment between other packets");
  ContextDescriptor other = kTcpIpv4;
  other.tucso = 40;
  d.Submit({Encode(Segmentation(250, 100)), Encode(other),
            Data(0, all, txd::kTSE | txd::kEOP, kBothChecksums),
            Data(0, 100, txd::kEOP, kBothChecksums)});
  d.Step("segment less than a header");
  d.Submit({Data(0, 20, txd::kTSE | txd::kEOP, 0)});
  d.Read(kTPT);
  d.Step("segment after a large fragment");
  d.Submit({Data(0, 2000, 0, 0), Data(0, 100, txd::kTSE | txd::kEOP, 0)});
  d.StartTransmit();
  d.Step("segment with neither header nor MSS");
  ContextDescriptor nothing = Segmentation(0, 0);
  nothing.hdrlen = 0;
  d.Submit({Encode(nothing), Data(0, 100, txd::kTSE | txd::kEOP, 0)});
}

void TransmitHostile(Driver& d) {
  d.StartTransmit();
  d.Step("fill the packet buffer");
  d.Submit({Legacy(0, 40000, 0), Legacy(0, 40000, 0), Legacy(0, 10, txd::kEOP)});
  d.Step("send into a link that is down");
  d.Link(LinkState::kDown);
  d.Submit({Legacy(0, 60, txd::kEOP)});
  d.Read(kGPTC);
  d.Link(LinkState::kUp);
  d.Wait(600 * kMillisecond);
  d.Step("move the ring under way");
  d.Write(kTDBAL, Driver::kTxRing + 0x800);
  d.Put(Driver::kTxRing + 0x800 + 4 * kDescriptorSize, Legacy(100, 70, txd::kEOP | txd::kRS));
  d.Write(kTDT, 5);
  d.Write(kTDBAL, Driver::kTxRing);
  d.Step("put TDH past the ring");
  d.Write(kTDH, 100);
  d.Write(kTDT, 3);
  d.Read(kTDH);
}

void Receive(Driver& d) {
  d.Step("disable receiving");
  d.Write(kRCTL, 0);
  d.Step("enable receiving");
  d.Wait(1'234'567);
  d.StartReceive(rctl::kBAM);
  d.Read(kICR);
  d.Step("receive a frame");
  d.FillReceive(0x82);  // PIF and a stale EOP
  d.Offer(MakeFrame(200));
  d.ReadAll({kRDH, kICS, kGPRC, kTPR, kPRC255});
  d.Step("read octets received");
  d.ReadAll({kGORCL, kGORCH, kTORL, kTORH});
  d.Step("receive a short frame");
  d.Offer(MakeFrame(40));
  d.Step("receive a frame without FCS");
  d.Write(kRCTL, rctl::kEN | rctl::kSECRC | rctl::kBAM);
  d.Wait(1'100 * kMillisecond);
  d.Offer(MakeFrame(100));
  d.Step("receive below the threshold");
  d.Read(kICR);
  d.Write(kRDH, 0);
  d.Write(kRDT, 5);
  d.Offer(MakeFrame(100));
  d.Read(kICR);
}

void ReceiveLong(Driver& d) {
  constexpr std::uint32_t k256 = 3u << rctl::kBSIZE_SHIFT;
  d.StartReceive(rctl::kBAM | rctl::kLPE | k256);
  d.FillReceive(0x02);
  d.Step("receive across descriptors");
  d.Offer(MakeFrame(600));
  d.Step("pass a null descriptor over");
  d.FillReceive();
  d.Put(Driver::kRxRing, Encode(RxDescriptor{}));
  d.Offer(MakeFrame(300));
  d.Step("receive into a whole lap");
  d.FillReceive();
  d.Write(kRDH, 2);
  d.Write(kRDT, 10);
  d.Offer(MakeFrame(1900));
  d.ReadAll({kRDH, kMPC, kRNBC, kICR});
  d.Step("run out of buffers");
  d.FillReceive();
  d.Write(kRDT, 2);
  d.Offer(MakeFrame(600));
  d.ReadAll({kMPC, kMPC, kRNBC, kICR});
  d.Step("lengthen the ring under way");
  d.FillReceive();
  d.Put(Driver::kRxRing + 8 * kDescriptorSize, Encode(RxDescriptor{Driver::kRxBuffers}));
  d.Write(kRDLEN, 256);
  d.Write(kRDT, 12);
  d.Write(kRDH, 7);
  d.Offer(MakeFrame(300));
  d.Write(kRDLEN, 128);
  d.Step("put RDH past the ring");
  d.Write(kRDH, 100);
  d.Offer(MakeFrame(600));
  d.Read(kRDH);
  d.Step("receive with extended buffers");
  d.StartReceive(rctl::kBAM | rctl::kLPE | rctl::kBSEX | 2u << rctl::kBSIZE_SHIFT);
  d.Offer(MakeFrame(5000));
}

void Filter(Driver& d) {
  d.StartReceive(0);
  d.Step("offer oversized frames");
  d.Offer(MakeFrame(1520));
  d.Offer(MakeFrame(1600));
  d.Read(kROC);
  d.Step("match the multicast table");
  d.Write(kRCTL, rctl::kEN | 3u << rctl::kMO_SHIFT);
  d.Wait(1'100 * kMillisecond);
  d.Write(kMTA + 4 * (0x123 / 32), 1u << 0x123 % 32);
  d.Offer(MakeFrame(60, {0x01, 0x00, 0x5e, 0x00, 0x23, 0x01}));
  d.Read(kMPRC);
  d.Step("match the multicast table with a unicast address");
  d.Offer(MakeFrame(60, {0x02, 0x00, 0x5e, 0x00, 0x23, 0x01}));
  d.Step("match the last receive address");
  d.Write(kRA + 8 * 15, 0x04030202);
  d.Write(kRA + 8 * 15 + 4, 0x80000605);
  d.Offer(MakeFrame(60, {0x02, 0x02, 0x03, 0x04, 0x05, 0x06}));
  d.Step("offer an address that is not valid");
  d.Write(kRA + 8 * 15 + 4, 0x00000605);
  d.Offer(MakeFrame(60, {0x02, 0x02, 0x03, 0x04, 0x05, 0x06}));
  d.StartReceive(rctl::kBAM | rctl::kMPE);
  d.Step("receive a broadcast as multicast");
  d.Offer(MakeFrame(60, kBroadcast));
  d.ReadAll({kBPRC, kMPRC});
  d.StartReceive(rctl::kVFE);
  d.Write(kCTRL, ctrl::kVME | ctrl::kSLU);
  d.Step("strip a tag");
  d.Write(kVFTA, 1u << 4);
  d.Offer(Tagged(MakeFrame(100), 0xe004));
  d.Step("filter a tag with CFI");
  d.Offer(Tagged(MakeFrame(100), 0x1004));
  d.Write(kCTRL, ctrl::kSLU);
}

void Wait(Driver& d) {
  d.StartReceive(rctl::kBAM);
  d.Step("offer frames to a full ring");
  d.Write(kRDT, 0);
  d.Offer(MakeFrame(100));
  d.Step("free descriptors");
  d.Write(kRDT, 4);
  d.Step("offer a frame while receiving is off");
  d.Write(kRCTL, 0);
  d.Wait(1'100 * kMillisecond);
  d.Offer(MakeFrame(100));
  d.Write(kRDT, 5);
  d.Write(kRCTL, rctl::kEN);
  d.Wait(1'100 * kMillisecond);
  d.Step("turn bus mastering off");
  d.Config(PciConfig::kCommand, 2, 3);
  d.Step("send without bus mastering");
  d.StartTransmit();
  d.Submit({Legacy(0, 60, txd::kEOP | txd::kRS)});
  d.Step("offer a frame without bus mastering");
  d.Offer(MakeFrame(100));
  d.Step("flush a frame without bus mastering");
  d.Write(kRDT, 6);
  d.Offer(MakeFrame(100));
  d.Write(kRDH, 0);
  d.Step("turn bus mastering on");
  d.Config(PciConfig::kCommand, 2, 7);
  d.Step("delay the interrupt with RADV");
  d.Write(kIMS, cause::kRXT0);
  d.Write(kITR, 3000);
  d.Write(kRADV, 200);
  d.Read(kICR);
  d.Wait(kPastWindow);
  d.Offer(MakeFrame(100));
  d.Read(kICR);
  d.Write(kIMC, kAllCauses);
}

void Loopback(Driver& d) {
  d.StartTransmit();
  d.StartReceive(rctl::kBAM | rctl::kUPE);
  d.WritePhy(phy::kPCTRL, 0x4140);
  d.Step("loop a frame");
  PutFrame(d, MakeFrame(100));
  d.Submit({Legacy(0, 100, txd::kEOP)});
  d.Step("loop a short frame");
  d.Submit({Legacy(0, 30, txd::kEOP)});
  d.WritePhy(phy::kPCTRL, 0x1140);
}

void ResetUnderWay(Driver& d) {
  d.Step("reset with frames queued");
  d.Write(kRDT, static_cast<std::uint32_t>(d.Read(kRDH)));
  d.Offer(MakeFrame(100));
  d.Reset();
  d.Config(PciConfig::kCommand, 2, 7);
  d.Offer(MakeFrame(100));
  d.Step("free a descriptor before RCTL is written");
  d.Write(kRDT, 1);
}

}  // namespace

void RunScriptedSession(Driver& driver) {
  Discover(driver);
  UsePhy(driver);
  UseInterrupts(driver);
  AccessOddly(driver);
  TransmitPlain(driver);
  TransmitWithChecksums(driver);
  TransmitTagged(driver);
  TransmitSegmented(driver);
  TransmitHostile(driver);
  Receive(driver);
  ReceiveLong(driver);
  Filter(driver);
  Wait(driver);
  Loopback(driver);
  ResetUnderWay(driver);
}

}  // namespace nicreplay

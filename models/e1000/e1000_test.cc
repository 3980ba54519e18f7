// SPDX-License-Identifier: MIT
// The device as a whole: creation, access sizes, PCI, reset, saving and loading.
#include "models/e1000/e1000.h"

#include "models/e1000/test_host.h"
#include "models/pci_config.h"

namespace nicreplay::e1000 {
namespace {

TEST(E1000, SendsAndReceivesAFrame) {
  Bench bench;
  bench.StartTransmit();
  const ByteVector frame = MakeFrame(80);
  bench.Send(frame, txd::kRS);
  ASSERT_EQ(bench.host.sent.size(), 1u);
  EXPECT_EQ(bench.host.sent[0], frame);
  EXPECT_EQ(bench.GetTx(0).upper & 0xff, txd::kStatusDD);
  EXPECT_EQ(bench.Read(kICR), cause::kTXDW | cause::kTXQE);

  bench.StartReceive();
  EXPECT_EQ(bench.Receive(frame), ReceiveResult::kConsumed);
  EXPECT_EQ(bench.Memory(Bench::kRxData, 80), frame);
  EXPECT_EQ(bench.GetRx(0).length, 84);
  EXPECT_EQ(bench.GetRx(0).status, rxd::kDD | rxd::kEOP | rxd::kIXSM);
}

TEST(E1000, IdentifiesItsVariant) {
  const std::array<std::pair<const char*, std::uint16_t>, 3> variants = {
      {{"82540em", 0x100e}, {"82544gc", 0x100c}, {"82545em", 0x100f}}};
  for (const auto& [name, id] : variants) {
    Bench bench(std::string("device=") + name);
    EXPECT_EQ(bench.device->info().device_id, id);
    EXPECT_EQ(bench.device->ConfigRead(0, 4), 0x8086u | static_cast<std::uint32_t>(id) << 16);
    EXPECT_EQ(bench.device->ConfigRead(8, 4), 0x02000003u);
  }
}

TEST(E1000, RefusesOptionsThatMakeNoSense) {
  TestHost host;
  for (const char* options : {"device=82573l", "mac=1:2:3", "rom_size=1000", "rom_size=3000",
                              "mitigation=maybe", "autoneg=on"}) {
    const auto device = CreateModel("e1000-stock", options, host);
    ASSERT_FALSE(device.has_value()) << options;
    EXPECT_EQ(device.error().code, ErrorCode::kUsage);
  }
  EXPECT_TRUE(CreateModel("e1000-stock", "rom_size=262144,init_vet=off", host).has_value());
}

TEST(E1000, AfterResetHasTheManualsValues) {
  Bench bench("mac=02:03:04:05:06:07");
  EXPECT_EQ(bench.Read(kCTRL), 0x00140240u);
  EXPECT_EQ(bench.Read(kSTATUS), 0x80080783u);
  EXPECT_EQ(bench.Read(kLEDCTL), 0x602u);
  EXPECT_EQ(bench.Read(kPBA), 0x00100030u);
  EXPECT_EQ(bench.Read(kMANC), 0x00222300u);
  EXPECT_EQ(bench.Read(kVET), 0x8100u);
  EXPECT_EQ(bench.Read(kRA), 0x05040302u);
  EXPECT_EQ(bench.Read(kRA + 4), 0x80000706u);
  Bench without("init_vet=off");
  EXPECT_EQ(without.Read(kVET), 0u);
}

TEST(E1000, BeforeResetRegistersAreZero) {
  TestHost host;
  const auto device = CreateModel("e1000-stock", "", host);
  ASSERT_TRUE(device.has_value());
  EXPECT_EQ((*device)->Read({0, 4, kSTATUS}), 0u);
  EXPECT_EQ((*device)->ConfigRead(0x0c, 1), 0x10u);
  (*device)->Reset();
  EXPECT_EQ((*device)->ConfigRead(0x0c, 1), 0u);
}

TEST(E1000, NarrowReadsGiveLowBitsWithSideEffects) {
  Bench bench;
  bench.Write(kTDBAL, 0x12345678);
  EXPECT_EQ(bench.device->Read({0, 1, kTDBAL + 3}), 0x78u);
  EXPECT_EQ(bench.device->Read({0, 2, kTDBAL + 2}), 0x5678u);
  bench.Write(kICS, 0xabcd);
  EXPECT_EQ(bench.device->Read({0, 1, kICR + 1}), 0xcdu);
  EXPECT_EQ(bench.Read(kICR), 0u);
}

TEST(E1000, NarrowWritesWriteTheWholeRegister) {
  Bench bench;
  bench.Write(kTDBAL, 0x12345678);
  bench.device->Write({0, 1, kTDBAL + 1}, 0xffee);
  EXPECT_EQ(bench.Read(kTDBAL), 0xeeu);
  bench.device->Write({0, 2, kTDBAL + 2}, 0xffeedd);
  EXPECT_EQ(bench.Read(kTDBAL), 0xeeddu);
}

TEST(E1000, EightBytesAreTwoRegistersLowFirst) {
  Bench bench;
  bench.device->Write({0, 8, kTDBAL}, 0x1122334455667788);
  EXPECT_EQ(bench.Read(kTDBAL), 0x55667788u);
  EXPECT_EQ(bench.Read(kTDBAH), 0x11223344u);
  EXPECT_EQ(bench.device->Read({0, 8, kTDBAL}), 0x1122334455667788u);
}

TEST(E1000, AccessesOutsideReadZeroAndWriteNothing) {
  Bench bench;
  bench.Write(kTDBAL, 0x12345678);
  for (const Access& access :
       {Access{0, 4, kTDBAL + 2}, Access{0, 3, kTDBAL}, Access{0, 0, kTDBAL}, Access{0, 4, 0x20000},
        Access{0, 8, 0xfffffff8}, Access{1, 4, 0}, Access{2, 4, kTDBAL}}) {
    bench.device->Write(access, UINT64_MAX);
    EXPECT_EQ(bench.device->Read(access), 0u);
  }
  EXPECT_EQ(bench.Read(kTDBAL), 0x12345678u);
}

TEST(E1000, CtrlResetDoesNothing) {
  Bench bench;
  bench.Write(kTDBAL, 7);
  bench.Write(kCTRL, ctrl::kRST | ctrl::kSLU);
  EXPECT_EQ(bench.Read(kCTRL), ctrl::kSLU);
  EXPECT_EQ(bench.Read(kTDBAL), 7u);
}

TEST(E1000, CommandWriteWithBusMasterFlushes) {
  Bench bench;
  bench.device->ConfigWrite(4, 1, 3);
  bench.device->ConfigWrite(0x0c, 4, 7);
  EXPECT_EQ(bench.host.flushes, 0);
  for (const std::uint8_t size : {std::uint8_t{1}, std::uint8_t{2}, std::uint8_t{4}})
    bench.device->ConfigWrite(4, size, 7);
  EXPECT_EQ(bench.host.flushes, 3);
  bench.device->ConfigWrite(5, 1, 0);
  EXPECT_EQ(bench.host.flushes, 3) << "the upper byte alone does not";
}

TEST(E1000, ResetKeepsBufferSizeAndCancelsTimers) {
  Bench bench;
  bench.StartReceive();
  bench.Write(kRCTL, rctl::kEN);
  bench.device->Reset();
  EXPECT_TRUE(bench.host.timers.empty());
  EXPECT_EQ(bench.device->ConfigRead(4, 2), 0u);
  bench.host.flushes = 0;
  bench.Write(kRDT, 1);
  EXPECT_EQ(bench.host.flushes, 1) << "buffers still have a size";
}

TEST(E1000, ResetForgetsAHalfSentPacket) {
  Bench fresh;
  Bench bench;
  bench.StartTransmit();
  bench.Write(kCTRL, ctrl::kVME);
  bench.PutTx(0, ContextDescriptor{.ipcss = 1, .command = txd::kDEXT | txd::kTSE, .mss = 9});
  bench.PutTx(1, ContextDescriptor{.ipcss = 1, .command = txd::kDEXT});
  bench.PutTx(
      2, TxDescriptor{Bench::kTxData, 100 | txd::kDEXT | txd::kDTYP_DATA | txd::kTSE | txd::kVLE,
                      0x12340300});
  bench.PutTxData(MakeFrame(100));
  bench.Write(kTDT, 3);
  bench.device->Reset();
  bench.device->ConfigWrite(4, 2, 7);
  ByteVector before(fresh.device->StateSize());
  ByteVector after(before.size());
  fresh.device->Save(before);
  bench.device->Save(after);
  EXPECT_TRUE(before == after);
}

TEST(E1000, UnknownTimersAreIgnored) {
  Bench bench;
  bench.device->Timer(9);
  EXPECT_EQ(bench.host.flushes, 0);
}

// A device in the middle of everything.
void Disturb(Bench& bench) {
  bench.StartReceive();
  bench.StartTransmit();
  bench.PutTx(0, ContextDescriptor{.ipcss = 9, .command = txd::kDEXT | txd::kTSE, .hdrlen = 20});
  bench.PutTx(1, TxDescriptor{Bench::kTxData, 40, 0});
  bench.PutTxData(MakeFrame(40));
  bench.Write(kTDT, 2);
  bench.Write(kIMS, cause::kTXQE);
  bench.Write(kEECD, eecd::kCS);
  bench.Write(kEECD, eecd::kCS | eecd::kSK | eecd::kDI);
  bench.Receive(MakeFrame(100));
}

TEST(State, RoundTripContinuesInTheMiddle) {
  Bench first;
  Disturb(first);
  ByteVector state(first.device->StateSize());
  first.device->Save(state);

  Bench second;
  ASSERT_TRUE(second.device->Load(state));
  ByteVector again(state.size());
  second.device->Save(again);
  EXPECT_EQ(again, state);

  second.host.memory = first.host.memory;
  for (Bench* bench : {&first, &second}) {
    bench->PutTx(2, TxDescriptor{Bench::kTxData + 100, 30 | txd::kEOP, 0});
    bench->Write(kTDT, 3);
  }
  ASSERT_EQ(second.host.sent.size(), 1u);
  EXPECT_EQ(second.host.sent, first.host.sent);
  EXPECT_EQ(second.host.sent[0].size(), 70u);
}

TEST(State, PowerCycleGivesTheStateAfterCreation) {
  TestHost host;
  const auto fresh = CreateModel("e1000-stock", "", host).value();
  ByteVector before(fresh->StateSize());
  fresh->Save(before);

  Bench bench;
  Disturb(bench);
  bench.Write(kPBM + 0xfff8, 1);
  bench.host.memory[0xfffff] = 1;
  bench.PutTx(2, TxDescriptor{0x100000 - 0xffff, 0xffff, 0});
  bench.Write(kTDT, 3);
  ByteVector state(before.size());
  bench.device->Save(state);
  ASSERT_TRUE(bench.device->PowerCycle());
  ByteVector after(before.size());
  bench.device->Save(after);
  EXPECT_TRUE(before == after);

  ASSERT_TRUE(bench.device->Load(state));
  ASSERT_TRUE(bench.device->PowerCycle());
  bench.device->Save(after);
  EXPECT_TRUE(before == after);
}

TEST(State, OfAnotherDeviceIsRefused) {
  Bench bench;
  ByteVector state(bench.device->StateSize());
  bench.device->Save(state);
  for (const char* options :
       {"mac=02:00:00:00:00:01", "device=82544gc", "mitigation=off", "extra_mac_registers=off",
        "init_vet=off", "autonegotiation=off", "rom_size=2048"}) {
    Bench other(options);
    EXPECT_FALSE(other.device->Load(state)) << options;
  }
}

TEST(State, OfTheWrongSizeIsRefused) {
  Bench bench;
  ByteVector state(bench.device->StateSize());
  bench.device->Save(state);
  EXPECT_FALSE(bench.device->Load(Bytes(state).first(state.size() - 1)));
  EXPECT_FALSE(bench.device->Load({}));
  state.push_back(0);
  EXPECT_FALSE(bench.device->Load(state));
}

TEST(State, ThatCannotBeIsRefusedAndChangesNothing) {
  Bench bench;
  Disturb(bench);
  ByteVector good(bench.device->StateSize());
  bench.device->Save(good);
  constexpr std::size_t kRegistersAt = 16 + PciConfig::kStateSize;
  const auto refuse = [&](std::size_t at, std::uint8_t bits, const char* what) {
    ByteVector bad = good;
    bad[at] = static_cast<std::uint8_t>(bad[at] | bits);
    bad[kRegistersAt + kTDBAL] = 0x55;
    EXPECT_FALSE(bench.device->Load(bad)) << what;
    ByteVector now(good.size());
    bench.device->Save(now);
    EXPECT_EQ(now, good) << what;
  };
  refuse(0, 0xff, "version");
  refuse(16, 0xff, "PCI vendor");
  refuse(kRegistersAt + kTDLEN, 0x01, "ring length");
  refuse(kRegistersAt + kTDH + 2, 0x01, "head of more than 16 bits");
  refuse(kRegistersAt + kTDT + 2, 0x01, "tail of more than 16 bits");
  refuse(kRegistersAt + kCTRL + 3, 0x04, "CTRL.RST");
  refuse(kRegistersAt + 0x3820, 0x01, "a register that does not exist");
  refuse(kRegistersAt + kBar0Size, 0x08, "an EEPROM pin that is not kept");
  refuse(good.size() - 1, 0x02, "a flag of 2");
}

TEST(State, NoSingleByteOfGarbageCrashes) {
  Bench bench;
  Disturb(bench);
  ByteVector state(bench.device->StateSize());
  bench.device->Save(state);
  for (std::size_t i = 0; i < state.size(); i += 997) {
    ByteVector bad = state;
    bad[i] ^= 0xff;
    if (!bench.device->Load(bad)) continue;
    bench.Write(kTDT, 7);
    bench.Receive(MakeFrame(60));
  }
}

}  // namespace
}  // namespace nicreplay::e1000

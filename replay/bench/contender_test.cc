// SPDX-License-Identifier: MIT
// Every workload runs, and a device that does anything else than the workload says is found out.
#include "replay/bench/contender.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/families.h"
#include "models/registry.h"

namespace nicreplay::bench {
namespace {

using ::testing::HasSubstr;

constexpr std::chrono::milliseconds kBriefly{1};

const Row kStock = {"e1000-stock", "e1000-stock", ""};

Row VirtioRow() { return SelectRows({"virtio-net"}).value().front(); }

Result<Measurement> RunBriefly(const Row& row, const Workload& workload,
                               const std::string& backend = "null") {
  auto wire = CreateWire(backend).value();
  auto contender = Contender::Create(row, workload, *wire, 0);
  if (!contender) return tl::make_unexpected(contender.error());
  return (*contender)->Run(kBriefly);
}

class EveryWorkload : public ::testing::TestWithParam<Workload> {};

TEST_P(EveryWorkload, Runs) {
  for (const Row& row : {kStock, Row{"harness", "", ""}, VirtioRow()}) {
    const auto measured = RunBriefly(row, GetParam());
    ASSERT_TRUE(measured) << measured.error().ToString();
    EXPECT_GT(measured->frames, 0u);
    EXPECT_GE(measured->bytes, measured->frames * 60);
    EXPECT_GT(measured->exits, 0u);
    EXPECT_GT(measured->seconds, 0);
  }
}

// A network without offloads: virtio's driver has to do what it left to the device.
TEST_P(EveryWorkload, RunsOnASocket) {
  if (GetParam().receives && GetParam().packet.mss != 0) return;  // more than a socket queues
  for (const Row& row : {kStock, VirtioRow()}) {
    const auto measured = RunBriefly(row, GetParam(), "unix");
    ASSERT_TRUE(measured) << measured.error().ToString();
    EXPECT_GT(measured->frames, 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(Bench, EveryWorkload,
                         ::testing::ValuesIn(Workloads().begin(), Workloads().end()),
                         [](const auto& row) {
                           std::string name(row.param.name);
                           std::erase(name, '-');
                           return name;
                         });

TEST(Contender, ChargesForExits) {
  auto wire = CreateWire("null").value();
  const Workload& workload = *FindWorkload("tx-64").value();
  constexpr Nanoseconds kCost = 1'000'000;
  auto contender = Contender::Create(kStock, workload, *wire, kCost).value();
  const Measurement measured = contender->Run(kBriefly).value();
  EXPECT_GE(measured.exits, measured.frames);  // a doorbell each
  EXPECT_GE(measured.seconds, 1e-3 * static_cast<double>(measured.exits));
}

// 2.7.7 and 2.7.10 of virtio 1.2: who is busy is not told.
TEST(Contender, VirtioSuppressesNotificationsAndInterrupts) {
  const Measurement small = RunBriefly(VirtioRow(), *FindWorkload("rx-64").value()).value();
  EXPECT_GT(small.exits, 0u);
  EXPECT_LT(small.exits, small.frames / 32);
  // The device is done with a packet before its doorbell is: that, and an interrupt.
  const Measurement sent = RunBriefly(VirtioRow(), *FindWorkload("tx-64").value()).value();
  EXPECT_EQ(sent.exits, 2 * sent.frames);
}

// What a device that cuts corners might do to a frame.
enum class Fault : std::uint8_t { kFlippedByte, kSentTwice, kLost, kReceivedByte };

class FaultyNetwork final : public Host {
 public:
  FaultyNetwork(Host& host, Fault fault) : host_(host), fault_(fault) {}
  Nanoseconds Now() override { return host_.Now(); }
  void DmaRead(GuestAddress address, MutableBytes out) override { host_.DmaRead(address, out); }
  void DmaWrite(GuestAddress address, Bytes data) override {
    if (fault_ != Fault::kReceivedByte || data.size() < 1000 || ++received_ != 20) {
      host_.DmaWrite(address, data);
      return;
    }
    std::vector<std::uint8_t> bytes(data.begin(), data.end());
    bytes.back() ^= 1;
    host_.DmaWrite(address, bytes);
  }
  void SetInterrupt(LineLevel level) override { host_.SetInterrupt(level); }
  void ArmTimer(TimerId id, Nanoseconds deadline) override { host_.ArmTimer(id, deadline); }
  void CancelTimer(TimerId id) override { host_.CancelTimer(id); }
  void FlushReceive() override { host_.FlushReceive(); }
  void Transmit(const Frame& frame) override {
    std::vector<std::uint8_t> bytes(frame.pieces[0].begin(), frame.pieces[0].end());
    const bool spoilt = ++sent_ == 20;
    if (spoilt && fault_ == Fault::kFlippedByte) bytes.back() ^= 1;
    if (spoilt && fault_ == Fault::kSentTwice) host_.Transmit(frame);
    if (spoilt && fault_ == Fault::kLost) return;
    const Bytes piece = bytes;
    host_.Transmit({{&piece, 1}, frame.offload});
  }

 private:
  Host& host_;
  const Fault fault_;
  int sent_ = 0;
  int received_ = 0;
};

struct Faulty {
  Fault fault;
  std::string model;
};

Result<std::unique_ptr<Device>> CreateFaulty(const ModelEntry& self, const Options& options,
                                             Host& host) {
  // Never freed: the device has no owner to keep its host for it.
  static std::vector<std::unique_ptr<FaultyNetwork>> networks;
  const auto& faulty = *static_cast<const Faulty*>(self.context);
  networks.push_back(std::make_unique<FaultyNetwork>(host, faulty.fault));
  const ModelEntry& model = *FindModel(faulty.model).value();
  return model.create(model, options, *networks.back());
}

std::string FaultFound(Fault fault, Row row, const char* workload) {
  static std::vector<std::unique_ptr<ModelEntry>> entries;
  static std::vector<std::unique_ptr<Faulty>> faults;
  faults.push_back(std::make_unique<Faulty>(Faulty{fault, row.model}));
  const std::string name = "faulty" + std::to_string(faults.size());
  entries.push_back(std::make_unique<ModelEntry>(
      ModelEntry{name, "", "", CreateFaulty, CreatePlainDescriber, faults.back().get()}));
  RegisterModel(entries.back().get());
  row.model = name;
  const auto measured = RunBriefly(row, *FindWorkload(workload).value());
  return measured ? "" : measured.error().ToString();
}

TEST(Contender, FindsABrokenRow) {
  for (const Row& row : {kStock, VirtioRow()}) {
    EXPECT_THAT(FaultFound(Fault::kFlippedByte, row, "tx-mtu"),
                HasSubstr("frame 19 of 1514 bytes"));
    EXPECT_THAT(FaultFound(Fault::kSentTwice, row, "tx-mtu"),
                HasSubstr("41 frames sent, expected 40"));
    EXPECT_THAT(FaultFound(Fault::kLost, row, "tx-mtu"), HasSubstr("39 frames sent, expected 40"));
    EXPECT_THAT(FaultFound(Fault::kReceivedByte, row, "rx-mtu"),
                HasSubstr("frame 19 of 1514 bytes"));
  }
  EXPECT_THAT(FaultFound(Fault::kFlippedByte, VirtioRow(), "tx-tso"),
              HasSubstr("frame 899 of 814 bytes (expected 814) differs at byte 51"));
  EXPECT_THAT(FaultFound(Fault::kReceivedByte, VirtioRow(), "rx-super"),
              HasSubstr("differs at byte"));
}

TEST(Contender, AModelThatDoesNotExistIsAnError) {
  const auto measured = RunBriefly({"x", "no-such-model", ""}, Workloads().front());
  ASSERT_FALSE(measured);
  EXPECT_EQ(measured.error().code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace nicreplay::bench

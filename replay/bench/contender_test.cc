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

Result<Measurement> RunBriefly(const Row& row, const Workload& workload) {
  auto wire = CreateWire("null").value();
  auto contender = Contender::Create(row, workload, *wire, 0);
  if (!contender) return tl::make_unexpected(contender.error());
  return (*contender)->Run(kBriefly);
}

class EveryWorkload : public ::testing::TestWithParam<Workload> {};

TEST_P(EveryWorkload, Runs) {
  for (const Row& row : {kStock, Row{"harness", "", ""}}) {
    const auto measured = RunBriefly(row, GetParam());
    ASSERT_TRUE(measured) << measured.error().ToString();
    EXPECT_GT(measured->frames, 0u);
    EXPECT_GE(measured->bytes, measured->frames * 60);
    EXPECT_GT(measured->exits, 0u);
    EXPECT_GT(measured->seconds, 0);
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

// What a device that cuts corners might do to a frame.
enum class Fault : std::uint8_t { kFlippedByte, kSentTwice, kLost };

class FaultyNetwork final : public Host {
 public:
  FaultyNetwork(Host& host, Fault fault) : host_(host), fault_(fault) {}
  Nanoseconds Now() override { return host_.Now(); }
  void DmaRead(GuestAddress address, MutableBytes out) override { host_.DmaRead(address, out); }
  void DmaWrite(GuestAddress address, Bytes data) override { host_.DmaWrite(address, data); }
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
    host_.Transmit({{&piece, 1}, {}});
  }

 private:
  Host& host_;
  const Fault fault_;
  int sent_ = 0;
};

Result<std::unique_ptr<Device>> CreateFaulty(const ModelEntry& self, const Options& options,
                                             Host& host) {
  // Never freed: the device has no owner to keep its host for it.
  static std::vector<std::unique_ptr<FaultyNetwork>> networks;
  networks.push_back(
      std::make_unique<FaultyNetwork>(host, *static_cast<const Fault*>(self.context)));
  const ModelEntry& stock = *FindModel("e1000-stock").value();
  return stock.create(stock, options, *networks.back());
}

std::string FaultFound(Fault fault) {
  static std::vector<std::unique_ptr<ModelEntry>> entries;
  static std::vector<std::unique_ptr<Fault>> faults;
  faults.push_back(std::make_unique<Fault>(fault));
  const std::string name = "faulty" + std::to_string(static_cast<int>(fault));
  entries.push_back(std::make_unique<ModelEntry>(
      ModelEntry{name, "", "", CreateFaulty, CreatePlainDescriber, faults.back().get()}));
  RegisterModel(entries.back().get());
  const auto measured = RunBriefly({name, name, ""}, *FindWorkload("tx-mtu").value());
  return measured ? "" : measured.error().ToString();
}

TEST(Contender, FindsABrokenRow) {
  EXPECT_THAT(FaultFound(Fault::kFlippedByte), HasSubstr("frame 19 of 1514 bytes"));
  EXPECT_THAT(FaultFound(Fault::kSentTwice), HasSubstr("41 frames sent, expected 40"));
  EXPECT_THAT(FaultFound(Fault::kLost), HasSubstr("39 frames sent, expected 40"));
}

TEST(Contender, AModelThatDoesNotExistIsAnError) {
  const auto measured = RunBriefly({"x", "no-such-model", ""}, Workloads().front());
  ASSERT_FALSE(measured);
  EXPECT_EQ(measured.error().code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace nicreplay::bench

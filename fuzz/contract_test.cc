// SPDX-License-Identifier: MIT
// The checker of contracts: what a model may put off, and what is late.
#include "replay/contract.h"

#include <gtest/gtest.h>

#include <deque>

#include "fuzz/e1000_generator.h"
#include "fuzz/interleave.h"
#include "fuzz/lockstep.h"
#include "fuzz/receive_checksums.h"
#include "fuzz/scenarios.h"
#include "fuzz/scheduled_sink.h"
#include "models/families.h"
#include "models/net/super_frame.h"

namespace nicreplay {
namespace {

using Kind = Divergence::Kind;

Contract ContractFor(const std::string& options) {
  return ContractOf({"e1000-opt", options}).value();
}

TEST(ContractTest, ComesFromTheSwitches) {
  EXPECT_TRUE(ContractFor("").exact());
  EXPECT_TRUE(ContractFor("opt=none").exact());
  EXPECT_TRUE(ContractFor("opt=tso+csum+zerocopy+ring+rxbatch+rxlro").exact());
  EXPECT_EQ(ContractFor("opt=tso+asynctx").deferred, "tx");
  EXPECT_EQ(ContractFor("opt=irqmod+doorbell").deferred, "doorbell+line");
  EXPECT_FALSE(ContractFor("opt=irqmod").polled);
  EXPECT_TRUE(ContractFor("opt=sidecore").polled);
  EXPECT_FALSE(ContractFor("opt=all").receive_checksums);
  EXPECT_TRUE(ContractFor("opt=rxcsum").receive_checksums);
  EXPECT_FALSE(ContractOf({"e1000-opt", "opt=tsx"}).has_value());
  EXPECT_TRUE(ContractOf({"e1000-stock", ""}).value().switches.empty());
}

TEST(ContractTest, NamesItsReference) {
  const Candidate exact{"e1000-opt", "mac=52:54:00:00:00:01,opt=tso"};
  EXPECT_EQ(ReferenceOf(exact, ContractOf(exact).value())->model, "e1000-stock");
  EXPECT_EQ(ReferenceOf(exact, ContractOf(exact).value())->options, "mac=52:54:00:00:00:01");
  const Candidate deferring{"e1000-opt", "opt=asynctx+sidecore"};
  const auto reference = ReferenceOf(deferring, ContractOf(deferring).value());
  EXPECT_EQ(reference->model, "e1000-deferred");
  EXPECT_EQ(reference->options, "defer=tx+shadow");
}

// A device that holds the transmitter: e1000-deferred on a host to which its requests get through
// as they are, late, or not at all.
enum class Request : std::uint8_t { kPassed, kLate, kSwallowed };

class RequestHost final : public Host {
 public:
  RequestHost(Host& host, Request request) : host_(host), request_(request) {}
  Nanoseconds Now() override { return host_.Now(); }
  void DmaRead(GuestAddress address, MutableBytes out) override { host_.DmaRead(address, out); }
  void DmaWrite(GuestAddress address, Bytes data) override { host_.DmaWrite(address, data); }
  void Transmit(const Frame& frame) override { host_.Transmit(frame); }
  void SetInterrupt(LineLevel level) override { host_.SetInterrupt(level); }
  void ArmTimer(TimerId id, Nanoseconds deadline) override { host_.ArmTimer(id, deadline); }
  void CancelTimer(TimerId id) override { host_.CancelTimer(id); }
  void FlushReceive() override { host_.FlushReceive(); }
  void RequestWork(Nanoseconds deadline) override {
    if (request_ == Request::kSwallowed) return;
    host_.RequestWork(deadline + (request_ == Request::kLate ? 1000 : 0));
  }
  void CancelWork() override { host_.CancelWork(); }

 private:
  Host& host_;
  const Request request_;
};

template <Request request>
Result<std::unique_ptr<Device>> CreateHolding(const ModelEntry&, const Options& options,
                                              Host& host) {
  static std::deque<RequestHost> hosts;  // outlive their devices
  const ModelEntry* deferred = FindModel("e1000-deferred").value();
  return deferred->create(*deferred, options, hosts.emplace_back(host, request));
}

template <Request request>
std::string HoldingModel(const std::string& name) {
  if (!FindModel(name)) {
    RegisterModel(new ModelEntry{.name = name,
                                 .summary = "",
                                 .options = "",
                                 .create = CreateHolding<request>,
                                 .describer = FamilyDescriber("e1000")});
  }
  return name;
}

Pairing Between(const std::string& left_defer, const Candidate& right) {
  Pairing pairing{{"e1000-deferred", "defer=" + left_defer}, right, E1000Generator::kRamSize};
  pairing.contract.deferred = left_defer;
  pairing.contract.polled = left_defer.find("shadow") != std::string::npos;
  return pairing;
}

std::optional<Divergence> Generate(const Pairing& pairing, const std::string& schedule,
                                   std::uint64_t seed = 1) {
  auto lockstep = Lockstep::Create(pairing, 20'000).value();
  ScheduledSink scheduled(Schedule::Parse(schedule).value(), *lockstep);
  E1000Generator(seed, scheduled, {}, E1000Generator::Traffic::kOptimized).Run();
  return lockstep->divergence();
}

TEST(DeferredContract, TheReferenceKeepsItUnderEverySchedule) {
  for (const char* schedule : {"eager", "lazy", "every=7", "seed=3"}) {
    EXPECT_FALSE(Generate(
        Between("tx+doorbell+line+shadow", {"e1000-deferred", "defer=tx+doorbell+line+shadow"}),
        schedule))
        << schedule;
  }
}

TEST(DeferredContract, EarlierIsAllowed) {
  EXPECT_FALSE(Generate(Between("tx+doorbell+line", {"e1000-stock", ""}), "seed=1"));
  EXPECT_FALSE(Generate(Between("tx+line", {"e1000-deferred", "defer=tx"}), "seed=2"));
}

TEST(DeferredContract, PuttingOffWhatWasNotAgreedIsADifference) {
  EXPECT_TRUE(Generate(Between("line", {"e1000-deferred", "defer=tx"}), "seed=1"));
  EXPECT_TRUE(Generate(Between("tx", {"e1000-deferred", "defer=line"}), "seed=1"));
}

TEST(DeferredContract, LateIsAFailureOfItsOwn) {
  const Candidate late{HoldingModel<Request::kLate>("test-late"), "defer=tx"};
  const Candidate swallowed{HoldingModel<Request::kSwallowed>("test-swallowed"), "defer=tx"};
  const Candidate passed{HoldingModel<Request::kPassed>("test-passed"), "defer=tx"};
  const ScenarioOperations operations = OperationsOf({"", "tdt=1 icr? tdt=2"});
  const auto run = [&](const Candidate& candidate) {
    return RunInterleavings(Between("tx", candidate), operations.set_up, operations.steps, 100)
        .value()
        .divergence;
  };
  EXPECT_FALSE(run(passed));
  for (const Candidate& candidate : {late, swallowed}) {
    const auto found = run(candidate);
    ASSERT_TRUE(found) << candidate.model;
    EXPECT_EQ(found->kind, Kind::kLate) << candidate.model;
  }
}

TEST(DeferredContract, OnlyTheReferenceCanStandForIt) {
  Pairing pairing = Between("tx", {"e1000-stock", ""});
  pairing.left = {"e1000-stock", ""};
  EXPECT_FALSE(Lockstep::Create(pairing, 1).has_value());
}

TEST(PolledContract, WhatIsPublishedIsCompared) {
  const auto found = Generate(Between("shadow", {"e1000-stock", ""}), "eager");
  ASSERT_TRUE(found);
}

TEST(ExactContract, SuperFramesCountAsTheirWireFrames) {
  CapturingMachine stock(4096);
  CapturingMachine optimized(4096);
  optimized.set_transmit_offloads(kOffloadAll);
  const SuperFrame super = MakeSuperFrame({.gso_size = 1000, .payload = 2500});
  const Bytes whole[] = {super.bytes};
  Segmenter segmenter;
  ASSERT_EQ(segmenter.Parse({whole, super.offload}), OffloadFault::kNone);
  for (std::size_t i = 0; i < segmenter.count(); ++i) stock.Transmit({segmenter.Get(i), {}});
  optimized.Transmit({whole, super.offload});
  EXPECT_TRUE(stock.SameEffects(optimized));
  // Not for a network that did not ask for them.
  optimized.Forget();
  optimized.set_transmit_offloads(kOffloadChecksum);
  optimized.Transmit({whole, super.offload});
  EXPECT_FALSE(stock.SameEffects(optimized));
}

TEST(DeclaredContract, OnlyRightChecksumsMayBeReported) {
  SuperFrame super = MakeSuperFrame({.gso_size = 1000, .payload = 100});
  Segmenter segmenter;
  const Bytes whole[] = {super.bytes};
  ASSERT_EQ(segmenter.Parse({whole, super.offload}), OffloadFault::kNone);
  std::vector<std::uint8_t> frame = Join(segmenter.Get(0));
  EXPECT_TRUE(ChecksumsHold(frame));
  ++frame.back();
  EXPECT_FALSE(ChecksumsHold(frame));
  EXPECT_FALSE(ChecksumsHold(Bytes(frame).first(40)));
  EXPECT_FALSE(ChecksumsHold({}));
}

class CheckedStatusTest : public ::testing::Test {
 protected:
  static constexpr GuestAddress kAt = 0x1000;
  static constexpr std::uint8_t kUnchecked = e1000::rxd::kEOP | e1000::rxd::kIXSM;
  static constexpr std::uint8_t kChecked =
      e1000::rxd::kEOP | e1000::rxd::kIPCS | e1000::rxd::kTCPCS;

  CheckedStatusTest() {
    const Bytes whole[] = {super_.bytes};
    EXPECT_EQ(segmenter_.Parse({whole, super_.offload}), OffloadFault::kNone);
    frame_ = Join(segmenter_.Get(0));
  }

  // What is written to the status at `address` of a descriptor that read like this; 0: as it was.
  std::uint8_t Declared(std::uint64_t buffer, std::uint8_t before, std::uint8_t written,
                        GuestAddress address = kAt + 12) {
    e1000::RxDescriptor descriptor;
    descriptor.buffer_address = buffer;
    descriptor.status = before;
    CheckedStatus status;
    status.OnRead(kAt, e1000::Encode(descriptor));
    const Bytes pieces[] = {frame_};
    CheckedStatus::Descriptor out{};
    return status.Declare({pieces, {}}, address, {&written, 1}, out) ? out[0] : 0;
  }

  SuperFrame super_ = MakeSuperFrame({.gso_size = 1000, .payload = 100});
  Segmenter segmenter_;
  std::vector<std::uint8_t> frame_;
};

TEST_F(CheckedStatusTest, TakesThePlaceOfIxsmInTheLastDescriptorOfAFrame) {
  EXPECT_EQ(Declared(0x2000, 0, kUnchecked), kChecked);
  EXPECT_EQ(Declared(0x2000, e1000::rxd::kIXSM, kUnchecked), kChecked | e1000::rxd::kIXSM);
  EXPECT_EQ(Declared(0x2000, 0, e1000::rxd::kIXSM), 0);  // not the last
  EXPECT_EQ(Declared(0x2000, 0, e1000::rxd::kEOP), 0);
  EXPECT_EQ(Declared(0, kUnchecked, kUnchecked), 0);        // without a buffer
  EXPECT_EQ(Declared(0x2000, 0, kUnchecked, kAt + 28), 0);  // elsewhere
  ++frame_.back();
  EXPECT_EQ(Declared(0x2000, 0, kUnchecked), 0);
}

// The status was transmitted, and read as a descriptor, in the operation in which it was written:
// the declared difference was in frames and in other descriptors, where it was not accepted.
TEST(DeclaredContract, StatusThatIsReadBackInTheSameOperationIsNoDifference) {
  const auto pairing =
      PairWithReference({"e1000-opt", "opt=rxcsum+sidecore"}, E1000Generator::kRamSize).value();
  auto lockstep = Lockstep::Create(pairing, 40'000).value();
  ScheduledSink scheduled(Schedule::Parse("seed=78").value(), *lockstep);
  E1000Generator(78, scheduled, {}, E1000Generator::Traffic::kOptimized).Run();
  EXPECT_FALSE(lockstep->divergence());
  EXPECT_GT(lockstep->checked_frames(), 500u);
}

TEST(Interleavings, AreCounted) {
  const Pairing pairing = Between("tx", {"e1000-deferred", "defer=tx"});
  const auto count = [&](std::string_view words) {
    const ScenarioOperations operations = OperationsOf({"", words});
    const auto result =
        RunInterleavings(pairing, operations.set_up, operations.steps, 1000).value();
    EXPECT_TRUE(result.complete);
    EXPECT_FALSE(result.divergence);
    return result.count;
  };
  // Nothing is pending: one way.  Pending: work before the read, after it, or at its deadline.
  EXPECT_EQ(count("icr?"), 1u);
  EXPECT_EQ(count("tdt=1 icr?"), 3u);
  EXPECT_EQ(count("tdt=1 tdh?"), 2u);
}

TEST(Interleavings, StopAtTheirLimitAndAtADifference) {
  const ScenarioOperations operations = OperationsOf({"", "tdt=1 tdt=2 tdt=3 icr?"});
  Pairing pairing = Between("tx", {"e1000-deferred", "defer=tx"});
  EXPECT_FALSE(RunInterleavings(pairing, operations.set_up, operations.steps, 2).value().complete);
  pairing = Between("line", {"e1000-deferred", "defer=tx"});
  const auto wrong = RunInterleavings(pairing, operations.set_up, operations.steps, 1000).value();
  ASSERT_TRUE(wrong.divergence);
  EXPECT_EQ(wrong.divergence->event + 1, wrong.operations.size());
}

TEST(Interleavings, ThereAreEnoughScenariosAndNoneIsLong) {
  EXPECT_GE(Scenarios().size(), 30u);
  for (const Scenario& scenario : Scenarios()) {
    EXPECT_LE(OperationsOf(scenario).steps.size(), 12u) << scenario.name;
  }
}

}  // namespace
}  // namespace nicreplay

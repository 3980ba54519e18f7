// SPDX-License-Identifier: MIT
// virtio-net against QEMU's genuine virtio-net-pci, under generated drivers; where the two may
// differ is in virtio-net.md.
#include <gtest/gtest.h>

#include "fuzz/generators.h"
#include "qtest/live_lockstep.h"

namespace nicreplay {
namespace {

constexpr GuestAddress kBase = std::uint64_t{16} << 20;
constexpr std::uint64_t kOperations = 6000;

// What of the device is asked for on both sides.
struct Kind {
  const char* name;
  const char* options;
};

void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

constexpr Kind kKinds[] = {
    {"Transitional", ""},
    {"Packed", ",packed=on,mq=on,rss=on"},
    {"Modern", ",disable-legacy=on,vectors=0"},
    {"Legacy", ",disable-modern=on,host_mtu=1500,speed=1000,duplex=full"},
};

LivePairing Pair(const std::string& options, const std::string& model_options = "") {
  LivePairing pairing;
  pairing.model = {"virtio-net", "num_buffers=off" + options + model_options};
  pairing.qemu.qemu = NICREPLAY_QEMU;
  pairing.qemu.device = "virtio-net-pci,ioeventfd=off" + options;
  pairing.qemu.ram_size = kBase + GeneratorWindow::kSize;
  pairing.work = LiveWork::kInBottomHalves;
  return pairing;
}

std::unique_ptr<LiveLockstep> RunSession(const LivePairing& pairing, std::uint64_t seed) {
  auto lockstep = LiveLockstep::Create(pairing, {kBase, GeneratorWindow::kSize}, kOperations);
  if (!lockstep) {
    ADD_FAILURE() << lockstep.error().ToString();
    return nullptr;
  }
  GeneratorOf("virtio-net")(seed, **lockstep, {kBase, GeneratorWindow::kSize},
                            GeneratorTraffic::kAny);
  const auto finished = (*lockstep)->Finish(LiveLockstep::Extent::kAllMemory);
  EXPECT_TRUE(finished) << finished.error().ToString();
  return std::move(*lockstep);
}

class VirtioLockstepTest : public testing::TestWithParam<Kind> {};

INSTANTIATE_TEST_SUITE_P(Kinds, VirtioLockstepTest, testing::ValuesIn(kKinds),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(VirtioLockstepTest, GeneratedSessionsAreTheSame) {
  const auto lockstep = RunSession(Pair(GetParam().options), 1);
  ASSERT_NE(lockstep, nullptr);
  EXPECT_FALSE(lockstep->divergence()) << "operation " << lockstep->count() - 1;
  EXPECT_GE(lockstep->count(), kOperations);
}

TEST(VirtioLiveTest, ADifferenceIsFound) {
  const auto lockstep = RunSession(Pair("", ",event_idx=off"), 1);
  ASSERT_NE(lockstep, nullptr);
  EXPECT_TRUE(lockstep->divergence());
}

}  // namespace
}  // namespace nicreplay

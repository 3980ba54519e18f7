// SPDX-License-Identifier: MIT
// TAPs in a network namespace of their own, two on a bridge; needs root.
#include "replay/backends/tap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "models/net/super_frame.h"
#include "replay/backends/network_namespace.h"

namespace nicreplay {
namespace {

class Tap : public ::testing::Test {
 protected:
  // The error if the machine cannot do it.
  Status SetUpBridge(TapHeader in, TapHeader out) {
    auto network = NetworkNamespace::Enter();
    if (!network) return tl::make_unexpected(network.error());
    network_ = std::move(*network);
    for (auto [tap, header] : {std::pair(&in_, in), std::pair(&out_, out)}) {
      auto created = TapBackend::Create("", header);
      if (!created) return tl::make_unexpected(created.error());
      *tap = std::move(*created);
    }
    const UniqueFd control(socket(AF_INET, SOCK_DGRAM, 0));
    if (ioctl(control.get(), SIOCBRADDBR, "bridge") != 0) {
      return Fail(ErrorCode::kIo, "no bridges in this kernel");
    }
    for (const auto& tap : {in_.get(), out_.get()}) {
      ifreq request{};
      std::strcpy(request.ifr_name, "bridge");
      request.ifr_ifindex = static_cast<int>(if_nametoindex(tap->name().c_str()));
      EXPECT_EQ(ioctl(control.get(), SIOCBRADDIF, &request), 0);
      if (auto up = tap->BringUp(); !up) return up;
    }
    ifreq request{};
    std::strcpy(request.ifr_name, "bridge");
    request.ifr_flags = IFF_UP;
    EXPECT_EQ(ioctl(control.get(), SIOCSIFFLAGS, &request), 0);
    return Ok();
  }

  // As many frames for our address as are asked for, if they arrive within two seconds.
  std::vector<SuperFrame> Arrived(std::size_t count) {
    std::vector<SuperFrame> frames;
    for (int tries = 0; tries < 200 && frames.size() < count; ++tries) {
      pollfd ready{out_->descriptor(), POLLIN, 0};
      poll(&ready, 1, 10);
      const auto received = out_->Receive(64);
      if (!received) return frames;
      for (const Frame& frame : *received) {
        const Bytes bytes = frame.pieces[0];
        if (bytes[0] == 2) frames.push_back({{bytes.begin(), bytes.end()}, frame.offload});
      }
    }
    return frames;
  }

  Result<SendResult> Send(const SuperFrame& frame) {
    const Bytes whole = frame.bytes;
    const Bytes pieces[] = {whole.first(100), whole.subspan(100)};
    return in_->Send({pieces, frame.offload});
  }

  std::unique_ptr<NetworkNamespace> network_;
  std::unique_ptr<TapBackend> in_;
  std::unique_ptr<TapBackend> out_;
  const SuperFrame super_ = MakeSuperFrame({.gso_size = 1000, .payload = 2500});
};

// Not a failure of ours: there may be no root, no TAP, no bridge.
#define SET_UP_BRIDGE_OR_SKIP(in, out)                                     \
  if (const Status up = SetUpBridge(in, out); !up) {                       \
    GTEST_SKIP() << "TAPs are not tested here: " << up.error().ToString(); \
  }

TEST_F(Tap, SuperFramesPassWhole) {
  SET_UP_BRIDGE_OR_SKIP(TapHeader::kVirtioNet, TapHeader::kVirtioNet);
  ASSERT_TRUE(out_->SetReceiveOffloads(kOffloadAll));
  ASSERT_EQ(Send(super_), SendResult::kSent);
  const auto arrived = Arrived(1);
  ASSERT_EQ(arrived.size(), 1u);
  EXPECT_EQ(arrived[0].bytes, super_.bytes);
  EXPECT_EQ(arrived[0].offload.gso_type, Offload::kGsoTcp4);
  EXPECT_EQ(arrived[0].offload.gso_size, 1000);
  EXPECT_EQ(arrived[0].offload.checksum_start, super_.offload.checksum_start);
}

TEST_F(Tap, TheKernelCutsForATapThatTakesNone) {
  SET_UP_BRIDGE_OR_SKIP(TapHeader::kVirtioNet, TapHeader::kVirtioNet);
  ASSERT_EQ(Send(super_), SendResult::kSent);
  const auto arrived = Arrived(3);
  ASSERT_EQ(arrived.size(), 3u);
  for (const SuperFrame& frame : arrived) EXPECT_EQ(frame.offload.gso_type, Offload::kGsoNone);
  EXPECT_EQ(arrived[2].bytes.size(), super_.bytes.size() - 2000);
}

TEST_F(Tap, WithoutHeaderThereAreWireFramesAlone) {
  SET_UP_BRIDGE_OR_SKIP(TapHeader::kNone, TapHeader::kNone);
  EXPECT_EQ(in_->offloads(), 0);
  ASSERT_EQ(Send(super_), SendResult::kSent);
  const auto arrived = Arrived(3);
  ASSERT_EQ(arrived.size(), 3u);
  EXPECT_TRUE(std::ranges::equal(std::span(arrived[0].bytes).subspan(66, 1000),
                                 std::span(super_.bytes).subspan(66, 1000)));
}

TEST_F(Tap, WhatTheKernelRefusesIsCountedAndLost) {
  SET_UP_BRIDGE_OR_SKIP(TapHeader::kVirtioNet, TapHeader::kVirtioNet);
  const std::uint8_t few[5] = {};
  const Bytes piece = few;
  EXPECT_EQ(in_->Send({{&piece, 1}, {}}), SendResult::kSent);
  EXPECT_EQ(in_->refused(), 1u);
  EXPECT_TRUE(out_->Receive(8)->empty());
}

TEST(TapName, IsBounded) {
  const auto tap = TapBackend::Create("a-name-that-is-too-long", TapHeader::kNone);
  ASSERT_FALSE(tap);
  EXPECT_EQ(tap.error().code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace nicreplay

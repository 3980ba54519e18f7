// SPDX-License-Identifier: MIT
// The segmenter against the kernel: super-frames go into a TAP with offload headers, over a bridge,
// and come out of a TAP that takes none.  Needs root; everything lives in a network namespace of
// this test's own.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <thread>

#include "models/net/super_frame.h"

namespace nicreplay {
namespace {

using WireFrames = std::vector<std::vector<std::uint8_t>>;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

ifreq Named(const char* name) {
  ifreq request{};
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  return request;
}

// Two TAPs on a bridge, in the network namespace of this thread.
class Link {
 public:
  Link()
      : control_(socket(AF_INET, SOCK_DGRAM, 0)),
        in_(open("/dev/net/tun", O_RDWR)),
        out_(open("/dev/net/tun", O_RDWR | O_NONBLOCK)) {}

  // Empty: it works; else what does not.
  std::string SetUp() {
    if (!MakeTap(in_.get(), "in", IFF_VNET_HDR)) return "no TAP with IFF_VNET_HDR";
    if (!MakeTap(out_.get(), "out", 0)) return "no TAP";
    if (ioctl(control_.get(), SIOCBRADDBR, "bridge") != 0) return "no bridge";
    for (const char* port : {"in", "out"}) {
      ifreq request = Named("bridge");
      request.ifr_ifindex = static_cast<int>(if_nametoindex(port));
      if (ioctl(control_.get(), SIOCBRADDIF, &request) != 0) return "no bridge port";
      request = Named(port);
      request.ifr_mtu = 65521;
      if (ioctl(control_.get(), SIOCSIFMTU, &request) != 0) return "no jumbo frames";
    }
    for (const char* name : {"bridge", "in", "out"}) {
      ifreq request = Named(name);
      request.ifr_flags = IFF_UP;
      if (ioctl(control_.get(), SIOCSIFFLAGS, &request) != 0) return "an interface stays down";
    }
    return "";
  }

  // What the kernel makes of a frame: everything for our address up to a mark that follows it.
  WireFrames Through(const SuperFrame& frame, int* error) {
    *error = Send(frame);
    SuperFrame mark = MakeSuperFrame({});
    mark.offload = {};
    StoreBe16(&mark.bytes[12], 0x88b5);
    EXPECT_EQ(Send(mark), 0);
    WireFrames frames;
    for (;;) {
      pollfd ready{out_.get(), POLLIN, 0};
      if (poll(&ready, 1, 10'000) != 1) {
        ADD_FAILURE() << "the mark got lost";
        return frames;
      }
      std::vector<std::uint8_t> got(std::size_t{128} << 10);
      const ssize_t size = read(out_.get(), got.data(), got.size());
      if (size < 14 || std::memcmp(got.data(), mark.bytes.data(), 12) != 0) continue;
      if (LoadBe16(&got[12]) == 0x88b5) return frames;
      got.resize(static_cast<std::size_t>(size));
      frames.push_back(std::move(got));
    }
  }

 private:
  static bool MakeTap(int fd, const char* name, int flags) {
    ifreq request = Named(name);
    request.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | flags);
    return ioctl(fd, TUNSETIFF, &request) == 0;
  }

  int Send(const SuperFrame& frame) {
    // Offload is a virtio_net_hdr of a host that is little-endian, as TAPs have it.
    static_assert(sizeof(Offload) == 10);
    const iovec parts[] = {{const_cast<Offload*>(&frame.offload), sizeof(Offload)},
                           {const_cast<std::uint8_t*>(frame.bytes.data()), frame.bytes.size()}};
    return writev(in_.get(), parts, 2) < 0 ? errno : 0;
  }

  Descriptor control_;
  Descriptor in_;
  Descriptor out_;
};

// Where the kernel finishes the checksum while it cuts, 0 stays 0.
void NormalizeZero(const SuperFrame& super, std::vector<std::uint8_t>* frame) {
  const std::size_t at = std::size_t{super.offload.checksum_start} + super.offload.checksum_offset;
  if (super.offload.gso_type == Offload::kGsoUdp) return;
  if (LoadBe16(&(*frame)[at]) == 0) StoreBe16(&(*frame)[at], 0xffff);
}

std::size_t Compare(Link* link, const SuperFrame& super, const std::string& what) {
  int error = 0;
  WireFrames kernel = link->Through(super, &error);
  for (auto& frame : kernel) NormalizeZero(super, &frame);
  Segmenter segmenter;
  const Bytes pieces[] = {super.bytes};
  const OffloadFault fault = segmenter.Parse({pieces, super.offload});
  EXPECT_EQ(fault, OffloadFault::kNone) << OffloadFaultName(fault) << what;
  EXPECT_EQ(error, 0) << what;
  EXPECT_EQ(segmenter.count(), kernel.size()) << what;
  if (segmenter.count() != kernel.size()) return 0;
  for (std::size_t i = 0; i < kernel.size(); ++i) {
    EXPECT_EQ(Join(segmenter.Get(i)), kernel[i]) << "segment " << i << what;
  }
  return kernel.size();
}

SuperFrameRecipe AnyRecipe(std::mt19937& random) {
  const std::uint8_t kinds[] = {Offload::kGsoTcp4, Offload::kGsoTcp6, Offload::kGsoUdp};
  SuperFrameRecipe recipe;
  recipe.gso_type = kinds[random() % 3];
  recipe.gso_size = static_cast<std::uint16_t>(200 + random() % 9000);
  if (recipe.gso_type == Offload::kGsoUdp) recipe.gso_size &= 0xfff8;
  recipe.payload = random() % 3 == 0 ? random() % 64000 : random() % 12000;
  if (random() % 4 == 0) recipe.payload = recipe.gso_size * (random() % 4 + 1) % 64000;
  recipe.tags = random() % 4 == 0 ? 1 : 0;
  recipe.tcp_options = 4 * (random() % 11);
  recipe.tcp_flags = static_cast<std::uint8_t>(random());
  recipe.seed = static_cast<std::uint32_t>(random());
  return recipe;
}

// Whether the kernel cuts it alike at all: it takes a packet of at most gso_size bytes after the
// shortest TCP header for no super-frame, and drops one that only its TCP options make longer.
bool KernelDrops(const SuperFrameRecipe& recipe) {
  return recipe.gso_type != Offload::kGsoUdp && recipe.payload <= recipe.gso_size &&
         recipe.payload + recipe.tcp_options > recipe.gso_size;
}

void CompareMany(Link* link) {
  std::mt19937 random(1);
  std::size_t segments = 0;
  for (int round = 0; round < 600 && !testing::Test::HasFailure(); ++round) {
    const SuperFrameRecipe recipe = AnyRecipe(random);
    if (KernelDrops(recipe)) continue;
    SuperFrame super = MakeSuperFrame(recipe);
    if (round % 10 == 0) super.offload.gso_type = Offload::kGsoNone;
    if (round % 10 == 1 && recipe.gso_type != Offload::kGsoUdp) {
      super.offload.gso_type |= Offload::kGsoEcn;
    }
    segments += Compare(
        link, super,
        " of round " + std::to_string(round) + ", kind " + std::to_string(recipe.gso_type) + ", " +
            std::to_string(recipe.payload) + " bytes by " + std::to_string(recipe.gso_size));
  }
  EXPECT_GT(segments, 1000u);
}

// Offload headers that we refuse: the kernel sends nothing either.
void CompareRefused(Link* link) {
  for (const std::uint16_t size : {std::uint16_t{0}, std::uint16_t{0xffff}}) {
    SuperFrame super = MakeSuperFrame({.payload = 60'000});
    super.offload.gso_size = size;
    int error = 0;
    EXPECT_TRUE(link->Through(super, &error).empty()) << size;
  }
  SuperFrame super = MakeSuperFrame({});
  super.offload.gso_type = 2;
  int error = 0;
  EXPECT_TRUE(link->Through(super, &error).empty());
  super = MakeSuperFrame({});
  super.offload.header_length = 50'000;
  EXPECT_TRUE(link->Through(super, &error).empty());
}

TEST(SegmentKernelTest, CutsLikeTheKernel) {
  std::string missing;
  std::thread([&] {
    if (unshare(CLONE_NEWNET) != 0) {
      missing = "no network namespace (needs root)";
      return;
    }
    Link link;
    missing = link.SetUp();
    if (!missing.empty()) return;
    CompareMany(&link);
    CompareRefused(&link);
  }).join();
  if (!missing.empty()) GTEST_SKIP() << "not compared with the kernel: " << missing;
}

}  // namespace
}  // namespace nicreplay

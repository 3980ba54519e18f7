// SPDX-License-Identifier: MIT
// A driver on a processor of its own: whatever the two sides' timing, not both of them may miss
// what the other just did (virtio 1.2, 2.7.7, 2.7.10, 2.8.10).  In each round they do it at about
// the same time.  Who saw whom is left to the machine; that one of them did is not.
#include <atomic>
#include <functional>
#include <thread>

#include "models/virtio/queue.h"
#include "models/virtio/test_bench.h"

namespace nicreplay::virtio {
namespace {

using Format = DriverRing::Format;

constexpr std::uint32_t kRounds = 200'000;
constexpr std::uint32_t kRing = 256;
constexpr GuestAddress kMemory = std::size_t{1} << 20;
constexpr GuestAddress kBuffer = Bench::kBuffers;
constexpr std::uint32_t kBufferSize = 256;

// Memory of two threads, in words of two bytes: what the sides tell each other has that size.
class SharedHost final : public DeviceHost {
 public:
  std::uint16_t Load(GuestAddress address) {
    return WordAt(address).load(std::memory_order_relaxed);
  }
  void Store(GuestAddress address, Bytes data) {
    for (std::size_t i = 0; i + 1 < data.size(); i += 2) {
      const auto word = static_cast<std::uint16_t>(data[i] | data[i + 1] << 8);
      WordAt(address + i).store(word, std::memory_order_relaxed);
    }
  }

  void DmaRead(GuestAddress address, MutableBytes out) override {
    for (std::size_t i = 0; i + 1 < out.size(); i += 2) {
      const std::uint16_t word = Load(address + i);
      std::memcpy(&out[i], &word, sizeof(word));
    }
  }
  void DmaWrite(GuestAddress address, Bytes data) override { Store(address, data); }
  void Transmit(const Frame&) override { ++sent; }
  OffloadSet TransmitOffloads() override { return 0; }
  void FlushReceive() override {}

  void WriteMemory(GuestAddress address, Bytes bytes) override { Store(address, bytes); }

  std::uint32_t sent = 0;

 private:
  std::atomic_ref<std::uint16_t> WordAt(GuestAddress address) {
    return std::atomic_ref(words_.at(address / 2));
  }

  std::vector<std::uint16_t> words_ = std::vector<std::uint16_t>(kMemory / 2);
};

// Runs the driver's side of every round on a thread of its own.
class Rounds {
 public:
  explicit Rounds(std::function<void()> driver)
      : driver_(std::move(driver)), thread_([this] { Run(); }) {}
  ~Rounds() { thread_.join(); }

  // One round; true until the last.
  bool Together(const std::function<void()>& device) {
    started_.store(++round_, std::memory_order_release);
    Wait(round_ % kSkews);
    device();
    WaitFor(finished_, round_);
    return round_ < kRounds;
  }

 private:
  static constexpr std::uint32_t kSkews = 61;

  static void Wait(std::uint32_t turns) {
    for (std::atomic<std::uint32_t> i = 0; i < turns; ++i) {
    }
  }
  static void WaitFor(const std::atomic<std::uint32_t>& counter, std::uint32_t value) {
    for (std::uint32_t spins = 0; counter.load(std::memory_order_acquire) != value; ++spins) {
      if (spins > 1000) std::this_thread::yield();
    }
  }
  void Run() {
    for (std::uint32_t round = 1; round <= kRounds; ++round) {
      WaitFor(started_, round);
      Wait(round / kSkews % kSkews);
      driver_();
      finished_.store(round, std::memory_order_release);
    }
  }

  std::function<void()> driver_;
  std::uint32_t round_ = 0;
  std::atomic<std::uint32_t> started_ = 0;
  std::atomic<std::uint32_t> finished_ = 0;
  std::thread thread_;
};

class ConcurrentDriverTest : public testing::TestWithParam<Format> {
 protected:
  ConcurrentDriverTest() : driver_(host_, Driver::Mode::kModern) {
    auto created = CreateModel("virtio-net", IsSplit() ? "" : "packed=on", host_);
    if (!created) throw std::runtime_error(created.error().ToString());
    device_ = std::move(*created);
    host_.device = device_.get();
    device_->Reset();
    driver_.MapBars();
    driver_.Negotiate(Features::Of(feature::kVersion1, feature::kRingPacked, feature::kEventIdx));
    for (std::uint16_t i = 0; i < 2; ++i) {
      rings_[i] = DriverRing(GetParam(), Bench::kRings + i * 0x4000u, kRing);
      rings_[i].Clear(host_);
      driver_.SetUpQueue(i, rings_[i], i);
    }
    driver_.Start();
  }

  static bool IsSplit() { return GetParam() == Format::kSplit; }

  void Give(std::uint16_t queue) {
    const DriverPiece piece{kBuffer + queue * kBufferSize, kBufferSize, queue == 0};
    rings_[queue].Add(host_, {&piece, 1});
    rings_[queue].Publish(host_);
  }
  // As Linux' virtqueue_kick_prepare: whether the device wants to hear of the buffer just given.
  bool MustKick(std::uint16_t queue) {
    Memory::OrderAll();
    const DriverRing& ring = rings_[queue];
    if (IsSplit()) {
      const std::uint16_t event =
          host_.Load(ring.device_area() + kRingEntries + kRing * sizeof(UsedElement));
      return NeedsEvent(event, ring.added(), static_cast<std::uint16_t>(ring.added() - 1));
    }
    const std::uint16_t flags = host_.Load(ring.device_area() + kEventFlags);
    Memory::OrderReads();
    const std::uint16_t place = host_.Load(ring.device_area() + kEventOffset);
    if (flags != kEventDescriptor) return flags == kEventEnable;
    auto event = static_cast<std::uint16_t>(place & 0x7fff);
    if ((place >> 15 != 0) != ring.wrap()) event = static_cast<std::uint16_t>(event - kRing);
    return NeedsEvent(event, ring.next(), static_cast<std::uint16_t>(ring.next() - 1));
  }
  // As Linux' virtqueue_enable_cb: asks for an interrupt when buffer `number` since the start comes
  // back; whether it has already.
  bool AskFor(std::uint16_t queue, std::uint32_t number) {
    DriverRing& ring = rings_[queue];
    const bool first_lap = number / kRing % 2 == 0;
    if (IsSplit()) {
      ring.SetUsedEvent(host_, static_cast<std::uint16_t>(number));
      Memory::OrderAll();
      return host_.Load(ring.device_area() + kRingIndex) == static_cast<std::uint16_t>(number + 1);
    }
    const std::uint32_t place = number % kRing;
    ring.SetUsedEvent(host_, static_cast<std::uint16_t>(place | (first_lap ? 1u << 15 : 0)));
    Memory::OrderAll();
    const std::uint16_t flags = host_.Load(ring.descriptors() + place * kDescriptorSize +
                                           offsetof(PackedDescriptor, flags));
    constexpr std::uint16_t kBoth = descriptor::kAvail | descriptor::kUsed;
    return (flags & kBoth) == (first_lap ? kBoth : 0);
  }
  ReceiveResult Receive() {
    const Bytes piece = frame_;
    return device_->Receive({{&piece, 1}, {}});
  }

  SharedHost host_;
  Driver driver_;
  std::unique_ptr<Device> device_;
  std::array<DriverRing, 2> rings_;
  ByteVector frame_ = MakeFrame(64);
};

INSTANTIATE_TEST_SUITE_P(Formats, ConcurrentDriverTest,
                         testing::Values(Format::kSplit, Format::kPacked), [](const auto& format) {
                           return format.param == Format::kSplit ? "Split" : "Packed";
                         });

TEST_P(ConcurrentDriverTest, ABufferGivenWhileAFrameFindsNoneIsSeenOrKicked) {
  bool kick = false;
  ReceiveResult result = ReceiveResult::kConsumed;
  std::uint32_t lost = 0;
  Rounds rounds([&] {
    Give(0);
    kick = MustKick(0);
  });
  bool more = true;
  while (more) {
    more = rounds.Together([&] { result = Receive(); });
    if (result != ReceiveResult::kKeep) continue;
    lost += kick ? 0 : 1;
    EXPECT_EQ(Receive(), ReceiveResult::kConsumed);
  }
  EXPECT_EQ(lost, 0u) << "of " << kRounds;
}

TEST_P(ConcurrentDriverTest, APacketGivenWhileTheDeviceStopsSendingIsSeenOrKicked) {
  bool kick = false;
  std::uint32_t lost = 0;
  Rounds rounds([&] {
    Give(1);
    kick = MustKick(1);
  });
  bool more = true;
  while (more) {
    Give(1);
    host_.sent = 0;
    more = rounds.Together([&] { driver_.Notify(1); });
    if (host_.sent == 2) continue;
    lost += kick ? 0 : 1;
    driver_.Notify(1);
    EXPECT_EQ(host_.sent, 2u);
  }
  EXPECT_EQ(lost, 0u) << "of " << kRounds;
}

TEST_P(ConcurrentDriverTest, ABufferGivenBackWhileTheDriverGoesToSleepIsSeenOrInterrupts) {
  std::uint32_t number = 0;
  bool seen = false;
  std::uint32_t lost = 0;
  Rounds rounds([&] { seen = AskFor(0, number); });
  bool more = true;
  for (; more; ++number) {
    Give(0);
    driver_.ReadIsr();
    more = rounds.Together([&] { EXPECT_EQ(Receive(), ReceiveResult::kConsumed); });
    if (!seen && host_.line == LineLevel::kLow) ++lost;
  }
  EXPECT_EQ(lost, 0u) << "of " << kRounds;
}

}  // namespace
}  // namespace nicreplay::virtio

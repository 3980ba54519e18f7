// SPDX-License-Identifier: MIT
// What goes into a backend comes out at its other end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/net/super_frame.h"
#include "replay/backends/capture.h"
#include "replay/backends/null.h"
#include "replay/backends/pcapng.h"
#include "replay/backends/unix_datagram.h"
#include "replay/trace_testing.h"

namespace nicreplay {
namespace {

using ByteVector = std::vector<std::uint8_t>;

// A frame in two pieces.
class TestFrame {
 public:
  explicit TestFrame(ByteVector bytes, const Offload& offload = {})
      : bytes_(std::move(bytes)),
        pieces_{Bytes(bytes_).first(20), Bytes(bytes_).subspan(20)},
        frame_{pieces_, offload} {}
  TestFrame(const TestFrame&) = delete;
  TestFrame& operator=(const TestFrame&) = delete;
  operator const Frame&() const { return frame_; }

 private:
  const ByteVector bytes_;
  const std::array<Bytes, 2> pieces_;
  const Frame frame_;
};

ByteVector Numbered(std::uint8_t number, std::size_t size = 60) { return ByteVector(size, number); }

ByteVector Contents(const Frame& frame) {
  ByteVector bytes;
  for (const Bytes& piece : frame.pieces) bytes.insert(bytes.end(), piece.begin(), piece.end());
  return bytes;
}

TEST(CaptureBackend, KeepsWhatItIsSent) {
  CaptureBackend backend;
  const SuperFrame super = MakeSuperFrame({.gso_size = 1000, .payload = 2500});
  ASSERT_TRUE(backend.Send(TestFrame(super.bytes, super.offload)));
  ASSERT_EQ(backend.frames().size(), 1u);
  EXPECT_EQ(backend.frames()[0].bytes, super.bytes);
  EXPECT_EQ(backend.frames()[0].offload, super.offload);
}

TEST(CaptureBackend, IsBounded) {
  CaptureBackend backend(kOffloadAll, 100);
  EXPECT_TRUE(backend.Send(TestFrame(Numbered(1))));
  const auto second = backend.Send(TestFrame(Numbered(2)));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kTooLarge);
}

TEST(Backend, CutsWhatItsOtherSideDoesNotTake) {
  CaptureBackend backend(0);
  const SuperFrame super = MakeSuperFrame({.gso_size = 1000, .payload = 2500});
  ASSERT_TRUE(backend.Send(TestFrame(super.bytes, super.offload)));
  std::vector<std::size_t> sizes;
  for (const auto& frame : backend.frames()) {
    sizes.push_back(frame.bytes.size());
    EXPECT_EQ(frame.offload, Offload{});
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{1066, 1066, 566}));
}

TEST(Backend, RefusesWhatIsNoFrame) {
  CaptureBackend backend(0);
  SuperFrame super = MakeSuperFrame({.gso_size = 1000, .payload = 2500});
  super.offload.gso_size = 0;
  const auto sent = backend.Send(TestFrame(super.bytes, super.offload));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::kCorrupt);
  const auto large = backend.Send(TestFrame(Numbered(1, Backend::kMaxFrame + 1)));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ErrorCode::kTooLarge);
}

TEST(NullBackend, GivesWhatItIsFedOverAndOver) {
  const TestFrame one(Numbered(1));
  const TestFrame two(Numbered(2));
  const Frame feed[] = {one, two};
  NullBackend backend;
  EXPECT_TRUE(backend.Receive(5)->empty());
  backend.Feed(feed, 3);
  ByteVector seen;
  for (int i = 0; i < 5; ++i) {
    const auto given = backend.Receive(5).value();
    for (const Frame& frame : given) seen.push_back(frame.pieces[0][0]);
  }
  EXPECT_EQ(seen, (ByteVector{1, 2, 1}));
}

class UnixDatagram : public ::testing::Test {
 protected:
  testing::TempFolder folder_;
  const std::string here_ = folder_ / "here";
  const std::string there_ = folder_ / "there";
};

TEST_F(UnixDatagram, RoundTrip) {
  auto here = UnixDatagramBackend::Create(here_, there_).value();
  auto there = UnixDatagramBackend::Create(there_, here_).value();
  EXPECT_TRUE(there->Receive(8)->empty());
  const ByteVector sent[] = {Numbered(1), Numbered(2, Backend::kMaxFrame), Numbered(3, 1514)};
  for (const ByteVector& bytes : sent) ASSERT_EQ(here->Send(TestFrame(bytes)), SendResult::kSent);
  const auto first = there->Receive(2).value();
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(Contents(first[0]), sent[0]);
  EXPECT_EQ(Contents(first[1]), sent[1]);
  const auto rest = there->Receive(64).value();
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(Contents(rest[0]), sent[2]);
}

TEST_F(UnixDatagram, ManyPiecesAreOneFrame) {
  auto here = UnixDatagramBackend::Create(here_, there_).value();
  auto there = UnixDatagramBackend::Create(there_, here_).value();
  const ByteVector bytes = Numbered(7, 3000);
  std::vector<Bytes> pieces;
  pieces.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) pieces.push_back(Bytes(bytes).subspan(i, 1));
  ASSERT_EQ(here->Send({pieces, {}}), SendResult::kSent);
  const auto arrived = there->Receive(1).value();
  ASSERT_EQ(arrived.size(), 1u);
  EXPECT_EQ(Contents(arrived[0]), bytes);
}

TEST_F(UnixDatagram, AFullPeerSaysSoAndAnAbsentOneLoses) {
  auto here = UnixDatagramBackend::Create(here_, there_).value();
  EXPECT_EQ(here->Send(TestFrame(Numbered(1))), SendResult::kSent);
  EXPECT_EQ(here->lost(), 1u);
  auto there = UnixDatagramBackend::Create(there_, here_).value();
  int sent = 0;
  while (sent < 100'000 && here->Send(TestFrame(Numbered(1))) == SendResult::kSent) ++sent;
  EXPECT_LT(sent, 100'000);
  EXPECT_FALSE(there->Receive(1)->empty());
  EXPECT_EQ(here->Send(TestFrame(Numbered(1))), SendResult::kSent);
}

TEST_F(UnixDatagram, LeavesNothingBehind) {
  {
    auto here = UnixDatagramBackend::Create(here_, there_).value();
    EXPECT_TRUE(std::filesystem::exists(here_));
    const auto again = UnixDatagramBackend::Create(here_, there_);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::kIo);
    EXPECT_TRUE(std::filesystem::exists(here_));
  }
  EXPECT_FALSE(std::filesystem::exists(here_));
  EXPECT_EQ(UnixDatagramBackend::Create(std::string(200, 'x'), there_).error().code,
            ErrorCode::kUsage);
}

TEST(PcapngBackend, WritesTheFormat) {
  const testing::TempFolder folder;
  const std::string path = folder / "frames.pcapng";
  Nanoseconds now = 0x1'0000'0002;
  auto backend = PcapngBackend::Create(path, [&] { return now; }).value();
  ASSERT_TRUE(backend->Send(TestFrame(Numbered(5, 61))));
  ASSERT_TRUE(backend->Received(TestFrame(Numbered(6, 60))));
  ASSERT_TRUE(backend->Finish());
  const ByteVector file = testing::FileBytes(path);
  ASSERT_EQ(file.size(), 28u + 32 + (28 + 64 + 16) + (28 + 60 + 16));
  const auto word = [&](std::size_t at) {
    std::uint32_t value = 0;
    std::memcpy(&value, &file[at], sizeof value);
    return value;
  };
  EXPECT_EQ(word(0), 0x0a0d0d0au);
  EXPECT_EQ(word(8), 0x1a2b3c4du);
  EXPECT_EQ(word(28), 1u);          // interface description
  EXPECT_EQ(word(60), 6u);          // enhanced packet
  EXPECT_EQ(word(64), 108u);        // its length, ...
  EXPECT_EQ(word(60 + 104), 108u);  // ... at both ends
  EXPECT_EQ(word(72), 1u);          // time, high and low
  EXPECT_EQ(word(76), 2u);
  EXPECT_EQ(word(80), 61u);
  EXPECT_EQ(file[88 + 60], 5);
  EXPECT_EQ(file[88 + 61], 0);          // padding
  EXPECT_EQ(word(60 + 108 - 12), 2u);   // outbound
  EXPECT_EQ(word(168 + 104 - 12), 1u);  // inbound
}

TEST(PcapngBackend, IsBoundedAndSaysWhereItCannotWrite) {
  const testing::TempFolder folder;
  auto backend = PcapngBackend::Create(
                     folder / "x", [] { return Nanoseconds{0}; }, 150)
                     .value();
  EXPECT_TRUE(backend->Send(TestFrame(Numbered(1))));
  EXPECT_EQ(backend->Send(TestFrame(Numbered(1))).error().code, ErrorCode::kTooLarge);
  const auto none = PcapngBackend::Create(folder / "no/such", [] { return Nanoseconds{0}; });
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace nicreplay

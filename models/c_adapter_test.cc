// SPDX-License-Identifier: MIT
#include "models/c_adapter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "models/c_frame.h"
#include "models/families.h"
#include "models/test_device.h"

namespace nicreplay {
namespace {

const ModelEntry kTiny = {"tiny",     "does one of everything", "fail=off  refuse to start",
                          CreateTiny, CreatePlainDescriber,     nullptr};

// TinyDevice, and TinyDevice through C and back, each on its own host.
class RoundTrip : public testing::Test {
 protected:
  void SetUp() override {
    auto imported = ImportModel(ExportModel(kTiny));
    ASSERT_TRUE(imported.has_value());
    entry_ = std::move(*imported);
    auto direct = kTiny.create(kTiny, {}, direct_host_);
    auto wrapped = entry_->create(*entry_, {}, wrapped_host_);
    ASSERT_TRUE(direct.has_value() && wrapped.has_value());
    direct_ = std::move(*direct);
    wrapped_ = std::move(*wrapped);
  }

  // Does the same to both; what they return and do must be the same.
  template <typename Operation>
  void Same(Operation operation) {
    EXPECT_EQ(operation(*direct_), operation(*wrapped_));
    EXPECT_EQ(direct_host_.log, wrapped_host_.log);
  }

  std::unique_ptr<ModelEntry> entry_;
  LogHost direct_host_, wrapped_host_;
  std::unique_ptr<Device> direct_, wrapped_;
};

TEST_F(RoundTrip, EntryAndInfo) {
  EXPECT_EQ(ExportModel(kTiny), ExportModel(kTiny));
  EXPECT_EQ(entry_->name, kTiny.name);
  EXPECT_EQ(entry_->summary, kTiny.summary);
  EXPECT_EQ(entry_->options, kTiny.options);
  const DeviceInfo& from = direct_->info();
  const DeviceInfo& to = wrapped_->info();
  EXPECT_EQ(to.vendor_id, from.vendor_id);
  EXPECT_EQ(to.device_id, from.device_id);
  EXPECT_EQ(to.revision, from.revision);
  EXPECT_EQ(to.class_code, from.class_code);
  for (std::size_t i = 0; i < std::size(from.bars); ++i) {
    EXPECT_EQ(to.bars[i].kind, from.bars[i].kind) << i;
    EXPECT_EQ(to.bars[i].size, from.bars[i].size) << i;
  }
  ASSERT_EQ(to.timers.size(), 2u);
  EXPECT_EQ(to.timers[0], "first");
  EXPECT_EQ(to.timers[1], "second");
}

TEST_F(RoundTrip, Registers) {
  Same([](Device& device) { return device.Read({2, 4, 8}); });
  Same([](Device& device) { return device.Write({2, 4, 8}, 0x123456789abcdef1), 0; });
  Same([](Device& device) { return device.Read({0, 8, 16}); });
  EXPECT_EQ(direct_host_.log.size(), 5u);
}

TEST_F(RoundTrip, Config) {
  Same([](Device& device) { return device.ConfigRead(0xfc, 4); });
  Same([](Device& device) { return device.ConfigWrite(0x10, 2, 0xfffffff0), 0; });
  Same([](Device& device) { return device.ConfigRead(0x00, 1); });
}

TEST_F(RoundTrip, WorkAndPolls) {
  Same([](Device& device) { return device.ReceiveOffloads(); });
  Same([](Device& device) { return device.Work(), 0; });
  Same([](Device& device) { return device.Poll(), 0; });
  EXPECT_EQ(direct_host_.log.size(), 4u);
}

TEST_F(RoundTrip, ShadowPages) {
  for (Device* device : {direct_.get(), wrapped_.get()}) {
    ShadowPages* shadow = device->shadow();
    ASSERT_NE(shadow, nullptr);
    ASSERT_EQ(shadow->pages().size(), 1u);
    EXPECT_FALSE(shadow->active());
    EXPECT_EQ(shadow->Find(0x2ffc), nullptr);
    EXPECT_EQ(shadow->Find(0x3ffc), &shadow->pages()[0].words[1023]);
    EXPECT_EQ(shadow->Find(0x4000), nullptr);
  }
}

TEST_F(RoundTrip, Bursts) {
  const std::uint8_t byte = 7;
  const Bytes piece(&byte, 1);
  const std::vector<Frame> frames(70, Frame{{&piece, 1}, {}});
  for (std::uint32_t value = 0; value < 3; ++value) {
    Same([&](Device& device) {
      std::vector<ReceiveResult> results(frames.size());
      const std::size_t offered = device.ReceiveBurst(frames, results);
      results.resize(offered);
      return results;
    });
    Same([](Device& device) { return device.Write({0, 4, 0}, 1), 0; });
  }
  const auto received =
      std::count_if(direct_host_.log.begin(), direct_host_.log.end(),
                    [](const std::string& line) { return line.starts_with("transmit"); });
  EXPECT_EQ(received, 70 + 1 + 70);
}

TEST_F(RoundTrip, FramesOfAnyShape) {
  const std::uint8_t bytes[] = {1, 2, 3, 4, 5};
  for (std::uint32_t value = 0; value < 6; ++value) {
    Same([](Device& device) { return device.CanReceive(); });
    const Bytes pieces[] = {Bytes(bytes).first(value % 3), Bytes(), Bytes(bytes).last(3)};
    const Frame frame{std::span(pieces).first(value % 4), {1, 4, 54, 1448, 34, 16}};
    Same([&](Device& device) { return static_cast<int>(device.Receive(frame)); });
    Same([](Device& device) { return device.ConfigWrite(0, 0, 1), 0; });
  }
  EXPECT_EQ(direct_host_.log.size(), 6u);
}

TEST_F(RoundTrip, LinkTimerReset) {
  Same([](Device& device) { return device.SetLink(LinkState::kUp), 0; });
  Same([](Device& device) { return device.SetLink(LinkState::kDown), 0; });
  Same([](Device& device) { return device.Timer(1), 0; });
  Same([](Device& device) { return device.ConfigWrite(0, 0, 5), 0; });
  Same([](Device& device) { return device.Reset(), 0; });
  Same([](Device& device) { return device.Read({0, 4, 0}); });
  EXPECT_EQ(direct_host_.log.size(), 3u);
}

TEST_F(RoundTrip, ReceiveInsideFlush) {
  direct_host_.flushed = direct_.get();
  wrapped_host_.flushed = wrapped_.get();
  Same([](Device& device) { return device.Write({0, 4, 0}, 1), 0; });
  EXPECT_EQ(wrapped_host_.log.back(), "queued 1");
}

TEST_F(RoundTrip, State) {
  Same([](Device& device) { return device.ConfigWrite(0, 0, 0x54321), 0; });
  Same([](Device& device) {
    std::vector<std::uint8_t> state(device.StateSize());
    device.Save(state);
    return state;
  });
  Same([](Device& device) {
    const std::uint8_t state[] = {7, 0, 0};
    return device.Load(state);
  });
  Same([](Device& device) { return device.Read({0, 4, 0}); });
  Same([](Device& device) { return device.Load({}); });
}

TEST_F(RoundTrip, ErrorsOfCreate) {
  for (const char* text : {"fail=on", "strange=1"}) {
    const auto options = Options::Parse(text);
    const auto device = entry_->create(*entry_, *options, wrapped_host_);
    ASSERT_FALSE(device.has_value()) << text;
    EXPECT_EQ(device.error().code, ErrorCode::kUsage);
    EXPECT_NE(device.error().message.find(text[0] == 'f' ? "xxx" : "strange"), std::string::npos);
    EXPECT_LT(device.error().message.size(), 600u);
  }
}

nr_device* CreateExported(const char* options, char* error, std::size_t size) {
  static constexpr nr_host_ops kOps = {};
  const nr_model* model = ExportModel(kTiny);
  return model->create(model, options, &kOps, nullptr, error, size);
}

TEST(ExportModel, ErrorFitsTheBuffer) {
  char error[8];
  std::memset(error, 'e', sizeof error);
  EXPECT_EQ(CreateExported("fail=on", error, 4), nullptr);
  EXPECT_STREQ(error, "xxx");
  EXPECT_EQ(error[4], 'e');
  EXPECT_EQ(CreateExported("fail=on", error, 0), nullptr);
  EXPECT_EQ(CreateExported("fail", nullptr, 10), nullptr);
  EXPECT_EQ(CreateExported("a,b", error, sizeof error), nullptr);
  EXPECT_EQ(std::string(error).size(), sizeof error - 1);
}

TEST(ExportModel, NoOptionsAreNone) {
  nr_device* device = CreateExported(nullptr, nullptr, 0);
  ASSERT_NE(device, nullptr);
  ExportModel(kTiny)->destroy(device);
}

TEST(ImportModel, RefusesIncompleteTables) {
  EXPECT_FALSE(ImportModel(nullptr).has_value());
  nr_model model = *ExportModel(kTiny);
  ASSERT_TRUE(ImportModel(&model).has_value());
  model.name = "";
  EXPECT_FALSE(ImportModel(&model).has_value());
  model = *ExportModel(kTiny);
  model.save = nullptr;
  const auto lacking = ImportModel(&model);
  ASSERT_FALSE(lacking.has_value());
  EXPECT_EQ(lacking.error().code, ErrorCode::kCorrupt);
  model = *ExportModel(kTiny);
  model.summary = model.options = nullptr;
  EXPECT_TRUE(ImportModel(&model).has_value());
}

TEST(CFrame, UnknownResultIsALoss) {
  EXPECT_EQ(FromC(static_cast<nr_receive_result>(3)), ReceiveResult::kDropped);
}

class CFramePieces : public testing::TestWithParam<std::size_t> {};

// Up to 64 pieces stay where they are; of more, the tail is one copy.
TEST_P(CFramePieces, BothWaysKeepTheBytes) {
  std::vector<std::uint8_t> bytes(GetParam());
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i);
  std::vector<Bytes> pieces;
  for (const auto& byte : bytes) pieces.emplace_back(&byte, 1);
  const FrameToC c({pieces, {}});
  EXPECT_EQ(c.get()->piece_count, std::min<std::size_t>(bytes.size(), 64));
  const FrameFromC back(*c.get());
  std::vector<std::uint8_t> joined;
  for (std::size_t i = 0; i < back.get().pieces.size(); ++i) {
    const Bytes piece = back.get().pieces[i];
    joined.insert(joined.end(), piece.begin(), piece.end());
    if (bytes.size() <= 64 || i < 63) {
      EXPECT_EQ(piece.data(), &bytes[i]);
    }
  }
  EXPECT_EQ(joined, bytes);

  std::vector<nr_bytes> c_pieces;
  for (const auto& byte : bytes) c_pieces.push_back({&byte, 1});
  const FrameFromC many({c_pieces.data(), c_pieces.size(), {}});
  EXPECT_EQ(many.get().size(), bytes.size());
  EXPECT_LE(many.get().pieces.size(), 64u);
}

INSTANTIATE_TEST_SUITE_P(Counts, CFramePieces, testing::Values(0, 1, 63, 64, 65, 200));

}  // namespace
}  // namespace nicreplay

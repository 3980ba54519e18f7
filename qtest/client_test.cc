// SPDX-License-Identifier: MIT
// The client against servers that misbehave.
#include "qtest/client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <thread>

#include "qtest/pci.h"
#include "qtest/process.h"
#include "qtest/qmp.h"

namespace nicreplay {
namespace {

using namespace std::chrono_literals;

// The other end of the client's socket, run by a thread.
class Server {
 public:
  explicit Server(UniqueFd fd) : fd_(std::move(fd)) {}

  // One line from the client; empty: it hung up.
  std::string Receive() {
    for (;;) {
      if (const std::size_t end = in_.find('\n'); end != std::string::npos) {
        std::string line = in_.substr(0, end);
        in_.erase(0, end + 1);
        return line;
      }
      char buffer[4096];
      const ssize_t size = read(fd_.get(), buffer, sizeof(buffer));
      if (size <= 0) return {};
      in_.append(buffer, static_cast<std::size_t>(size));
    }
  }
  // False: the client hung up.
  bool Send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t size = send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (size <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(size));
    }
    return true;
  }
  void Close() { fd_.Close(); }

 private:
  UniqueFd fd_;
  std::string in_;
};

class ClientTest : public testing::Test {
 protected:
  void Serve(std::function<void(Server&)> script, std::chrono::milliseconds patience = 60s,
             std::size_t max_line = LineChannel::kMaxLine) {
    auto pair = CreateSocketPair();
    ASSERT_TRUE(pair);
    channels_ = std::make_unique<ChannelSet>(patience);
    client_ = std::make_unique<QtestClient>(std::move(pair->first), *channels_, max_line);
    thread_ = std::thread([script = std::move(script), fd = std::move(pair->second)]() mutable {
      Server server(std::move(fd));
      script(server);
    });
  }
  void TearDown() override {
    client_.reset();
    if (thread_.joinable()) thread_.join();
  }
  // The message of the error with which the exchange fails.
  std::string Failure() {
    auto done = client_->Exchange();
    EXPECT_FALSE(done);
    if (done) return {};
    EXPECT_EQ(done.error().code, ErrorCode::kPeer);
    return done.error().message;
  }

  std::unique_ptr<ChannelSet> channels_;
  std::unique_ptr<QtestClient> client_;
  std::thread thread_;
};

TEST_F(ClientTest, RepliesComeInOrderWithTheLineThatTheyLeave) {
  Serve([](Server& server) {
    EXPECT_EQ(server.Receive(), "writel 0x10 0x1");
    EXPECT_EQ(server.Receive(), "readl 0x10");
    server.Send("IRQ raise 11\nOK\nIRQ lower 11\nIRQ raise 3\nOK 0x0000000000000001\nIRQ rai");
    server.Send("se 11\n");
    EXPECT_EQ(server.Receive(), "endianness");
    server.Send("OK little\n");
  });
  client_->WatchInterrupt(11);
  const std::size_t write = client_->Post(QtestCommand::Write(4, 0x10, 1));
  const std::size_t read = client_->Post(QtestCommand::Read(4, 0x10));
  ASSERT_TRUE(client_->Exchange());
  EXPECT_EQ(client_->line(write), LineLevel::kHigh);
  EXPECT_EQ(client_->line(read), LineLevel::kLow);
  EXPECT_EQ(client_->Hex(read).value(), 1u);
  EXPECT_EQ(client_->reply(write), "");
  const std::size_t last = client_->Post({});
  ASSERT_TRUE(client_->Exchange());
  EXPECT_EQ(client_->line(last), LineLevel::kHigh);
  EXPECT_EQ(client_->reply(last), "little");
}

// More than both sockets hold, in both directions at once.
TEST_F(ClientTest, ManyCommandsAndLongRepliesDoNotBlockEachOther) {
  constexpr int kCommands = 20'000;
  Serve([](Server& server) {
    const std::string reply = "OK 0x" + std::string(200, '0') + "\n";
    for (int i = 0; i < kCommands; ++i) {
      if (server.Receive().empty()) return;
      server.Send(reply);
    }
  });
  const std::vector<std::uint8_t> bytes(100);
  for (int i = 0; i < kCommands; ++i) client_->Post(QtestCommand::WriteMemory(0, bytes));
  ASSERT_TRUE(client_->Exchange());
  EXPECT_EQ(client_->Hex(kCommands - 1).value(), 0u);
}

TEST_F(ClientTest, AServerThatHangsUpIsAnError) {
  Serve([](Server& server) { server.Receive(); });
  client_->Post(QtestCommand::Write(4, 0x10, 1));
  EXPECT_EQ(Failure(), "it hung up at \"writel 0x10 0x1\"");
}

TEST_F(ClientTest, RepliesBeforeTheEndStillCount) {
  Serve([](Server& server) {
    server.Receive();
    server.Send("OK\nOK\n");
  });
  client_->Post({});
  client_->Post({});
  EXPECT_TRUE(client_->Exchange());
  client_->Post({});
  EXPECT_EQ(Failure(), "it hung up at \"endianness\"");
}

TEST_F(ClientTest, AServerThatHangsIsAnErrorInTheEnd) {
  Serve(
      [](Server& server) {
        server.Receive();
        server.Send("OK\n");
        server.Receive();
        EXPECT_EQ(server.Receive(), "") << "the client has gone";
      },
      50ms);
  client_->Post({});
  client_->Post(QtestCommand::Read(4, 0x20));
  EXPECT_EQ(Failure(), "no answer for 0.05 s at \"readl 0x20\"");
}

TEST_F(ClientTest, InterruptsWithoutEndAreNoAnswer) {
  Serve(
      [](Server& server) {
        while (server.Send("IRQ raise 1\nIRQ lower 1\n")) {
        }
      },
      50ms);
  client_->Post({});
  EXPECT_EQ(Failure(), "no answer for 0.05 s at \"endianness\"");
}

TEST_F(ClientTest, ALineWithoutEndIsAnError) {
  Serve([](Server& server) { server.Send("OK 0x" + std::string(5000, '0')); }, 60s, 4096);
  client_->Post({});
  EXPECT_EQ(Failure(), "a line without end");
}

TEST_F(ClientTest, NonsenseIsAnErrorThatQuotesIt) {
  Serve([](Server& server) { server.Send("220 ready\n"); });
  client_->Post({});
  EXPECT_EQ(Failure(), "the answer \"220 ready\" is not qtest's");
}

TEST_F(ClientTest, ARefusedCommandIsNamed) {
  Serve([](Server& server) { server.Send("OK\nFAIL Unknown device\n"); });
  client_->Post({});
  client_->Post(QtestCommand::InterceptIn("nowhere"));
  EXPECT_EQ(Failure(), "it refused with \"Unknown device\" at \"irq_intercept_in nowhere\"");
}

TEST_F(ClientTest, AnAnswerTooManyIsAnError) {
  Serve([](Server& server) { server.Send("OK\nOK\n"); });
  client_->Post({});
  EXPECT_EQ(Failure(), "an answer to no question");
}

TEST_F(ClientTest, FindsTheNicAmongOtherFunctions) {
  Serve([](Server& server) {
    std::string line;
    for (std::uint32_t selector = 0; !(line = server.Receive()).empty();) {
      const QtestCommand command = ParseQtestCommand(line).value();
      if (command.kind == QtestCommand::Kind::kOut) {
        EXPECT_EQ(command.address, kPciConfigAddress);
        selector = static_cast<std::uint32_t>(command.value);
        server.Send("OK\n");
        continue;
      }
      const PciSelection selected = SelectedBy(selector).value();
      const bool id = selected.offset == 0;
      if (selected.address.device == 1) {
        server.Send(id ? "OK 0x70008086\n" : "OK 0x6010000\n");
      } else if (selected.address.device == 7) {
        server.Send(id ? "OK 0x100e8086\n" : "OK 0x2000003\n");
      } else {
        server.Send("OK 0xffffffff\n");
      }
    }
  });
  auto nic = FindNic(*client_);
  ASSERT_TRUE(nic) << nic.error().ToString();
  EXPECT_EQ(nic->address.device, 7);
  EXPECT_EQ(nic->vendor_id, 0x8086);
  EXPECT_EQ(nic->device_id, 0x100e);
}

TEST_F(ClientTest, AMachineWithoutANicIsAnError) {
  Serve([](Server& server) {
    for (std::string line; !(line = server.Receive()).empty();) {
      server.Send(line.starts_with("in") ? "OK 0xffffffff\n" : "OK\n");
    }
  });
  auto nic = FindNic(*client_);
  ASSERT_FALSE(nic);
  EXPECT_EQ(nic.error().code, ErrorCode::kPeer);
}

TEST(PciBarsTest, OnlyWhatTheCommandRegisterEnablesIsThere) {
  using Kind = PciBars::Bar::Kind;
  const std::array<std::uint32_t, 6> bars = {0xfebc0000, 0xc001, 0, 1, 0, 0};
  EXPECT_EQ(PciBars::Decode(3, bars).bar[0].kind, Kind::kMemory);
  EXPECT_EQ(PciBars::Decode(3, bars).bar[1].kind, Kind::kIo);
  EXPECT_EQ(PciBars::Decode(3, bars).bar[1].base, 0xc000u);
  EXPECT_EQ(PciBars::Decode(3, bars).bar[2].kind, Kind::kAbsent) << "at address 0";
  EXPECT_EQ(PciBars::Decode(3, bars).bar[3].kind, Kind::kAbsent);
  EXPECT_EQ(PciBars::Decode(1, bars).bar[0].kind, Kind::kAbsent);
  EXPECT_EQ(PciBars::Decode(2, bars).bar[1].kind, Kind::kAbsent);
}

class QmpTest : public testing::Test {
 protected:
  Result<std::string> Start(std::string_view text) {
    client_.reset();
    channels_ = ChannelSet(50ms);  // which knew the channel of the client before
    auto pair = CreateSocketPair();
    server_ = std::make_unique<Server>(std::move(pair->second));
    client_ = std::make_unique<QmpClient>(std::move(pair->first), channels_);
    server_->Send(text);
    return client_->Start();
  }

  ChannelSet channels_{50ms};
  std::unique_ptr<Server> server_;
  std::unique_ptr<QmpClient> client_;
};

constexpr const char* kGreeting =
    R"({"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}}}})"
    "\n{\"return\": {}}\n";

TEST_F(QmpTest, CommandsAndTheirEvents) {
  auto version =
      Start(std::string(kGreeting) +
            "{\"event\": \"OTHER\"}\n{\"return\": {\"x\": 1}}\n"
            "{\"event\": \"RESET\"}\n{\"return\": {}}\n{\"error\": {\"desc\": \"no\"}}\n");
  ASSERT_TRUE(version) << version.error().ToString();
  EXPECT_EQ(*version, "7.2.22");
  auto answer = client_->Execute("query", nlohmann::json::object());
  ASSERT_TRUE(answer);
  EXPECT_EQ((*answer)["x"], 1);
  EXPECT_TRUE(client_->ExecuteUntil("system_reset", "RESET"));
  EXPECT_FALSE(client_->Execute("set_link", nlohmann::json::object()));
}

TEST_F(QmpTest, MisbehaviourIsATypedError) {
  for (const char* text : {"", "nonsense\n", "[1]\n", "{}\n", "{\"QMP\": 1}\n",
                           "{\"QMP\": {\"version\": {\"qemu\": {\"major\": \"x\"}}}}\n",
                           "{\"QMP\": {\"version\": {\"qemu\": 7}}}\n"}) {
    auto version = Start(text);
    ASSERT_FALSE(version) << text;
    EXPECT_EQ(version.error().code, ErrorCode::kPeer);
  }
}

TEST_F(QmpTest, AMonitorThatHangsUpIsAnError) {
  ASSERT_TRUE(Start(kGreeting));
  server_->Close();
  auto answer = client_->Execute("query", nlohmann::json::object());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "the monitor hung up at query");
}

class FrameTest : public testing::Test {
 protected:
  void SetUp() override {
    auto pair = CreateSocketPair();
    server_ = std::make_unique<Server>(std::move(pair->second));
    frames_ = std::make_unique<FrameChannel>(std::move(pair->first));
    channels_.Add(frames_.get());
  }
  Status Wait() {
    auto waited = channels_.Wait(std::chrono::steady_clock::now());
    if (!waited) return tl::make_unexpected(waited.error());
    return Ok();
  }

  ChannelSet channels_{50ms};
  std::unique_ptr<Server> server_;
  std::unique_ptr<FrameChannel> frames_;
};

TEST_F(FrameTest, FramesComeInPiecesAndGoWhole) {
  server_->Send(
      {"\0\0\0\x02"
       "ab"
       "\0\0",
       8});
  ASSERT_TRUE(Wait());
  EXPECT_EQ(frames_->Take().size(), 1u);
  server_->Send(
      {"\0\x01"
       "c",
       3});
  ASSERT_TRUE(Wait());
  const auto frames = frames_->Take();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0], std::vector<std::uint8_t>{'c'});
  const std::uint8_t frame[] = {'x', '\n'};
  frames_->SendFrame(frame);
  frames_->Flush();
  EXPECT_EQ(server_->Receive(), std::string("\0\0\0\x02x", 5));
}

TEST_F(FrameTest, ABoundlessFrameIsAnError) {
  server_->Send({"\x7f\0\0\0", 4});
  auto waited = Wait();
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().code, ErrorCode::kPeer);
}

TEST(ChildProcessTest, AProgramThatIsNotThereIsAnError) {
  auto child = ChildProcess::Start({"/no/such/program"}, {});
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().code, ErrorCode::kIo);
  EXPECT_NE(child.error().message.find("No such file"), std::string::npos);
}

TEST(ChildProcessTest, TellsHowItEndedAndWhatItSaid) {
  auto child = ChildProcess::Start({"/bin/sh", "-c", "echo out; echo err >&2; exit 3"}, {});
  ASSERT_TRUE(child);
  EXPECT_EQ((*child)->Ending(60s), "exited with status 3");
  ChannelSet channels(60s);
  channels.Add(&(*child)->diagnostics());
  while (!(*child)->diagnostics().closed()) {
    ASSERT_TRUE(channels.Wait(std::chrono::steady_clock::now() + 60s));
  }
  EXPECT_EQ((*child)->diagnostics().tail(), "out\nerr\n");
  auto killed = ChildProcess::Start({"/bin/sh", "-c", "kill -ABRT $$"}, {});
  ASSERT_TRUE(killed);
  EXPECT_EQ((*killed)->Ending(60s), "was killed by signal 6 (Aborted)");
}

TEST(ChildProcessTest, OnlyWhatIsPassedIsOpenThere) {
  auto pair = CreateSocketPair();
  const int passed[] = {pair->second.get()};
  auto child =
      ChildProcess::Start({"/bin/sh", "-c", "ls /proc/self/fd | tr '\\n' ' ' >&3"}, passed);
  ASSERT_TRUE(child);
  pair->second.Close();
  std::string text;
  char c;
  while (read(pair->first.get(), &c, 1) == 1) text.push_back(c);
  EXPECT_EQ(text, "0 1 2 3 4 ") << "4 is ls's own";
}

// The tail of what a process says is kept, not all of it.
TEST(ChildProcessTest, KeepsTheLastWords) {
  auto child = ChildProcess::Start({"/bin/sh", "-c", "seq 1 100000; echo end"}, {});
  ASSERT_TRUE(child);
  ChannelSet channels(60s);
  TailChannel& said = (*child)->diagnostics();
  channels.Add(&said);
  while (!said.closed()) ASSERT_TRUE(channels.Wait(std::chrono::steady_clock::now() + 60s));
  EXPECT_EQ(said.tail().size(), TailChannel::kKept);
  EXPECT_EQ(said.tail().substr(said.tail().size() - 11), "100000\nend\n");
}

TEST(ChildProcessTest, DiesWithItsObject) {
  pid_t pid;
  {
    auto child = ChildProcess::Start({"/bin/sleep", "1000"}, {});
    ASSERT_TRUE(child);
    EXPECT_EQ((*child)->Ending(0s), std::nullopt);
    pid = (*child)->pid();
  }
  EXPECT_EQ(kill(pid, 0), -1);
}

}  // namespace
}  // namespace nicreplay

// SPDX-License-Identifier: MIT
// The device nicreplay in the QEMU that ci/qemu builds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace nicreplay {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kQemu = NICREPLAY_SOURCE_DIR "/build/qemu/build/qemu-system-x86_64";
const std::string kLibrary = NICREPLAY_BINARY_DIR "/qemu-e1000.so";
constexpr int kReplyMilliseconds = 60'000;  // a bound, not an expectation
constexpr unsigned kSlot = 3;

// A QEMU under qtest: machine pc without anything, the device at 00:03.0.
class Qemu {
 public:
  // With a network, it lives in a namespace of its own.
  explicit Qemu(const std::string& device, const std::string& netdev = "") {
    std::array<int, 2> to{};
    std::array<int, 2> from{};
    std::array<int, 2> monitor{};
    if (pipe(to.data()) != 0 || pipe(from.data()) != 0 ||
        socketpair(AF_UNIX, SOCK_STREAM, 0, monitor.data()) != 0) {
      std::abort();
    }
    pid_ = fork();
    if (pid_ == 0) {
      if (!netdev.empty() && !EnterNetwork()) _exit(127);
      dup2(to[0], STDIN_FILENO);
      dup2(from[1], STDOUT_FILENO);
      dup2(from[1], STDERR_FILENO);
      for (const int fd : {to[0], to[1], from[0], from[1], monitor[0]}) close(fd);
      const std::string chardev = "socket,id=monitor,fd=" + std::to_string(monitor[1]);
      std::vector<const char*> arguments = {
          kQemu.c_str(), "-nodefaults",   "-machine",   "pc",
          "-display",    "none",          "-accel",     "qtest",
          "-qtest",      "stdio",         "-qtest-log", "none",
          "-chardev",    chardev.c_str(), "-mon",       "chardev=monitor,mode=control"};
      if (!netdev.empty()) arguments.insert(arguments.end(), {"-netdev", netdev.c_str()});
      arguments.insert(arguments.end(), {"-device", device.c_str(), nullptr});
      execv(kQemu.c_str(), const_cast<char**>(arguments.data()));
      _exit(127);
    }
    close(to[0]);
    close(from[1]);
    close(monitor[1]);
    to_ = to[1];
    from_ = from[0];
    monitor_ = monitor[0];
  }
  Qemu(const Qemu&) = delete;
  Qemu& operator=(const Qemu&) = delete;
  ~Qemu() {
    Terminate();
    close(to_);
    close(from_);
    close(monitor_);
  }

  static bool EnterNetwork() {
    return unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
  }

  // The reply to a qtest command, without "OK".
  std::string Ask(const std::string& command) {
    const std::string line = command + "\n";
    if (write(to_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) return "";
    for (;;) {
      const std::string reply = ReadLine(from_);
      if (reply.rfind("OK", 0) == 0) return reply.size() > 3 ? reply.substr(3) : "";
      if (reply.empty()) return "";
      said_ += reply + "\n";
    }
  }

  // The answer of the monitor; the first command is qmp_capabilities.
  std::string Execute(const std::string& command, const std::string& arguments = "{}") {
    const std::string line =
        R"({"execute": ")" + command + R"(", "arguments": )" + arguments + "}\n";
    if (write(monitor_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) return "";
    for (std::string answer = ReadLine(monitor_); !answer.empty(); answer = ReadLine(monitor_)) {
      if (answer.find("\"return\"") != std::string::npos) return answer;
    }
    return "";
  }

  std::uint32_t ConfigRead(unsigned offset) {
    Ask("outl 0xcf8 " + std::to_string(0x80000000u | kSlot << 11 | offset));
    return static_cast<std::uint32_t>(std::strtoul(Ask("inl 0xcfc").c_str(), nullptr, 16));
  }

  void ConfigWrite(unsigned offset, std::uint32_t value) {
    Ask("outl 0xcf8 " + std::to_string(0x80000000u | kSlot << 11 | offset));
    Ask("outl 0xcfc " + std::to_string(value));
  }

  // Everything that it said beside replies.
  std::string Terminate() {
    if (pid_ > 0) kill(pid_, SIGTERM);
    return Wait();
  }

  std::string Wait() {
    if (pid_ <= 0) return said_;
    for (std::string line = ReadLine(from_); !line.empty(); line = ReadLine(from_))
      said_ += line + "\n";
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
    return said_;
  }

 private:
  static std::string ReadLine(int from) {
    std::string line;
    char c = 0;
    pollfd descriptor = {from, POLLIN, 0};
    while (poll(&descriptor, 1, kReplyMilliseconds) == 1 && read(from, &c, 1) == 1 && c != '\n') {
      line += c;
    }
    return line;
  }

  pid_t pid_ = -1;
  std::string said_;
  int to_ = -1;
  int from_ = -1;
  int monitor_ = -1;
};

class Overlay : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kQemu)) {
      GTEST_SKIP() << "no patched QEMU at " << kQemu << "; ci/qemu builds it";
    }
  }

  static std::string Complaint(const std::string& device) { return Qemu(device).Wait(); }
};

TEST_F(Overlay, SaysWhatIsMissing) {
  EXPECT_THAT(Complaint("nicreplay,addr=3,library="), HasSubstr("set library=PATH"));
  EXPECT_THAT(Complaint("nicreplay,addr=3,library=/nowhere.so"), HasSubstr("/nowhere.so"));
  const std::string with_library = "nicreplay,addr=3,library=" + kLibrary;
  EXPECT_THAT(Complaint(with_library), HasSubstr("set model= to one of: qemu-e1000"));
  EXPECT_THAT(Complaint(with_library + ",model=rtl8139"), HasSubstr("no model rtl8139"));
  EXPECT_THAT(Complaint(with_library + ",model=qemu-e1000,options=fast=on"), HasSubstr("'fast'"));
  EXPECT_THAT(Complaint(with_library + ",model=qemu-e1000,record=a,,b"), HasSubstr("comma"));
  EXPECT_THAT(Complaint(with_library + ",model=qemu-e1000,opt=a,,b"), HasSubstr("comma"));
  EXPECT_THAT(Complaint(with_library + ",model=qemu-e1000,worker=on"),
              HasSubstr("worker=on needs a netdev of type tap"));
}

std::vector<std::uint32_t> ConfigSpace(Qemu* qemu) {
  std::vector<std::uint32_t> words;
  for (unsigned offset = 0; offset < 256; offset += 4) words.push_back(qemu->ConfigRead(offset));
  return words;
}

// The same driver steps on both: reset state, sizing of BARs and ROM, every command bit.
TEST_F(Overlay, ConfigurationSpaceIsThatOfTheE1000) {
  const std::string rest = ",addr=3,mac=52:54:00:12:34:56";
  Qemu hosted("nicreplay,library=" + kLibrary + ",model=qemu-e1000,romfile=efi-e1000.rom" + rest);
  Qemu stock("e1000" + rest);
  EXPECT_EQ(stock.ConfigRead(0), 0x100e8086u);
  EXPECT_EQ(ConfigSpace(&hosted), ConfigSpace(&stock));
  for (Qemu* qemu : {&hosted, &stock}) {
    for (const unsigned offset : {0x04u, 0x10u, 0x14u, 0x18u, 0x30u, 0x3cu}) {
      qemu->ConfigWrite(offset, ~0u);
    }
  }
  EXPECT_EQ(ConfigSpace(&hosted), ConfigSpace(&stock));
  EXPECT_THAT(hosted.Terminate(), Not(HasSubstr("configuration space"))) << "the model disagreed";
}

TEST_F(Overlay, RegistersWorkThroughTheBar) {
  Qemu qemu("nicreplay,addr=3,library=" + kLibrary + ",model=qemu-e1000");
  qemu.ConfigWrite(0x10, 0xfe000000);
  qemu.ConfigWrite(0x04, 6);
  EXPECT_EQ(qemu.Ask("readl 0xfe000008"), "0x0000000080080783");
  EXPECT_EQ(qemu.Ask("readb 0xfe000009"), "0x0000000000000083") << "as e1000.c answers";
  qemu.Ask("writeq 0xfe005400 0x8877665544332211");
  EXPECT_EQ(qemu.Ask("readq 0xfe005400"), "0x8877665544332211");
}

class OverlayRecording : public Overlay {
 protected:
  void SetUp() override {
    Overlay::SetUp();
    if (!std::filesystem::exists(library_)) {
      GTEST_SKIP() << "no " << library_ << "; build the target nicreplay_shared";
    }
    std::filesystem::remove(trace_);
  }
  ~OverlayRecording() override { std::filesystem::remove(trace_); }

  std::string Device() const {
    return "nicreplay,addr=3,library=" + library_ + ",model=e1000-stock,record=" + trace_;
  }

  const std::string library_ = NICREPLAY_BINARY_DIR "/libnicreplay.so";
  const std::string trace_ =
      testing::TempDir() + "overlay_test_" + std::to_string(getpid()) + ".nrt";
};

TEST_F(OverlayRecording, ShadowedRegistersNeedAPoller) {
  EXPECT_THAT(Complaint("nicreplay,addr=3,library=" + library_ + ",model=e1000-opt,opt=sidecore"),
              HasSubstr("set worker=on"));
}

TEST_F(OverlayRecording, IsCompleteWhenQemuEnds) {
  Qemu qemu(Device());
  EXPECT_EQ(qemu.ConfigRead(0), 0x100e8086u);
  EXPECT_FALSE(std::filesystem::exists(trace_));
  qemu.Terminate();
  EXPECT_TRUE(std::filesystem::exists(trace_));
}

// The slot's bit in the machine's ACPI eject register, on bus 0 (docs/specs/acpi_pci_hotplug).
TEST_F(OverlayRecording, IsCompleteWhenTheDeviceIsUnplugged) {
  Qemu qemu(Device());
  EXPECT_EQ(qemu.ConfigRead(0), 0x100e8086u);
  qemu.Ask("outl 0xae10 0");
  qemu.Ask("outl 0xae08 " + std::to_string(1u << kSlot));
  EXPECT_EQ(qemu.ConfigRead(0), 0xffffffffu);
  EXPECT_TRUE(std::filesystem::exists(trace_));
}

// A device whose registers a worker polls, on a TAP.
class OverlayWorker : public OverlayRecording {
 protected:
  void SetUp() override {
    OverlayRecording::SetUp();
    const pid_t child = fork();
    if (child == 0) _exit(Qemu::EnterNetwork() && access("/dev/net/tun", R_OK | W_OK) == 0 ? 0 : 1);
    int status = 0;
    waitpid(child, &status, 0);
    if (status != 0) GTEST_SKIP() << "no TAP devices here";
  }
};

// The worker would look again in 10 s: what counts is the look of a machine that stops.
TEST_F(OverlayWorker, AMachineThatStopsHasDoneWhatItsGuestRang) {
  Qemu qemu(
      "nicreplay,addr=3,id=nic,netdev=wire,model=e1000-opt,opt=sidecore,worker=on,poll-us=10000000,"
      "library=" +
          library_,
      "tap,id=wire,script=no,downscript=no");
  qemu.Execute("qmp_capabilities");
  qemu.ConfigWrite(0x10, 0xfe000000);
  qemu.ConfigWrite(0x04, 6);
  const auto trapped_writes = [&] {
    return qemu.Execute("qom-get",
                        R"({"path": "/machine/peripheral/nic", "property": "register-writes"})");
  };
  qemu.Ask("writeq 0x100000 0x200000");
  qemu.Ask("writeq 0x100008 0x900003c");   // 60 bytes, EOP, RS
  qemu.Ask("writel 0xfe003800 0x100000");  // TDBAL
  qemu.Ask("writel 0xfe003808 128");       // TDLEN
  qemu.Ask("writel 0xfe000400 2");         // TCTL.EN
  // Until the register is memory.
  std::string before;
  std::string after = trapped_writes();
  for (int i = 0; i < 10'000 && after != before; ++i) {
    before = after;
    qemu.Ask("writel 0xfe003818 0");  // TDT
    after = trapped_writes();
  }
  ASSERT_EQ(after, before);
  ASSERT_THAT(after, HasSubstr("return"));
  qemu.Ask("writel 0xfe003818 1");
  EXPECT_EQ(qemu.Ask("readb 0x10000c"), "0x0000000000000000");
  qemu.Execute("stop");
  EXPECT_EQ(qemu.Ask("readb 0x10000c"), "0x0000000000000001");  // DD
}

}  // namespace
}  // namespace nicreplay

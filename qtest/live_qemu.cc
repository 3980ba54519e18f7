// SPDX-License-Identifier: MIT
#include "qtest/live_qemu.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "qtest/pc.h"

namespace nicreplay {

namespace {

using Arguments = std::vector<std::string>;

// In the order in which they are passed to the child.
enum Passed : std::size_t {
  kQtest,
  kMonitor,
  kToDevice,
  kFromDevice,
  kFirmware,
  kRom,
  kPassedCount
};

// One read of a character device in QEMU's main loop.
constexpr std::size_t kReadOfQemu = 4096;
constexpr std::uint64_t kFirmwareSize = 65536;
// For a process that hung up to end.
constexpr std::chrono::milliseconds kGrace{2000};
// Round trips without QEMU reading a frame.
constexpr int kMaxTrips = 10'000;

std::size_t ChildFd(Passed passed) {
  return static_cast<std::size_t>(ChildProcess::kFirstPassed) + passed;
}

// A machine does not start without firmware, and firmware is memory that a device can read: zeros,
// like memory that is not there.
Result<UniqueFd> CreateZeros(std::uint64_t size) {
  UniqueFd fd(memfd_create("zeros", MFD_CLOEXEC));
  if (!fd.valid() || ftruncate(fd.get(), static_cast<off_t>(size)) != 0) {
    return Fail(ErrorCode::kIo, std::string("memfd: ") + std::strerror(errno));
  }
  return fd;
}

Result<std::string> FindProgram(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* const path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const std::size_t end = rest.find(':');
    const std::string candidate = fmt::format("{}/{}", rest.substr(0, end), name);
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return Fail(ErrorCode::kIo, fmt::format("no {} on $PATH", name));
}

void Append(Arguments* all, std::initializer_list<std::string> more) {
  all->insert(all->end(), more.begin(), more.end());
}

Arguments QemuArguments(const std::string& program, const QtestOptions& options) {
  Arguments all = {program};
  const Arguments machine = MachineArguments(options);
  all.insert(all.end(), machine.begin(), machine.end());
  const auto socket = [](const char* id, Passed passed) {
    return fmt::format("socket,id={},fd={}", id, ChildFd(passed));
  };
  Append(&all, {"-bios", fmt::format("/dev/fd/{}", ChildFd(kFirmware))});
  Append(&all, {"-chardev", socket("qtest", kQtest), "-qtest", "chardev:qtest"});
  Append(&all, {"-qtest-log", "none"});
  Append(&all, {"-chardev", socket("monitor0", kMonitor), "-mon", "chardev=monitor0,mode=control"});
  Append(&all, {"-chardev", socket("in0", kToDevice), "-chardev", socket("out0", kFromDevice)});
  Append(&all, {"-netdev", "hubport,id=net0,hubid=0"});
  Append(&all, {"-object", "filter-redirector,id=f0,netdev=net0,queue=tx,indev=in0"});
  Append(&all, {"-object", "filter-redirector,id=f1,netdev=net0,queue=rx,outdev=out0"});
  all.insert(all.end(), options.arguments.begin(), options.arguments.end());
  return all;
}

}  // namespace

Arguments MachineArguments(const QtestOptions& options) {
  Arguments all;
  Append(&all, {"-machine", options.machine + ",hpet=off", "-accel", "qtest"});
  Append(&all, {"-m", fmt::format("{}K", options.ram_size >> 10)});
  Append(&all, {"-nodefaults", "-no-user-config", "-display", "none", "-vga", "none"});
  const std::string rom = options.rom_size == 0 ? "" : fmt::format("/dev/fd/{}", ChildFd(kRom));
  Append(&all, {"-device", fmt::format("{},id={},netdev=net0,addr={:#x},romfile={}", options.device,
                                       LiveQemu::kNic, pc::kNicSlot.device, rom)});
  return all;
}

Status LiveQemu::Spawn(const QtestOptions& options) {
  auto program = FindProgram(options.qemu);
  if (!program) return tl::make_unexpected(program.error());
  std::array<UniqueFd, kPassedCount> ours;
  std::array<UniqueFd, kPassedCount> theirs;
  for (const Passed passed : {kQtest, kMonitor, kToDevice, kFromDevice}) {
    auto pair = CreateSocketPair();
    if (!pair) return tl::make_unexpected(pair.error());
    ours[passed] = std::move(pair->first);
    theirs[passed] = std::move(pair->second);
  }
  for (const auto& [passed, size] :
       {std::pair(kFirmware, kFirmwareSize), std::pair(kRom, options.rom_size)}) {
    auto zeros = CreateZeros(size);
    if (!zeros) return tl::make_unexpected(zeros.error());
    theirs[passed] = std::move(*zeros);
  }
  std::array<int, kPassedCount> passed;
  for (std::size_t i = 0; i < kPassedCount; ++i) passed[i] = theirs[i].get();
  auto process = ChildProcess::Start(QemuArguments(*program, options), passed);
  if (!process) return tl::make_unexpected(process.error());
  process_ = std::move(*process);
  channels_.Add(&process_->diagnostics());
  qtest_ = std::make_unique<QtestClient>(std::move(ours[kQtest]), channels_);
  monitor_ = std::make_unique<QmpClient>(std::move(ours[kMonitor]), channels_);
  to_device_ = std::make_unique<FrameChannel>(std::move(ours[kToDevice]));
  from_device_ = std::make_unique<FrameChannel>(std::move(ours[kFromDevice]));
  channels_.Add(to_device_.get());
  channels_.Add(from_device_.get());
  return Ok();
}

Result<std::unique_ptr<LiveQemu>> LiveQemu::Start(const QtestOptions& options) {
  std::unique_ptr<LiveQemu> live(new LiveQemu(options.patience));
  if (auto spawned = live->Spawn(options); !spawned) {
    return tl::make_unexpected(spawned.error());
  }
  auto version = live->monitor_->Start();
  if (!version) return tl::make_unexpected(live->Explain(version.error()));
  live->version_ = std::move(*version);
  return live;
}

// QEMU's main loop polls all its sources and serves each that is ready once, a character device
// with one read of at most kReadOfQemu bytes.  The first round trip may have been polled for before
// the frame came; in each further one the frame's source is ready.  It may come after qtest's in
// its turn of the loop, hence one more.
Status LiveQemu::Deliver(Bytes frame) {
  if (frame.size() > kMaxFrame) return Fail(ErrorCode::kUsage, "a frame over 69632 bytes");
  to_device_->SendFrame(frame);
  to_device_->Flush();
  const int needed = static_cast<int>((frame.size() + FrameChannel::kHeader) / kReadOfQemu) + 3;
  bool read = false;  // before the latest round trip
  for (int done = 0; done < needed || !read; ++done) {
    if (done == kMaxTrips) return Fail(ErrorCode::kPeer, "it does not read a frame");
    if (to_device_->closed()) return Fail(ErrorCode::kPeer, "it closed the network");
    read = !to_device_->sending() && to_device_->InFlight().value_or(0) == 0;
    qtest_->Post({});
    if (auto answered = qtest_->Exchange(); !answered) return answered;
  }
  return Ok();
}

// QEMU writes a frame before it answers the command that sent it.
Result<std::vector<std::vector<std::uint8_t>>> LiveQemu::TakeFrames() {
  if (auto served = from_device_->Serve(POLLIN); !served) {
    return tl::make_unexpected(served.error());
  }
  return from_device_->Take();
}

Error LiveQemu::Explain(Error error) {
  if (error.code != ErrorCode::kPeer) return error;
  // A process that hung up is about to end; its last words are in the pipe until then.
  const auto deadline = std::chrono::steady_clock::now() + kGrace;
  while (!process_->diagnostics().closed()) {
    auto waited = channels_.Wait(deadline);
    if (!waited || *waited == ChannelSet::Outcome::kTimedOut) break;
  }
  std::string message = "QEMU: " + error.message;
  if (auto ending = process_->Ending(kGrace)) message += "; it " + *ending;
  std::string words = process_->diagnostics().tail();
  while (!words.empty() && words.back() == '\n') words.pop_back();
  if (!words.empty()) message += "; it last said: " + words;
  error.message = std::move(message);
  return error;
}

}  // namespace nicreplay

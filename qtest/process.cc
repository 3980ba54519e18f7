// SPDX-License-Identifier: MIT
#include "qtest/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace nicreplay {

namespace {

// Above every number that a child's descriptor gets.
constexpr int kScratch = 64;

tl::unexpected<Error> SystemError(const std::string& what) {
  return Fail(ErrorCode::kIo, what + ": " + std::strerror(errno));
}

Result<std::pair<UniqueFd, UniqueFd>> CreatePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return SystemError("pipe");
  return std::pair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

// What the child does between fork and exec: system calls only.
struct ChildSide {
  char* const* arguments;
  std::span<const int> passed;
  int output;
  int failure;  // for errno
  pid_t parent;

  [[noreturn]] void Run() const {
    const int told_to = Prepare();
    execv(arguments[0], arguments);
    const int error = errno;
    [[maybe_unused]] const ssize_t told = write(told_to, &error, sizeof(error));
    _exit(127);
  }

 private:
  // Returns where `failure` is now.
  int Prepare() const {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    int scratch[kScratch];
    const int count = static_cast<int>(passed.size());
    for (int i = 0; i < count; ++i) scratch[i] = fcntl(passed[i], F_DUPFD_CLOEXEC, kScratch);
    const int kept_output = fcntl(output, F_DUPFD_CLOEXEC, kScratch);
    const int kept_failure = fcntl(failure, F_DUPFD_CLOEXEC, kScratch);
    const int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    dup2(input, 0);
    dup2(kept_output, 1);
    dup2(kept_output, 2);
    for (int i = 0; i < count; ++i) dup2(scratch[i], ChildProcess::kFirstPassed + i);
    const int told_to = ChildProcess::kFirstPassed + count;
    dup3(kept_failure, told_to, O_CLOEXEC);
    close_range(static_cast<unsigned>(told_to) + 1, ~0u, 0);
    return told_to;
  }
};

}  // namespace

Result<std::pair<UniqueFd, UniqueFd>> CreateSocketPair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return SystemError("socketpair");
  }
  return std::pair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

Result<std::unique_ptr<ChildProcess>> ChildProcess::Start(const std::vector<std::string>& arguments,
                                                          std::span<const int> passed) {
  if (arguments.empty() || passed.size() > kScratch - kFirstPassed - 1) {
    return Fail(ErrorCode::kUsage, "no program, or too many descriptors for it");
  }
  auto output = CreatePipe();
  if (!output) return tl::make_unexpected(output.error());
  auto failure = CreatePipe();
  if (!failure) return tl::make_unexpected(failure.error());
  std::vector<char*> words;
  words.reserve(arguments.size() + 1);
  for (const std::string& word : arguments) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const ChildSide side{words.data(), passed, output->second.get(), failure->second.get(), getpid()};
  const pid_t pid = fork();
  if (pid < 0) return SystemError("fork");
  if (pid == 0) side.Run();
  std::unique_ptr<ChildProcess> child(new ChildProcess());
  child->pid_ = pid;
  child->diagnostics_ = std::make_unique<TailChannel>(std::move(output->first));
  failure->second.Close();
  int error = 0;
  if (read(failure->first.get(), &error, sizeof(error)) == sizeof(error)) {
    return Fail(ErrorCode::kIo,
                fmt::format("cannot run {}: {}", arguments[0], std::strerror(error)));
  }
  return child;
}

ChildProcess::~ChildProcess() {
  if (status_) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
}

std::optional<std::string> ChildProcess::Ending(std::chrono::milliseconds grace) {
  if (!status_) {
    const UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
    pollfd ended{process.get(), POLLIN, 0};
    poll(&ended, 1, static_cast<int>(grace.count()));
  }
  int status = 0;
  if (!status_ && waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
  if (!status_) return std::nullopt;
  if (WIFSIGNALED(*status_)) {
    const int number = WTERMSIG(*status_);
    return fmt::format("was killed by signal {} ({})", number, strsignal(number));
  }
  return fmt::format("exited with status {}", WEXITSTATUS(*status_));
}

}  // namespace nicreplay

// SPDX-License-Identifier: MIT
#include "qtest/live_lockstep.h"

#include <algorithm>
#include <limits>

#include "qtest/pc.h"

namespace nicreplay {

namespace {

// What one exchange may hold.
constexpr std::size_t kMaxExpected = 256;
constexpr std::size_t kMaxExpectedBytes = std::size_t{1} << 20;
constexpr std::uint64_t kPage = 4096;

bool IsRead(const Stimulus& operation) {
  return operation.kind == StimulusKind::kRead || operation.kind == StimulusKind::kConfigRead;
}

Divergence Different(Divergence::Kind kind, std::uint64_t expected, std::uint64_t found) {
  Divergence divergence;
  divergence.kind = kind;
  divergence.expected = expected;
  divergence.found = found;
  return divergence;
}

// From the first to the last byte that differs.
Divergence MemoryDiffers(GuestAddress address, Bytes expected, Bytes found) {
  constexpr std::size_t kShown = 64;
  const auto first = static_cast<std::size_t>(
      std::mismatch(expected.begin(), expected.end(), found.begin()).first - expected.begin());
  std::size_t size = expected.size() - first;
  while (size > 1 && expected[first + size - 1] == found[first + size - 1]) --size;
  size = std::min(size, kShown);
  Divergence divergence;
  divergence.kind = Divergence::Kind::kMemory;
  divergence.address = address + first;
  const Bytes ours = expected.subspan(first, size);
  const Bytes theirs = found.subspan(first, size);
  divergence.expected_bytes.assign(ours.begin(), ours.end());
  divergence.found_bytes.assign(theirs.begin(), theirs.end());
  return divergence;
}

Divergence FrameDiffers(std::uint64_t number, std::vector<std::uint8_t> expected,
                        std::vector<std::uint8_t> found) {
  Divergence divergence;
  divergence.kind = Divergence::Kind::kFrame;
  divergence.item = number;
  const std::size_t common = std::min(expected.size(), found.size());
  divergence.offset = static_cast<std::uint64_t>(
      std::mismatch(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(common),
                    found.begin())
          .first -
      expected.begin());
  divergence.expected_bytes = std::move(expected);
  divergence.found_bytes = std::move(found);
  return divergence;
}

}  // namespace

Result<std::unique_ptr<LiveLockstep>> LiveLockstep::Create(const LivePairing& pairing,
                                                           Window window, std::uint64_t limit) {
  auto machine =
      PcMachine::Create(pairing.model.model, pairing.model.options, pairing.qemu.ram_size);
  if (!machine) return tl::make_unexpected(machine.error());
  auto target = QtestTarget::Create(pairing.qemu);
  if (!target) return tl::make_unexpected(target.error());
  return std::unique_ptr<LiveLockstep>(
      new LiveLockstep(std::move(*machine), std::move(*target), pairing.work, window, limit));
}

void LiveLockstep::Differ(Divergence divergence, std::uint64_t operation) {
  if (divergence_) return;
  divergence.event = operation;
  divergence_ = std::move(divergence);
  count_ = operation + 1;
}

void LiveLockstep::Compare(const Expectation& expectation) {
  using Kind = Divergence::Kind;
  const LineLevel line = target_->LineAt(expectation.reply);
  if (expectation.kind == Expectation::Kind::kMemory) {
    std::vector<std::uint8_t> found(expectation.bytes.size());
    if (!target_->MemoryOf(expectation.reply, found)) return;
    if (found != expectation.bytes) {
      Differ(MemoryDiffers(expectation.address, expectation.bytes, found), expectation.operation);
    }
    return;
  }
  if (expectation.kind == Expectation::Kind::kValue) {
    const std::uint64_t found = target_->ValueOf(expectation.reply, expectation.size);
    if (target_->error()) return;
    if (found != expectation.value) {
      Differ(Different(Kind::kValue, expectation.value, found), expectation.operation);
    }
  }
  if (line != expectation.line) {
    Differ(
        Different(Kind::kInterrupt, expectation.line == LineLevel::kHigh, line == LineLevel::kHigh),
        expectation.operation);
  }
}

// Frames carry no operation: those of an exchange must be what the model sent, one by one.
void LiveLockstep::CompareFrames() {
  std::vector<std::vector<std::uint8_t>> found = target_->TakeFrames();
  const std::size_t count = std::max(found.size(), frames_.size());
  for (std::size_t i = 0; i < count; ++i) {
    static const std::vector<std::uint8_t> kNone;
    const auto& theirs = i < found.size() ? found[i] : kNone;
    const auto& ours = i < frames_.size() ? frames_[i].bytes : kNone;
    if (ours == theirs) continue;
    const std::uint64_t operation = i < frames_.size() ? frames_[i].operation : count_ - 1;
    std::uint64_t number = 0;
    for (std::size_t k = 0; k < i; ++k) number += frames_[k].operation == operation ? 1 : 0;
    // Of several differences in an exchange the earliest counts.
    if (divergence_ && divergence_->event <= operation) break;
    divergence_.reset();
    Differ(FrameDiffers(number, ours, theirs), operation);
    break;
  }
  frames_.clear();
}

void LiveLockstep::Flush() {
  ExchangeExpected();
  if (error_) return;
  CompareFrames();
  if (!error_) error_ = target_->error();
}

void LiveLockstep::ExchangeExpected() {
  if (auto done = target_->Exchange(); !done) error_ = done.error();
  for (const Expectation& expectation : expected_) {
    if (error_ || divergence_) break;
    Compare(expectation);
    error_ = target_->error();
  }
  expected_.clear();
  expected_bytes_ = 0;
}

void LiveLockstep::CompareLine() {
  if (error_ || target_->line() == machine_->line()) return;
  Differ(Different(Divergence::Kind::kInterrupt, machine_->line() == LineLevel::kHigh,
                   target_->line() == LineLevel::kHigh),
         count_);
}

void LiveLockstep::ExpectMemory(std::uint64_t operation, GuestAddress address, std::uint64_t size) {
  const MutableBytes ram = machine_->ram();
  pc::ForEachRamPart(ram.size(), address, size, [&](std::uint64_t from, std::uint64_t length) {
    for (std::uint64_t done = 0; done < length; done += QtestTarget::kMaxRead) {
      const auto part =
          static_cast<std::size_t>(std::min<std::uint64_t>(QtestTarget::kMaxRead, length - done));
      const GuestAddress at = address + from + done;
      Expectation expectation;
      expectation.kind = Expectation::Kind::kMemory;
      expectation.operation = operation;
      expectation.reply = target_->PostReadMemory(at, part);
      expectation.address = at;
      const Bytes bytes = ram.subspan(at, part);
      expectation.bytes.assign(bytes.begin(), bytes.end());
      expected_.push_back(std::move(expectation));
      expected_bytes_ += part;
    }
  });
}

void LiveLockstep::DoNow(const Stimulus& operation) {
  target_->Apply(operation);
  error_ = target_->error();
  CompareLine();
}

// Frames may come until it has settled.
void LiveLockstep::DoSettled(const Stimulus& operation) {
  constexpr std::uint64_t kFramesARound = 100;
  if (!target_->Post(operation)) return;
  ExchangeExpected();
  if (error_ || divergence_) return;
  if (auto settled = target_->Settle(2 + frames_.size() / kFramesARound); !settled) {
    error_ = settled.error();
    return;
  }
  CompareLine();
  CompareFrames();
}

void LiveLockstep::DoLater(const Stimulus& operation, std::uint64_t value) {
  Expectation expectation;
  const auto reply = target_->Post(operation);
  if (!reply) return;
  expectation.reply = *reply;
  expectation.operation = count_;
  expectation.line = machine_->line();
  if (IsRead(operation)) {
    expectation.kind = Expectation::Kind::kValue;
    expectation.size = operation.size;
    expectation.value = value;
  }
  expected_.push_back(std::move(expectation));
}

std::uint64_t LiveLockstep::Do(const Stimulus& operation) {
  const bool now = QtestTarget::NeedsApply(operation);
  if (now && !Done()) Flush();
  if (Done()) return 0;
  const std::uint64_t dma_before = machine_->dma_count();
  const std::uint64_t value = machine_->ApplyOnBus(operation);
  left_comparable_ = machine_->met_controller();
  if (left_comparable_) return value;
  for (std::vector<std::uint8_t>& frame : machine_->TakeFrames()) {
    if (frame.empty()) continue;
    frames_.push_back({count_, std::move(frame)});
    ++sent_;
  }
  const std::vector<PcMachine::Range> written = machine_->TakeWritten();
  const bool settles = work_ == LiveWork::kInBottomHalves && !IsRead(operation) &&
                       machine_->dma_count() != dma_before;
  if (now) {
    DoNow(operation);
  } else if (settles) {
    DoSettled(operation);
  } else {
    DoLater(operation, value);
  }
  if (Done()) return value;
  ++count_;
  for (const PcMachine::Range& range : written) {
    ExpectMemory(count_ - 1, range.address, range.size);
    NotePages(range.address, range.size);
  }
  if (operation.kind == StimulusKind::kMemory) NotePages(operation.value, operation.data_size);
  if (count_ % kWindowInterval == 0) ExpectMemory(count_ - 1, window_.base, window_.size);
  if (expected_.size() >= kMaxExpected || expected_bytes_ >= kMaxExpectedBytes) Flush();
  return value;
}

void LiveLockstep::NotePages(GuestAddress address, std::uint64_t size) {
  pc::ForEachRamPart(
      machine_->ram().size(), address, size, [&](std::uint64_t from, std::uint64_t length) {
        const GuestAddress end = address + from + length;
        for (GuestAddress at = (address + from) / kPage * kPage; at < end; at += kPage) {
          pages_.insert(at);
        }
      });
}

void LiveLockstep::ExpectAtEnd(Extent extent) {
  switch (extent) {
    case Extent::kWindow:
      ExpectMemory(count_ - 1, window_.base, window_.size);
      break;
    case Extent::kWrittenPages:
      for (const GuestAddress page : pages_) {
        if (expected_bytes_ >= kMaxExpectedBytes) Flush();
        if (error_ || divergence_) return;
        ExpectMemory(count_ - 1, page, kPage);
      }
      break;
    case Extent::kAllMemory:
      ExpectMemory(count_ - 1, 0, machine_->ram().size());
      break;
  }
}

Status LiveLockstep::Finish(Extent extent) {
  if (!error_ && !divergence_) {
    if (!left_comparable_ && count_ != 0) ExpectAtEnd(extent);
    Flush();
  }
  if (error_) return tl::make_unexpected(*error_);
  return Ok();
}

Result<std::optional<Divergence>> CompareLive(const LivePairing& pairing,
                                              LiveLockstep::Window window,
                                              std::span<const Stimulus> operations) {
  auto lockstep = LiveLockstep::Create(pairing, window, std::numeric_limits<std::uint64_t>::max());
  if (!lockstep) return tl::make_unexpected(lockstep.error());
  for (const Stimulus& operation : operations) (*lockstep)->Do(operation);
  if (auto finished = (*lockstep)->Finish(LiveLockstep::Extent::kWindow); !finished) {
    return tl::make_unexpected(finished.error());
  }
  return (*lockstep)->divergence();
}

}  // namespace nicreplay

// SPDX-License-Identifier: MIT
#include "qtest/bus_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "qtest/pc.h"
#include "qtest/pc_machine.h"

namespace nicreplay {

namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kRamUnit = std::uint64_t{64} << 20;

tl::unexpected<Error> At(std::uint64_t event, std::string message) {
  Error error{ErrorCode::kUsage, std::move(message), std::nullopt, event};
  return tl::make_unexpected(std::move(error));
}

bool AllZero(Bytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

// The least RAM that holds everything that the guest put there.  Bytes that read 0 need not be RAM.
class RamFinder {
 public:
  Result<std::uint64_t> Find(const Program& program, std::uint64_t end) {
    std::uint32_t patch = 0;
    for (std::uint64_t i = 0; i < end; ++i) {
      const Step& step = program.steps[i];
      for (; patch < step.patch_end; ++patch) {
        const MemoryPatch& bytes = program.patches[patch];
        if (auto added = Add(i, bytes.address, {bytes.data, bytes.size}); !added) {
          return tl::make_unexpected(added.error());
        }
      }
      const Stimulus& stimulus = step.stimulus;
      if (stimulus.kind != StimulusKind::kMemory) continue;
      if (auto added = Add(i, stimulus.value, stimulus.bytes()); !added) {
        return tl::make_unexpected(added.error());
      }
    }
    return Rounded(program.holes);
  }

 private:
  Status Add(std::uint64_t event, GuestAddress address, Bytes bytes) {
    const std::uint64_t room = std::uint64_t{0} - address;
    if (address != 0 && bytes.size() > room) {
      if (auto added = Add(event, address, bytes.first(room)); !added) return added;
      return Add(event, 0, bytes.subspan(room));
    }
    if (address < size_ && bytes.size() <= size_ - address) return Ok();
    if (AllZero(bytes)) return Ok();
    if (address >= pc::kMaxRam || bytes.size() > pc::kMaxRam - address) {
      return At(event, fmt::format("the guest uses memory at {:#x}; the machine has 2 GiB at most",
                                   address));
    }
    size_ = address + bytes.size();
    return Ok();
  }

  // RAM comes in large pieces, unless a page is known to be none.
  std::uint64_t Rounded(const std::vector<Hole>& holes) const {
    std::uint64_t size = std::min((size_ + kRamUnit - 1) / kRamUnit * kRamUnit, pc::kMaxRam);
    for (const Hole& hole : holes) {
      const std::uint64_t at = hole.page * kPage;
      if (at >= size_ && at < size) size = std::max(at, pc::kHoleEnd + kPage);
    }
    return size;
  }

  std::uint64_t size_ = pc::kHoleEnd;
};

// What the network must offer before an event, so that it waits there for a flush.
struct Offer {
  std::uint64_t before = 0;
  const Effect* delivery = nullptr;
};

// Each frame that waited in a queue is offered at the latest point before its delivery at which the
// device takes none: while it is not ready, or where it kept a frame for later (a virtio-net then
// asks its driver to tell of buffers).  What was kept there need not be what came first in the end,
// because the network of the recording may have had several queues: the first to be delivered takes
// its place.
std::vector<Offer> FindOffers(const Program& program, std::uint64_t end) {
  std::vector<Offer> offers;
  bool ready = false;
  std::uint64_t latest = 0;
  for (std::uint64_t i = 0; i < end; ++i) {
    if (!ready) latest = i;
    bool kept = program.steps[i].stimulus.kind == StimulusKind::kFrame &&
                program.steps[i].stimulus.result == ReceiveResult::kKeep;
    for (const Effect& effect : program.EffectsOf(program.steps[i])) {
      if (effect.kind == EffectKind::kReady) ready = effect.detail != 0;
      if (effect.kind != EffectKind::kDelivery) continue;
      if (effect.result == ReceiveResult::kKeep) {
        kept = true;
      } else {
        offers.push_back({latest, &effect});
      }
    }
    if (kept) latest = i;
  }
  return offers;
}

class Builder {
 public:
  Builder(const Program& program, std::uint64_t end) : program_(program), end_(end) {}

  Result<BusSession> Build(const std::string& model) {
    auto ram = RamFinder().Find(program_, end_);
    if (!ram) return tl::make_unexpected(ram.error());
    auto machine = PcMachine::Create(model, program_.header.options, *ram);
    if (!machine) return tl::make_unexpected(machine.error());
    machine_ = std::move(*machine);
    session_.model = model;
    session_.options = program_.header.options;
    session_.ram_size = *ram;
    offers_ = FindOffers(program_, end_);
    // Before what the guest wrote to memory that the first event reads.
    Stimulus reset;
    reset.kind = StimulusKind::kReset;
    Emit(reset, 0);
    for (std::uint64_t i = 0; i < end_; ++i) {
      if (auto done = AddStep(i); !done) return tl::make_unexpected(done.error());
    }
    return std::move(session_);
  }

 private:
  // Lets time pass with the recording, but no further than to just before a timer that it has not
  // fired yet.
  Nanoseconds TimeAt(Nanoseconds recorded) const {
    Nanoseconds time = recorded;
    for (TimerId id = 0; id < Machine::kMaxTimers; ++id) {
      const Nanoseconds deadline = machine_->deadline(id);
      if (deadline != Machine::kNotArmed) time = std::min(time, deadline - 1);
    }
    return std::max(time, now_);
  }

  std::uint64_t Emit(Stimulus operation, std::uint64_t event) {
    now_ = TimeAt(operation.time);
    operation.time = now_;
    return EmitNow(operation, event);
  }
  std::uint64_t EmitNow(const Stimulus& operation, std::uint64_t event) {
    const bool access =
        operation.kind == StimulusKind::kRead || operation.kind == StimulusKind::kWrite;
    session_.bars.push_back(access ? machine_->bars().bar[operation.bar] : PciBars::Bar{});
    const std::uint64_t value = machine_->ApplyOnBus(operation);
    session_.operations.push_back(operation);
    session_.events.push_back(event);
    session_.lines.push_back(machine_->line());
    return value;
  }

  Status EmitTimer(const Stimulus& stimulus, std::uint64_t event) {
    const TimerId id = stimulus.detail;
    if (id < Machine::kMaxTimers && fired_[id]) {
      fired_[id] = false;
      return Ok();
    }
    const Nanoseconds deadline =
        id < Machine::kMaxTimers ? machine_->deadline(id) : Machine::kNotArmed;
    if (deadline == Machine::kNotArmed) return At(event, "a timer fires that is not armed");
    for (TimerId other = 0; other < Machine::kMaxTimers; ++other) {
      if (machine_->deadline(other) < deadline) return At(event, "timers fire out of order");
      if (other != id) fired_[other] = machine_->deadline(other) == deadline;
    }
    Stimulus passing = stimulus;
    passing.time = now_ = std::max(now_, deadline);
    EmitNow(passing, event);
    return Ok();
  }

  void EmitBefore(std::uint64_t event) {
    const Step& step = program_.steps[event];
    Stimulus operation;
    operation.time = step.stimulus.time;
    for (; patch_ < step.patch_end; ++patch_) {
      const MemoryPatch& patch = program_.patches[patch_];
      operation.kind = StimulusKind::kMemory;
      for (std::uint64_t done = 0; done < patch.size; done += kMaxWrite) {
        operation.value = patch.address + done;
        operation.data = patch.data + done;
        operation.data_size = static_cast<std::uint32_t>(std::min(kMaxWrite, patch.size - done));
        Emit(operation, event);
      }
    }
    for (; offer_ < offers_.size() && offers_[offer_].before <= event; ++offer_) {
      const Effect& delivery = *offers_[offer_].delivery;
      operation.kind = StimulusKind::kFrame;
      operation.data = delivery.data;
      operation.data_size = delivery.data_size;
      operation.offload = delivery.offload;
      Emit(operation, event);
    }
  }

  Status AddStep(std::uint64_t event) {
    EmitBefore(event);
    const Step& step = program_.steps[event];
    const Stimulus& stimulus = step.stimulus;
    switch (stimulus.kind) {
      case StimulusKind::kTimer:
        if (auto fired = EmitTimer(stimulus, event); !fired) return fired;
        break;
      case StimulusKind::kRead:
      case StimulusKind::kConfigRead: {
        const std::uint64_t value = Emit(stimulus, event);
        if (value != stimulus.value) {
          return At(event, fmt::format("the recording reads {:#x}, {} in a machine reads {:#x}",
                                       stimulus.value, session_.model, value));
        }
        break;
      }
      case StimulusKind::kFrame:
        if (stimulus.result != ReceiveResult::kKeep) Emit(stimulus, event);
        break;
      case StimulusKind::kWork:
      case StimulusKind::kPoll:
        return At(event, "the session has deferred work; a machine works at once");
      case StimulusKind::kReset:
        if (event != 0) Emit(stimulus, event);
        break;
      default:
        Emit(stimulus, event);
    }
    return Check(step, event);
  }

  Status Check(const Step& step, std::uint64_t event) {
    std::size_t sent = 0;
    std::uint64_t deliveries = 0;
    for (const Effect& effect : program_.EffectsOf(step)) {
      if (effect.kind == EffectKind::kInterrupt) high_ = effect.detail != 0;
      if (effect.kind == EffectKind::kTransmit) ++sent;
      if (effect.kind == EffectKind::kDelivery) ++deliveries;
    }
    if (high_ != (machine_->line() == LineLevel::kHigh)) {
      return At(event, fmt::format("the recording's interrupt line differs from {}'s in a machine",
                                   session_.model));
    }
    if (const std::size_t found = machine_->TakeFrames().size(); found != sent) {
      return At(event, fmt::format("the recording sends {} frames, {} in a machine sends {}", sent,
                                   session_.model, found));
    }
    machine_->TakeWritten();
    return Ok();
  }

  static constexpr std::uint64_t kMaxWrite = std::uint64_t{1} << 20;

  const Program& program_;
  std::uint64_t end_;
  std::unique_ptr<PcMachine> machine_;
  BusSession session_;
  std::vector<Offer> offers_;
  std::size_t offer_ = 0;
  std::uint32_t patch_ = 0;
  Nanoseconds now_ = 0;
  std::array<bool, Machine::kMaxTimers> fired_{};
  bool high_ = false;
};

}  // namespace

Result<BusSession> MakeBusSession(Program program, const std::string& model, std::uint64_t end) {
  if (program.patching == Patching::kAsRead) {
    // What no single order of writes explains is written when it was read.
    if (auto hoisted = Hoist(program)) program = std::move(*hoisted);
  }
  const auto shared = std::make_shared<const Program>(std::move(program));
  auto session = Builder(*shared, std::min<std::uint64_t>(end, shared->steps.size())).Build(model);
  if (session) session->program = shared;
  return session;
}

}  // namespace nicreplay

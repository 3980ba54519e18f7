// SPDX-License-Identifier: MIT
// Running scripts on a live QEMU.
#include <fmt/format.h>

#include "qtest/pc.h"
#include "qtest/script.h"

namespace nicreplay {

namespace {

constexpr std::size_t kMaxPosted = 256;

class Runner {
 public:
  explicit Runner(LiveQemu& live) : live_(live) { live_.qtest().WatchInterrupt(pc::kInterrupt); }

  // `number` from 1.
  Status Line(std::uint64_t number, std::string_view text) {
    auto line = ParseScriptLine(text);
    if (!line) {
      return Fail(line.error().code, fmt::format("line {}: {}", number, line.error().message));
    }
    if (auto done = Surroundings(line->remark); !done) return done;
    posted_.push_back({number, live_.qtest().PostText(text), line->command.size, line->remark});
    posted_.back().remark.frame.clear();
    return posted_.size() < kMaxPosted ? Ok() : Flush();
  }

  Status Flush() {
    if (auto done = live_.qtest().Exchange(); !done) return done;
    for (const Posted& posted : posted_) {
      if (auto compared = Compare(posted); !compared) return compared;
    }
    outcome_.commands += posted_.size();
    posted_.clear();
    // Nobody wants the frames, but QEMU waits until they are read.
    auto frames = live_.TakeFrames();
    if (!frames) return tl::make_unexpected(frames.error());
    return Ok();
  }

  bool differs() const { return outcome_.differs_at.has_value(); }
  const ScriptOutcome& outcome() const { return outcome_; }

 private:
  struct Posted {
    std::uint64_t number = 0;
    std::size_t reply = 0;
    std::uint8_t size = 0;
    ScriptRemark remark;
  };

  // What the network does before the line.
  Status Surroundings(const ScriptRemark& remark) {
    if (remark.frame.empty() && !remark.link) return Ok();
    if (auto flushed = Flush(); !flushed) return flushed;
    if (remark.link) {
      const bool up = *remark.link == LinkState::kUp;
      auto set = live_.monitor().Execute("set_link", {{"name", LiveQemu::kNic}, {"up", up}});
      if (!set) return tl::make_unexpected(set.error());
    }
    return remark.frame.empty() ? Ok() : live_.Deliver(remark.frame);
  }

  void Differs(std::uint64_t number, std::string what) {
    if (differs()) return;
    outcome_.differs_at = number;
    outcome_.difference = std::move(what);
  }

  Status Compare(const Posted& posted) {
    if (posted.remark.expect) {
      auto found = live_.qtest().Hex(posted.reply);
      if (!found) return tl::make_unexpected(found.error());
      ++outcome_.reads;
      if (*found != *posted.remark.expect) {
        Differs(posted.number,
                fmt::format("expected {:#x}, found {:#x}", *posted.remark.expect, *found));
      }
    }
    if (posted.remark.line) {
      ++outcome_.lines;
      if (live_.qtest().line(posted.reply) != *posted.remark.line) {
        Differs(posted.number,
                fmt::format("expected the interrupt line {}",
                            *posted.remark.line == LineLevel::kHigh ? "high" : "low"));
      }
    }
    return Ok();
  }

  LiveQemu& live_;
  ScriptOutcome outcome_;
  std::vector<Posted> posted_;
};

}  // namespace

Result<ScriptOutcome> RunScript(std::string_view text, const QtestOptions& machine) {
  auto live = LiveQemu::Start(machine);
  if (!live) return tl::make_unexpected(live.error());
  Runner runner(**live);
  Status done = Ok();
  for (std::uint64_t number = 1; done && !text.empty() && !runner.differs(); ++number) {
    const std::size_t end = text.find('\n');
    done = runner.Line(number, text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  if (done) done = runner.Flush();
  if (!done) return tl::make_unexpected((*live)->Explain(done.error()));
  return runner.outcome();
}

}  // namespace nicreplay

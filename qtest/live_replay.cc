// SPDX-License-Identifier: MIT
#include "qtest/live_replay.h"

#include <algorithm>
#include <limits>

#include "models/families.h"
#include "qtest/bus_session.h"
#include "qtest/device_argument.h"
#include "qtest/live_lockstep.h"

namespace nicreplay {

namespace {

constexpr const char* kModel = "e1000-stock";

}  // namespace

Result<LiveReplayOutcome> ReplayLive(Program program, QtestOptions options, std::uint64_t end) {
  auto session = MakeBusSession(std::move(program), kModel, end);
  if (!session) return tl::make_unexpected(session.error());
  auto device = DeviceArgument(options.device, session->options);
  if (!device) return tl::make_unexpected(device.error());
  auto rom_size = RomSizeOf(session->options);
  if (!rom_size) return tl::make_unexpected(rom_size.error());
  options.device = *device;
  options.rom_size = *rom_size;
  options.ram_size = session->ram_size;
  const LivePairing pairing{{kModel, session->options}, options};
  auto lockstep = LiveLockstep::Create(pairing, {}, std::numeric_limits<std::uint64_t>::max());
  if (!lockstep) return tl::make_unexpected(lockstep.error());
  for (const Stimulus& operation : session->operations) {
    if ((*lockstep)->Done()) break;
    (*lockstep)->Do(operation);
  }
  if (auto finished = (*lockstep)->Finish(LiveLockstep::Extent::kWrittenPages); !finished) {
    return tl::make_unexpected(finished.error());
  }
  LiveReplayOutcome outcome;
  outcome.qemu = (*lockstep)->target().name();
  outcome.operations = (*lockstep)->count();
  outcome.events = std::min<std::uint64_t>(end, session->program->steps.size());
  outcome.divergence = (*lockstep)->divergence();
  if (!outcome.divergence) return outcome;
  const Pairing sides{{kModel, session->options}, {kModel, session->options}, 0};
  outcome.text = DescribeOperations(*outcome.divergence, sides, session->operations);
  const std::uint64_t operation = outcome.divergence->event;
  outcome.divergence->event = session->events[operation];
  outcome.events = outcome.divergence->event + 1;
  const auto describer = DescriberOfModel({kModel});
  outcome.stimulus = DescribeStimulus(session->operations[operation], *describer);
  return outcome;
}

}  // namespace nicreplay

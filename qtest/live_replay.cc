// SPDX-License-Identifier: MIT
#include "qtest/live_replay.h"

#include <algorithm>
#include <limits>

#include "models/families.h"
#include "models/options.h"
#include "qtest/bus_session.h"
#include "qtest/device_argument.h"
#include "qtest/live_lockstep.h"

namespace nicreplay {

namespace {

// How recordings of a family are brought to a live QEMU.
struct Route {
  const char* model;  // does what the recording says, or the session is refused
  LiveWork work;
};

constexpr Route kE1000{"e1000-stock", LiveWork::kAtOnce};
constexpr Route kVirtioNet{"virtio-net", LiveWork::kInBottomHalves};

const Route& RouteOf(const TraceHeader& header) {
  const auto entry = FindModel(header.model);
  const bool virtio = entry && (*entry)->describer == FamilyDescriber(kVirtioNet.model);
  return virtio ? kVirtioNet : kE1000;
}

// What both sides get.
struct Sides {
  std::string model_options;
  std::string device;
  std::string levelled;
};

Result<Sides> SidesOf(const std::string& device, const std::string& model_options,
                      const std::string& device_options) {
  auto argument = DeviceArgument(device, device_options);
  if (!argument) return tl::make_unexpected(argument.error());
  return Sides{model_options, *argument, ""};
}

// QEMU's own device works at the notification, so that its effects belong to an operation, and does
// not write num_buffers where nobody need read it (virtio-net.md).
Result<Sides> OwnVirtioNet(const std::string& device, Options* options) {
  options->TakeText("num_buffers", "");
  const std::string plain = options->ToString();
  const bool said = device.find("ioeventfd=") != std::string::npos;
  return SidesOf(said ? device : device + ",ioeventfd=off",
                 plain.empty() ? "num_buffers=off" : plain + ",num_buffers=off", plain);
}

Result<Sides> LevelVirtioNet(const std::string& device, const std::string& recorded) {
  auto options = Options::Parse(recorded);
  if (!options) return tl::make_unexpected(options.error());
  const auto pairs =
      options->TakeNumber("queue_pairs", 1, std::numeric_limits<std::uint16_t>::max());
  if (!pairs) return tl::make_unexpected(pairs.error());
  if (*pairs != 1) {
    return Fail(ErrorCode::kUsage, "the session has several queues; QEMU's network has one");
  }
  const bool offloads = options->TakeText("vnet_hdr", "off") == "on";
  const std::string both = options->ToString();
  auto sides = device.starts_with("virtio-net") ? OwnVirtioNet(device, &*options)
                                                : SidesOf(device, both, both);
  if (sides && offloads) sides->levelled = "offloads, which QEMU's network does not take";
  return sides;
}

Result<Sides> Level(const Route& route, const std::string& device, const std::string& recorded) {
  return &route == &kVirtioNet ? LevelVirtioNet(device, recorded)
                               : SidesOf(device, recorded, recorded);
}

// Frames as that network has them.
void DropHeaders(std::vector<Stimulus>* operations) {
  for (Stimulus& operation : *operations) operation.offload = nullptr;
}

}  // namespace

Result<LiveReplayOutcome> ReplayLive(Program program, QtestOptions options, std::uint64_t end) {
  const Route& route = RouteOf(program.header);
  auto session = MakeBusSession(std::move(program), route.model, end);
  if (!session) return tl::make_unexpected(session.error());
  auto sides = Level(route, options.device, session->options);
  if (!sides) return tl::make_unexpected(sides.error());
  if (!sides->levelled.empty()) DropHeaders(&session->operations);
  auto rom_size = RomSizeOf(session->options);
  if (!rom_size) return tl::make_unexpected(rom_size.error());
  options.device = sides->device;
  options.rom_size = *rom_size;
  options.ram_size = session->ram_size;
  const LivePairing pairing{{route.model, sides->model_options}, options, route.work};
  auto lockstep = LiveLockstep::Create(pairing, {}, std::numeric_limits<std::uint64_t>::max());
  if (!lockstep) return tl::make_unexpected(lockstep.error());
  for (const Stimulus& operation : session->operations) {
    if ((*lockstep)->Done()) break;
    (*lockstep)->Do(operation);
  }
  if ((*lockstep)->left_comparable()) {
    Error error{ErrorCode::kUsage,
                "a DMA meets an interrupt controller, which a model alone has not", std::nullopt,
                session->events[(*lockstep)->count()]};
    return tl::make_unexpected(std::move(error));
  }
  if (auto finished = (*lockstep)->Finish(LiveLockstep::Extent::kWrittenPages); !finished) {
    return tl::make_unexpected(finished.error());
  }
  LiveReplayOutcome outcome;
  outcome.qemu = (*lockstep)->target().name();
  outcome.operations = (*lockstep)->count();
  outcome.events = std::min<std::uint64_t>(end, session->program->steps.size());
  outcome.sent = (*lockstep)->sent();
  outcome.levelled = sides->levelled;
  outcome.divergence = (*lockstep)->divergence();
  if (!outcome.divergence) return outcome;
  const Pairing pair{pairing.model, pairing.model, 0};
  outcome.text = DescribeOperations(*outcome.divergence, pair, session->operations);
  const std::uint64_t operation = outcome.divergence->event;
  outcome.divergence->event = session->events[operation];
  outcome.events = outcome.divergence->event + 1;
  const auto describer = DescriberOfModel({route.model});
  outcome.stimulus = DescribeStimulus(session->operations[operation], *describer);
  return outcome;
}

}  // namespace nicreplay

// SPDX-License-Identifier: MIT
#include "fuzz/save.h"

#include "replay/recorder.h"
#include "replay/stream.h"

namespace nicreplay {

Status SaveOperations(const std::string& path, const Pairing& pairing,
                      std::span<const Stimulus> operations, const std::string& environment) {
  auto entry = FindModel(pairing.left.model);
  if (!entry) return tl::make_unexpected(entry.error());
  auto options = Options::Parse(pairing.left.options);
  if (!options) return tl::make_unexpected(options.error());
  TraceHeader header;
  header.model = pairing.left.model;
  header.options = options->ToString();
  header.recorder = "nicreplay";
  header.environment = environment;
  auto writer = TraceWriter::Create(path, header);
  if (!writer) return tl::make_unexpected(writer.error());
  Machine machine(pairing.ram_size);
  auto device = RecordingDevice::Create(**entry, *options, machine, **writer);
  if (!device) return tl::make_unexpected(device.error());
  machine.Attach(device->get());
  for (const Stimulus& operation : operations) {
    if (operation.kind == StimulusKind::kMemory) {
      // Kept as such: another model may read what this one did not.
      machine.AdvanceTo(operation.time);
      (*writer)->Append(operation, {});
    }
    machine.Apply(operation);
  }
  auto finished = (*writer)->Finish();
  if (!finished) return tl::make_unexpected(finished.error());
  return Ok();
}

}  // namespace nicreplay

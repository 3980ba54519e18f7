// SPDX-License-Identifier: MIT
#include "replay/digest.h"
#include "replay/recorder.h"
#include "replay/session.h"

namespace nicreplay {

namespace {

class DigestSink : public EventSink {
 public:
  void OnStimulus(const Stimulus& stimulus, std::span<const Effect> effects) override {
    builder_.Add(stimulus, effects);
  }
  void OnRecordingFailed(const Error& error) override { error_ = error; }

  Result<Digest> Finish() const {
    if (error_) return tl::make_unexpected(*error_);
    return builder_.Finish();
  }

 private:
  DigestBuilder builder_;
  std::optional<Error> error_;
};

Result<Digest> RunForDigest(StepSource& steps, const TraceHeader& recorded,
                            const Candidate& candidate) {
  auto memory = GuestMemory::Create();
  if (!memory) return tl::make_unexpected(memory.error());
  auto entry = FindModel(candidate.model);
  if (!entry) return tl::make_unexpected(entry.error());
  auto options = Options::Parse(OptionsFor(recorded, candidate));
  if (!options) return tl::make_unexpected(options.error());
  ReplayHost host(**memory);
  DigestSink sink;
  auto device = RecordingDevice::Create(**entry, *options, host, sink);
  if (!device) return tl::make_unexpected(device.error());
  host.Attach(device->get());
  for (StepWindow window = steps.Next(); !window.steps.empty(); window = steps.Next()) {
    for (const Step& step : window.steps) host.Run(window, step);
  }
  return sink.Finish();
}

}  // namespace

Result<Digest> ReplayDigest(const Program& program, const Candidate& candidate) {
  ProgramSteps steps(program);
  return RunForDigest(steps, program.header, candidate);
}

Result<Digest> ReplayDigest(const LoadedTrace& trace, const Candidate& candidate) {
  TraceSteps steps(trace.chunks);
  return RunForDigest(steps, trace.header, candidate);
}

}  // namespace nicreplay

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

}  // namespace

Result<Digest> ReplayDigest(const Program& program, const Candidate& candidate) {
  auto memory = GuestMemory::Create();
  if (!memory) return tl::make_unexpected(memory.error());
  auto entry = FindModel(candidate.model);
  if (!entry) return tl::make_unexpected(entry.error());
  auto options = Options::Parse(OptionsFor(program, candidate));
  if (!options) return tl::make_unexpected(options.error());
  ReplayHost host(**memory);
  DigestSink sink;
  auto device = RecordingDevice::Create(**entry, *options, host, sink);
  if (!device) return tl::make_unexpected(device.error());
  host.Attach(device->get());
  for (std::size_t i = 0; i < program.steps.size(); ++i) host.Run(program, i);
  return sink.Finish();
}

}  // namespace nicreplay

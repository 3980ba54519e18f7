// SPDX-License-Identifier: MIT
#include "fuzz/save.h"

namespace nicreplay {

namespace {

TraceHeader HeaderOf(const Candidate& candidate, const Options& options,
                     const std::string& environment) {
  TraceHeader header;
  header.model = candidate.model;
  header.options = options.ToString();
  header.recorder = "nicreplay";
  header.environment = environment;
  return header;
}

}  // namespace

Result<std::unique_ptr<RecordingSession>> RecordingSession::Create(const std::string& path,
                                                                   const Candidate& candidate,
                                                                   std::size_t ram_size,
                                                                   const std::string& environment) {
  auto entry = FindModel(candidate.model);
  if (!entry) return tl::make_unexpected(entry.error());
  auto options = Options::Parse(candidate.options);
  if (!options) return tl::make_unexpected(options.error());
  auto writer = TraceWriter::Create(path, HeaderOf(candidate, *options, environment));
  if (!writer) return tl::make_unexpected(writer.error());
  std::unique_ptr<RecordingSession> session(new RecordingSession(ram_size));
  session->writer_ = std::move(*writer);
  auto device = RecordingDevice::Create(**entry, *options, session->machine_, *session->writer_);
  if (!device) return tl::make_unexpected(device.error());
  session->device_ = std::move(*device);
  session->machine_.Attach(session->device_.get());
  return session;
}

std::uint64_t RecordingSession::Do(const Stimulus& operation) {
  if (Done()) return 0;
  ++count_;
  if (operation.kind == StimulusKind::kMemory) {
    // Kept as such: another model may read what this one did not.
    machine_.AdvanceTo(operation.time);
    writer_->Append(operation, {});
  }
  return machine_.Apply(operation);
}

Status RecordingSession::Finish() {
  device_.reset();
  auto finished = writer_->Finish();
  if (!finished) return tl::make_unexpected(finished.error());
  return Ok();
}

Status SaveOperations(const std::string& path, const Pairing& pairing,
                      std::span<const Stimulus> operations, const std::string& environment) {
  auto session = RecordingSession::Create(path, pairing.left, pairing.ram_size, environment);
  if (!session) return tl::make_unexpected(session.error());
  for (const Stimulus& operation : operations) (*session)->Do(operation);
  return (*session)->Finish();
}

Status SaveStimuli(const std::string& path, const Candidate& candidate,
                   std::span<const Stimulus> operations, const std::string& environment) {
  auto options = Options::Parse(candidate.options);
  if (!options) return tl::make_unexpected(options.error());
  auto writer = TraceWriter::Create(path, HeaderOf(candidate, *options, environment));
  if (!writer) return tl::make_unexpected(writer.error());
  for (const Stimulus& operation : operations) (*writer)->Append(operation, {});
  auto finished = (*writer)->Finish();
  if (!finished) return tl::make_unexpected(finished.error());
  return Ok();
}

}  // namespace nicreplay

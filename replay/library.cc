// SPDX-License-Identifier: MIT
#include "replay/library.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string_view>
#include <utility>
#include <vector>

#include "models/c_adapter.h"
#include "models/registry.h"
#include "replay/recorder.h"
#include "replay/stream.h"

namespace nicreplay {
namespace {

constexpr const char* kRecordOption = "record";
constexpr const char* kEnvironmentOption = "environment";
constexpr const char* kPluginsVariable = "NICREPLAY_PLUGINS";

void Report(const Error& error) { fmt::print(stderr, "libnicreplay: {}\n", error.ToString()); }

// A device that owns the trace of itself.
class TracedDevice : public Device {
 public:
  TracedDevice(std::unique_ptr<TraceWriter> writer, std::unique_ptr<RecordingDevice> device)
      : writer_(std::move(writer)), device_(std::move(device)) {}
  TracedDevice(const TracedDevice&) = delete;
  TracedDevice& operator=(const TracedDevice&) = delete;
  ~TracedDevice() override {
    device_.reset();
    if (const auto footer = writer_->Finish(); !footer) Report(footer.error());
  }

  const DeviceInfo& info() const override { return device_->info(); }
  std::uint64_t Read(const Access& access) override { return device_->Read(access); }
  void Write(const Access& access, std::uint64_t value) override { device_->Write(access, value); }
  std::uint32_t ConfigRead(std::uint8_t offset, std::uint8_t size) override {
    return device_->ConfigRead(offset, size);
  }
  void ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value) override {
    device_->ConfigWrite(offset, size, value);
  }
  bool CanReceive() const override { return device_->CanReceive(); }
  ReceiveResult Receive(const Frame& frame) override { return device_->Receive(frame); }
  std::size_t ReceiveRoom(std::size_t size) const override { return device_->ReceiveRoom(size); }
  OffloadSet ReceiveOffloads() const override { return device_->ReceiveOffloads(); }
  void Work() override { device_->Work(); }
  void Poll() override { device_->Poll(); }
  void SetLink(LinkState state) override { device_->SetLink(state); }
  void Timer(TimerId id) override { device_->Timer(id); }
  void Reset() override { device_->Reset(); }
  std::size_t StateSize() const override { return device_->StateSize(); }
  void Save(MutableBytes out) const override { device_->Save(out); }
  bool Load(Bytes state) override { return device_->Load(state); }

 private:
  std::unique_ptr<TraceWriter> writer_;
  std::unique_ptr<RecordingDevice> device_;
};

Result<std::unique_ptr<Device>> CreateTraced(const ModelEntry& model, const Options& options,
                                             const std::string& path, std::string environment,
                                             Host& host) {
  TraceHeader header;
  header.model = model.name;
  header.options = options.ToString();
  header.recorder = "libnicreplay " NICREPLAY_VERSION;
  header.environment = std::move(environment);
  auto writer = TraceWriter::Create(path, std::move(header));
  if (!writer) return tl::make_unexpected(writer.error());
  auto device = RecordingDevice::Create(model, options, host, **writer);
  if (!device) {
    writer->reset();
    std::remove((path + kIncompleteSuffix).c_str());
    return tl::make_unexpected(device.error());
  }
  return std::make_unique<TracedDevice>(std::move(*writer), std::move(*device));
}

Result<std::unique_ptr<Device>> Create(const ModelEntry& self, const Options& options, Host& host) {
  const auto& model = *static_cast<const ModelEntry*>(self.context);
  Options left = options;
  const std::string path = left.TakeText(kRecordOption, "");
  std::string environment = left.TakeText(kEnvironmentOption, "");
  if (path.empty()) return model.create(model, left, host);
  return CreateTraced(model, left, path, std::move(environment), host);
}

ModelEntry Recordable(const ModelEntry& model) {
  ModelEntry entry = model;
  if (!entry.options.empty() && entry.options.back() != '\n') entry.options += '\n';
  entry.options += fmt::format("{}=PATH  write a trace\n{}=TEXT  for the trace's header",
                               kRecordOption, kEnvironmentOption);
  entry.create = Create;
  entry.context = &model;
  return entry;
}

void LoadPlugins(std::string_view paths) {
  while (!paths.empty()) {
    const std::string_view path = paths.substr(0, paths.find(':'));
    paths.remove_prefix(std::min(paths.size(), path.size() + 1));
    if (path.empty()) continue;
    if (const auto loaded = LoadPlugin(std::string(path)); !loaded) Report(loaded.error());
  }
}

struct Exported {
  std::deque<ModelEntry> entries;  // pointers to them stay good
  std::vector<const nr_model*> models;
  nr_library library;

  Exported() {
    if (const char* plugins = std::getenv(kPluginsVariable)) LoadPlugins(plugins);
    for (const ModelEntry* model : Models()) {
      entries.push_back(Recordable(*model));
      models.push_back(ExportModel(entries.back()));
    }
    library = {NICREPLAY_API_VERSION, models.size(), models.data()};
  }
};

}  // namespace

const nr_library* Library() {
  static const auto& exported = *new Exported;
  return &exported.library;
}

}  // namespace nicreplay

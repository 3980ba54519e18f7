// SPDX-License-Identifier: MIT
// Logs of hostile bytes, imported into a machine with an e1000.
#include "models/registry.h"
#include "qtest/import.h"
#include "replay/machine.h"

namespace {

class MachineSink : public nicreplay::OperationSink {
 public:
  MachineSink() : machine_(std::size_t{1} << 20, nicreplay::MemoryKind::kSparse) {
    device_ = std::move(*nicreplay::CreateModel("e1000-stock", "", machine_));
    machine_.Attach(device_.get());
  }
  void Restart() {
    machine_.Restart({});
    device_->PowerCycle();
    count_ = 0;
  }
  std::uint64_t Do(const nicreplay::Stimulus& operation) override {
    ++count_;
    return machine_.Apply(operation);
  }
  bool Done() const override { return count_ >= 1000; }

 private:
  nicreplay::Machine machine_;
  std::unique_ptr<nicreplay::Device> device_;
  std::size_t count_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static MachineSink sink;
  sink.Restart();
  nicreplay::ImportOptions options;
  options.ram_size = std::size_t{1} << 20;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(nicreplay::ImportQtest(text, options, sink));
  return 0;
}

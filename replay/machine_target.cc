// SPDX-License-Identifier: MIT
#include "replay/machine.h"
#include "replay/target.h"

namespace nicreplay {

namespace {

class FrameCollector : public Machine {
 public:
  using Machine::Machine;

  void Transmit(const Frame& frame) override {
    std::vector<std::uint8_t>& whole = frames.emplace_back();
    whole.reserve(frame.size());
    for (const Bytes& piece : frame.pieces) whole.insert(whole.end(), piece.begin(), piece.end());
  }

  std::vector<std::vector<std::uint8_t>> frames;
};

class MachineTarget : public Target {
 public:
  MachineTarget(std::string name, std::size_t ram_size)
      : name_(std::move(name)), machine_(ram_size) {}

  Status Create(const std::string& options) {
    auto device = CreateModel(name_, options, machine_);
    if (!device) return tl::make_unexpected(device.error());
    device_ = std::move(*device);
    machine_.Attach(device_.get());
    return Ok();
  }

  std::uint64_t Apply(const Stimulus& operation) override { return machine_.Apply(operation); }
  void ReadMemory(GuestAddress address, MutableBytes out) override {
    machine_.DmaRead(address, out);
  }
  LineLevel line() override { return machine_.line(); }
  std::vector<std::vector<std::uint8_t>> TakeFrames() override {
    return std::exchange(machine_.frames, {});
  }
  const std::optional<Error>& error() const override { return error_; }
  std::string name() const override { return name_; }

 private:
  std::string name_;
  FrameCollector machine_;
  std::unique_ptr<Device> device_;
  std::optional<Error> error_;
};

}  // namespace

Result<std::unique_ptr<Target>> CreateMachineTarget(const std::string& model,
                                                    const std::string& options,
                                                    std::size_t ram_size) {
  auto target = std::make_unique<MachineTarget>(model, ram_size);
  if (auto created = target->Create(options); !created) {
    return tl::make_unexpected(created.error());
  }
  return target;
}

}  // namespace nicreplay

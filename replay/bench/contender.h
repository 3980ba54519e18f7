// SPDX-License-Identifier: MIT
// One row of the table on one workload: a device, its driver, and the loop that keeps them busy.
//
// The machine's virtual clock runs with the clock on the wall, plus what exits are said to cost.
// Where the driver has nothing to do until the device's timers or deferred work, it leaps there and
// nothing is charged.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "replay/bench/bench_machine.h"
#include "replay/bench/bus.h"
#include "replay/bench/measurement.h"
#include "replay/bench/native_driver.h"
#include "replay/bench/row.h"
#include "replay/bench/wire.h"
#include "replay/bench/workload.h"

namespace nicreplay::bench {

class Contender final : public Measurable {
 public:
  // The device is up and has passed its check: what it sends and receives is, byte for byte and
  // super-frames cut, what the workload says.
  static Result<std::unique_ptr<Contender>> Create(const Row& row, const Workload& workload,
                                                   Wire& wire, Nanoseconds exit_cost);

  Result<Measurement> Run(std::chrono::nanoseconds time) override;

 private:
  using Clock = std::chrono::steady_clock;

  Contender(const Row& row, const Workload& workload, Wire& wire, Nanoseconds exit_cost);

  Status Start();
  Result<std::unique_ptr<Device>> CreateDevice();
  Status CheckContents();
  void PlacePackets();

  // Neither clock runs between Pause and Resume.
  void Resume();
  void Pause();
  void Tick();
  void Poll();
  void ServiceIfRaised() {
    if (machine_.TakeInterrupt()) driver_->Service();
  }
  // Lets the device do what the driver waits for.
  void Idle();
  template <typename Done>
  Status WaitUntil(Done done);

  Status Transmit(std::uint64_t packets);
  Status TransmitSome();
  std::size_t PacketsAtOnce() const;
  Status Drain();
  Status Receive(std::size_t packets);
  Status Exchange(std::uint64_t last);
  Status DeliverAll(std::uint64_t frames);
  Status CheckCounts() const;
  std::uint64_t exits() const { return bus_->exits() + machine_.interrupts(); }
  bool harness() const { return row_.model.empty(); }

  const Row row_;
  const Workload& workload_;
  Wire& wire_;
  const Nanoseconds exit_cost_;
  BenchMachine machine_;
  std::unique_ptr<Device> device_;
  std::optional<Bus> bus_;
  std::unique_ptr<NativeDriver> driver_;
  std::optional<Incoming> incoming_;
  std::vector<TransmitPacket> packets_;
  std::size_t next_packet_ = 0;
  // Since the device is up:
  std::uint64_t packets_sent_ = 0;
  std::uint64_t packets_offered_ = 0;
  // Of the current run:
  Stopwatch stopwatch_;
  Clock::time_point resumed_;
  // The virtual clock at the time of resumed_, leaps included.
  Nanoseconds virtual_base_ = 0;
  Nanoseconds next_poll_ = 0;
};

}  // namespace nicreplay::bench

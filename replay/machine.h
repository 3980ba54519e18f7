// SPDX-License-Identifier: MIT
// A native machine around one device: RAM (from address 0, or wherever the device looks), a virtual
// clock with the device's timers, a network port. It is what tests, generators, fuzzers and
// benchmarks drive, without a guest.
#pragma once

#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "models/device.h"
#include "replay/copy_small.h"
#include "replay/event.h"
#include "replay/net_port.h"
#include "replay/sparse_ram.h"

namespace nicreplay {

// Where RAM is: from address 0, or wherever the device looks, up to its size (SparseRam).
enum class MemoryKind : std::uint8_t { kFlat, kSparse };

class Machine : public Host {
 public:
  static constexpr std::size_t kMaxTimers = 16;
  static constexpr Nanoseconds kNotArmed = ~Nanoseconds{0};

  // What is not RAM reads 0 and takes no writes; so does the device's own memory BAR while it
  // decodes, because a device's DMA to itself is blocked while it works.
  explicit Machine(std::size_t ram_size, MemoryKind kind = MemoryKind::kFlat);

  // The device is created on this machine as its host; the machine outlives it.
  void Attach(Device* device);

  // Empty if RAM is sparse.
  MutableBytes ram() { return {ram_.get(), ram_size_}; }
  Bytes ram() const { return {ram_.get(), ram_size_}; }
  // Null unless RAM is everywhere.
  const SparseRam* sparse_ram() const { return sparse_.get(); }
  SparseRam* sparse_ram() { return sparse_.get(); }
  NetPort& port() { return port_; }

  // The machine as it was when it was made, for a device that is power-cycled.  Sparse RAM is
  // untouched and begins as `contents`; other RAM stays as it is.
  void Restart(const SparseRam::Page& contents);
  LineLevel line() const { return line_; }

  // Lets time pass up to stimulus.time, then does what the stimulus says: kFrame offers the frame
  // to the port (a burst with its last frame), kMemory writes RAM, kTimer does nothing (timers are
  // the machine's), kWork runs the device's work if it asked for it.  Returns the value of a read,
  // 0 otherwise.
  std::uint64_t Apply(const Stimulus& stimulus);

  // When the timer fires, kNotArmed: not armed.
  Nanoseconds deadline(TimerId id) const { return deadlines_[id % kMaxTimers]; }

  // When the next timer fires or work is due, kNotArmed: nothing is.
  Nanoseconds next_deadline() const { return next_deadline_; }

  // When the device's work has to run at the latest, kNotArmed: it has none.
  Nanoseconds work_deadline() const { return work_deadline_; }

  // What the network takes besides wire frames: none at first.
  void set_transmit_offloads(OffloadSet offloads) { transmit_offloads_ = offloads; }

  // How often timers were armed or cancelled, or all together by Restart.
  std::uint64_t timer_changes() const { return armed_; }
  bool SameDeadlines(const Machine& other) const { return deadlines_ == other.deadlines_; }

  // Learns where the device's memory BAR lies; to be called after configuration writes.
  void MapWindow();

  // Lets time pass; timers fire at their deadlines, those with the same deadline in the order they
  // were armed, and work runs at its deadline, after the timers of that moment.
  void AdvanceTo(Nanoseconds time);
  void AdvanceBy(Nanoseconds time) { AdvanceTo(now_ + time); }

  Nanoseconds Now() override { return now_; }
  void DmaRead(GuestAddress address, MutableBytes out) override {
    if (const std::uint8_t* direct = Direct(address, out.size())) {
      CopySmall(out.data(), direct, out.size());
    } else {
      ReadParts(address, out);
    }
  }
  void DmaWrite(GuestAddress address, Bytes data) override {
    if (std::uint8_t* direct = Direct(address, data.size())) {
      CopySmall(direct, data.data(), data.size());
    } else {
      WriteParts(address, data);
    }
  }
  Bytes MapRead(GuestAddress address, std::size_t size) override;
  void Transmit(const Frame&) override {}
  OffloadSet TransmitOffloads() override { return transmit_offloads_; }
  void SetInterrupt(LineLevel level) override { line_ = level; }
  void ArmTimer(TimerId id, Nanoseconds deadline) override;
  void CancelTimer(TimerId id) override;
  void RequestWork(Nanoseconds deadline) override;
  void CancelWork() override;
  void FlushReceive() override { port_.Flush(); }

 private:
  // The range in RAM where it lies there whole, below the device's memory BAR; else null, which
  // says nothing.
  std::uint8_t* Direct(GuestAddress address, std::size_t size) const {
    return address < direct_size_ && size <= direct_size_ - address ? ram_.get() + address
                                                                    : nullptr;
  }
  void ReadParts(GuestAddress address, MutableBytes out);
  void WriteParts(GuestAddress address, Bytes data);
  template <typename F>
  void ForEachPart(GuestAddress address, std::size_t size, F f);
  void FindNextDeadline();
  void FireTimer();
  void OfferFrame(const Stimulus& stimulus);
  bool IsShadowed(const Stimulus& stimulus) const;
  std::uint64_t AccessShadow(const Stimulus& stimulus);

  struct Free {
    void operator()(std::uint8_t* memory) const { std::free(memory); }
  };

  std::unique_ptr<std::uint8_t[], Free> ram_;  // pages of it appear when they are touched
  std::size_t ram_size_;
  std::size_t direct_size_;  // RAM below the device's memory BAR
  std::unique_ptr<SparseRam> sparse_;
  Device* device_ = nullptr;
  NetPort port_;
  Nanoseconds now_ = 0;
  LineLevel line_ = LineLevel::kLow;
  GuestAddress window_ = 0;  // the device's memory BAR
  std::uint64_t window_size_ = 0;
  std::array<Nanoseconds, kMaxTimers> deadlines_;
  std::array<std::uint64_t, kMaxTimers> order_{};  // of arming, for equal deadlines
  std::uint64_t armed_ = 0;                        // ArmTimer calls so far
  Nanoseconds work_deadline_ = kNotArmed;
  Nanoseconds next_deadline_ = kNotArmed;  // of a timer or work
  OffloadSet transmit_offloads_ = 0;
};

}  // namespace nicreplay

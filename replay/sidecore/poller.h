// SPDX-License-Identifier: MIT
// The polling core of a device with shadow pages, as a thread, for hosts that have threads.
//
// Who may do what:
//  - The device, and everything that it is told of its host, belongs to whoever holds the lock.
//    WithDevice takes it; the poller holds it while it polls.  So a device stays single-threaded.
//  - The guest's cores reach the shadow pages without the lock, by Read and Write here, or where
//    the host maps the pages.  Each word is atomic: a store is a release, a load an acquire, on
//    both sides.  So the device sees what a driver stored before it rang a doorbell, and a driver
//    that sees TDH pass a descriptor sees what the device wrote before.
//  - Whether the pages are in use is one flag, written under the lock after each call of the
//    device.  A core that has just seen it set may still write to a page that is no longer
//    watched: that is a driver that races itself, disabling the device while it rings it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <thread>

#include "models/device.h"
#include "models/shadow_pages.h"

namespace nicreplay {

class SidecorePoller {
 public:
  // Polls from now on until it is destroyed, with `pause` between two polls; 0: as often as it can.
  // The device has shadow pages and outlives the poller.
  SidecorePoller(Device& device, std::chrono::nanoseconds pause);
  ~SidecorePoller();
  SidecorePoller(const SidecorePoller&) = delete;
  SidecorePoller& operator=(const SidecorePoller&) = delete;

  // Any call of the device, from any thread: f(device).
  template <typename F>
  auto WithDevice(F f) {
    const Turn turn(*this);
    return f(device_);
  }

  // What a core of the guest does to a dword register of BAR 0; `offset` is a multiple of 4.
  std::uint32_t Read(std::uint32_t offset);
  void Write(std::uint32_t offset, std::uint32_t value);

  std::uint64_t polls() const { return polls_.load(std::memory_order_relaxed); }

 private:
  // Holds the lock; at its end the flag is brought up to date.
  class Turn {
   public:
    explicit Turn(SidecorePoller& poller) : poller_(poller), lock_(poller.mutex_) {}
    ~Turn() { poller_.active_.store(poller_.pages_.active(), std::memory_order_release); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    SidecorePoller& poller_;
    const std::lock_guard<std::mutex> lock_;
  };

  std::atomic<std::uint32_t>* FindActive(std::uint32_t offset) const;
  void Run();

  Device& device_;
  ShadowPages& pages_;
  const std::chrono::nanoseconds pause_;
  std::mutex mutex_;
  std::atomic<bool> active_ = false;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::uint64_t> polls_ = 0;
  std::thread thread_;
};

}  // namespace nicreplay

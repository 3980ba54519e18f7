// SPDX-License-Identifier: MIT
#include "replay/sidecore/poller.h"

namespace nicreplay {

SidecorePoller::SidecorePoller(Device& device, std::chrono::nanoseconds pause)
    : device_(device), pages_(*device.shadow()), pause_(pause), thread_([this] { Run(); }) {}

SidecorePoller::~SidecorePoller() {
  stopping_.store(true, std::memory_order_relaxed);
  thread_.join();
}

void SidecorePoller::Run() {
  while (!stopping_.load(std::memory_order_relaxed)) {
    WithDevice([](Device& device) { device.Poll(); });
    polls_.fetch_add(1, std::memory_order_relaxed);
    if (pause_.count() != 0) {
      std::this_thread::sleep_for(pause_);
    } else {
      std::this_thread::yield();
    }
  }
}

std::atomic<std::uint32_t>* SidecorePoller::FindActive(std::uint32_t offset) const {
  return active_.load(std::memory_order_acquire) ? pages_.Find(offset) : nullptr;
}

std::uint32_t SidecorePoller::Read(std::uint32_t offset) {
  if (const auto* word = FindActive(offset)) return word->load(std::memory_order_acquire);
  return WithDevice([offset](Device& device) {
    return static_cast<std::uint32_t>(device.Read({0, 4, offset}));
  });
}

void SidecorePoller::Write(std::uint32_t offset, std::uint32_t value) {
  if (auto* word = FindActive(offset)) {
    word->store(value, std::memory_order_release);
    return;
  }
  WithDevice([=](Device& device) { device.Write({0, 4, offset}, value); });
}

}  // namespace nicreplay

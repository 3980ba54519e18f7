// SPDX-License-Identifier: MIT
#include "replay/guest_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "replay/bitmap.h"

namespace nicreplay {

namespace {

constexpr std::uint64_t kPage = 4096;

std::uint8_t* Reserve(std::uint64_t size) {
  void* at = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return at == MAP_FAILED ? nullptr : static_cast<std::uint8_t*>(at);
}

// Calls f(address, offset into the range, length) for parts that lie wholly inside the window or in
// one page above it, wrapping past 2^64, until f returns false.
template <typename F>
void ForEachPart(GuestAddress address, std::uint64_t size, F f) {
  std::uint64_t done = 0;
  while (done < size) {
    const GuestAddress at = address + done;
    const std::uint64_t room =
        at < GuestMemory::kWindow ? GuestMemory::kWindow - at : kPage - (at & (kPage - 1));
    const std::uint64_t part = std::min(size - done, room);
    if (!f(at, done, part)) return;
    done += part;
  }
}

}  // namespace

Result<std::unique_ptr<GuestMemory>> GuestMemory::Create() {
  std::unique_ptr<GuestMemory> memory(new GuestMemory);
  memory->data_ = Reserve(kWindow);
  memory->known_ = Reserve(kWindow / 8);
  memory->present_ = Reserve(kWindow / kPage);
  if (memory->data_ == nullptr || memory->known_ == nullptr || memory->present_ == nullptr) {
    return Fail(ErrorCode::kIo, std::string("cannot reserve address space for guest memory (") +
                                    std::strerror(errno) +
                                    "); raise `ulimit -v` or set vm.overcommit_memory to 0 or 1");
  }
  return memory;
}

GuestMemory::~GuestMemory() {
  if (data_ != nullptr) munmap(data_, kWindow);
  if (known_ != nullptr) munmap(known_, kWindow / 8);
  if (present_ != nullptr) munmap(present_, kWindow / kPage);
}

void GuestMemory::Read(GuestAddress address, MutableBytes out) const {
  ForEachPart(address, out.size(), [&](GuestAddress at, std::uint64_t offset, std::uint64_t part) {
    if (at < kWindow) {
      std::memcpy(out.data() + offset, data_ + at, part);
    } else if (auto page = high_.find(at / kPage); page != high_.end()) {
      std::memcpy(out.data() + offset, &page->second->data[at % kPage], part);
    } else {
      std::memset(out.data() + offset, 0, part);
    }
    return true;
  });
}

bool GuestMemory::Known(GuestAddress address, std::uint64_t size) const {
  bool known = true;
  ForEachPart(address, size, [&](GuestAddress at, std::uint64_t, std::uint64_t part) {
    if (at < kWindow) {
      known = AllBitsSet(known_, at, part);
    } else {
      const auto page = high_.find(at / kPage);
      known = page != high_.end() && AllBitsSet(page->second->known.data(), at % kPage, part);
    }
    return known;
  });
  return known;
}

bool GuestMemory::Admit(GuestAddress address, std::uint64_t size) {
  const std::uint64_t last = (address + size - 1) / kPage;
  for (std::uint64_t page = address / kPage; page <= last; ++page) {
    if (present_[page] != 0) continue;
    if (pages_ >= kMaxPages) return false;
    present_[page] = 1;
    ++pages_;
  }
  return true;
}

GuestMemory::HighPage* GuestMemory::AdmitHigh(std::uint64_t page) {
  auto found = high_.find(page);
  if (found == high_.end()) {
    if (high_.size() >= kMaxHighPages) return nullptr;
    found = high_.emplace(page, std::make_unique<HighPage>()).first;
  }
  return found->second.get();
}

void GuestMemory::Write(GuestAddress address, Bytes data) {
  ForEachPart(address, data.size(), [&](GuestAddress at, std::uint64_t offset, std::uint64_t part) {
    if (at < kWindow) {
      if (!Admit(at, part)) return true;
      std::memcpy(data_ + at, data.data() + offset, part);
      SetBits(known_, at, part);
    } else if (HighPage* page = AdmitHigh(at / kPage)) {
      std::memcpy(&page->data[at % kPage], data.data() + offset, part);
      SetBits(page->known.data(), at % kPage, part);
    }
    return true;
  });
}

void GuestMemory::DeviceWrite(GuestAddress address, Bytes data) {
  if (holes_.empty()) {
    Write(address, data);
    return;
  }
  for (std::size_t done = 0; done < data.size();) {
    const GuestAddress at = address + done;
    const std::size_t part = std::min<std::size_t>(data.size() - done, kPage - at % kPage);
    if (!holes_.contains(at / kPage)) Write(at, data.subspan(done, part));
    done += part;
  }
}

}  // namespace nicreplay

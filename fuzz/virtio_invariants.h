// SPDX-License-Identifier: MIT
// What a virtio-net device must never do, whatever its driver does, by what it is seen to read and
// write: it writes only to its own parts of the rings, to messages, and to pieces of buffers that
// it looked at more often than it gave them back; it gives back only what it was seen to look at,
// not more often, and (in split rings) says of no more bytes than fit that they were written.
//
// Nothing is asked while the layout is not known, such as after odd writes of queue registers.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/capturing_machine.h"
#include "fuzz/operation_sink.h"
#include "fuzz/virtio_input.h"

namespace nicreplay {

class VirtioInvariants final : public DmaWatch, public OperationSink {
 public:
  // Watches `machine`, whose device does what is passed on to `next`.  To be told of the layout
  // before the first operation.
  VirtioInvariants(CapturingMachine& machine, OperationSink& next);
  ~VirtioInvariants() override;
  VirtioInvariants(const VirtioInvariants&) = delete;
  VirtioInvariants& operator=(const VirtioInvariants&) = delete;
  void set_layout(const VirtioLayout* layout) { layout_ = layout; }

  std::uint64_t Do(const Stimulus& operation) override;
  bool Done() const override { return violation_ || next_.Done(); }
  // The first, in words.
  const std::optional<std::string>& violation() const { return violation_; }

  void OnRead(GuestAddress address, Bytes data) override;
  void OnWrite(GuestAddress address, Bytes data) override;

 private:
  struct Range {
    GuestAddress address;
    std::uint64_t size;
    bool Holds(GuestAddress at, std::uint64_t bytes) const {
      return at - address < size && bytes <= size - (at - address);
    }
  };
  // An element as it was when the device looked at it.
  struct Element {
    std::vector<Range> writable;
    std::vector<Range> tables;
  };
  // Every look at those of one name, and how many were given back: a driver may have made it
  // available more than once.
  struct Taken {
    std::vector<Element> looks;
    std::size_t returned = 0;
  };
  struct Watched {
    std::uint32_t epoch = 0;
    // By what the used ring names them by.
    std::map<std::uint32_t, Taken> taken;
    Taken* latest = nullptr;                // the descriptors of its last look are being read
    bool begins = false;                    // none of them was read yet
    std::uint32_t packed_next = 0;          // the slot that would continue it
    std::optional<std::uint32_t> returned;  // packed: the id of a used descriptor under way
  };

  void Follow();
  enum class Place : std::uint8_t { kRing, kTable };  // of a descriptor
  void ReadDescriptor(Watched& watched, const virtio::DriverRing& ring, Place place, Bytes data);
  bool ReadOfRing(std::size_t queue, GuestAddress address, Bytes data);
  bool WriteOfRing(std::size_t queue, GuestAddress address, Bytes data);
  bool WriteOfBuffer(const Watched& watched, GuestAddress address, Bytes data) const;
  void GiveBack(std::size_t queue, std::uint32_t id, std::uint64_t length);
  void Violate(const std::string& what);

  CapturingMachine& machine_;
  OperationSink& next_;
  const VirtioLayout* layout_ = nullptr;
  bool watching_ = false;  // the device acts, and the layout is known
  std::array<Watched, VirtioLayout::kMaxRings> queues_;
  std::optional<std::string> violation_;
};

}  // namespace nicreplay

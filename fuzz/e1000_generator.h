// SPDX-License-Identifier: MIT
// A generator of e1000 driver behaviour: episodes of what drivers do (rings, offloads, filters,
// link, EEPROM, PHY) mixed with what no driver does (garbage registers, hostile descriptors,
// addresses that wrap or refer to themselves).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "fuzz/operation_sink.h"
#include "fuzz/random.h"
#include "models/e1000/descriptors.h"
#include "models/net/super_frame.h"

namespace nicreplay {

class E1000Generator {
 public:
  static constexpr std::size_t kRamSize = std::size_t{1} << 20;

  // RAM for rings and buffers.  Addresses around its end are used, too: nothing else may be there.
  struct Window {
    GuestAddress base = 0;
    std::size_t size = kRamSize;
  };

  // Whether there is traffic for which optimizations exist, too: well-formed offloads, bursts,
  // super-frames, doorbells close together, and what is nearly that.
  enum class Traffic : std::uint8_t { kAny, kOptimized };

  // The same seed drives the same operations, given the same answers.
  E1000Generator(std::uint64_t seed, OperationSink& sink) : E1000Generator(seed, sink, Window{}) {}
  E1000Generator(std::uint64_t seed, OperationSink& sink, Window window,
                 Traffic traffic = Traffic::kAny)
      : random_(seed), sink_(sink), window_(window), traffic_(traffic) {}

  // Brings the device up as firmware and a driver do, then runs episodes until the sink is done.
  void Run();

  // The kinds of episodes of any traffic, by name; each runs in every session with its own weight.
  static std::vector<std::string_view> ModeNames();

 private:
  struct Mode {
    std::string_view name;
    unsigned weight;
    void (E1000Generator::*episode)();
  };
  static const Mode kModes[];
  static const Mode kOptimizedModes[];

  struct Ring {
    GuestAddress base = 0;
    std::uint32_t count = 8;  // descriptors
    std::uint32_t tail = 0;
  };

  // Operations (e1000_generator.cc)
  std::uint64_t Do(Stimulus operation);
  std::uint32_t Read(std::uint32_t offset, std::uint8_t size = 4);
  void Write(std::uint32_t offset, std::uint64_t value, std::uint8_t size = 4);
  void ConfigWrite(std::uint8_t offset, std::uint8_t size, std::uint32_t value);
  void Memory(GuestAddress address, Bytes bytes);
  enum class Burst : std::uint8_t { kEnds, kGoesOn };
  void Offer(Bytes frame, const Offload& offload = {}, Burst burst = Burst::kEnds);
  void Elapse(Nanoseconds time);
  void Wait();
  void MapBars();

  // Choices (e1000_choices.cc)
  std::uint32_t AnyValue();
  std::uint32_t AnyOffset();
  GuestAddress RamAddress(std::size_t size);
  GuestAddress AnyAddress(std::size_t size);
  std::uint16_t AnyLength();
  std::vector<std::uint8_t> AnyFrame();
  std::vector<std::uint8_t> TcpFrame(std::size_t payload, std::size_t header);
  e1000::RawDescriptor AnyContext();
  e1000::RawDescriptor AnyTransmit();
  void StartTransmitRing();
  void StartReceiveRing();
  void FillReceiveRing(std::uint32_t count);
  void Push(const std::vector<e1000::RawDescriptor>& descriptors);

  // Traffic for optimizations (e1000_traffic.cc)
  SuperFrameRecipe AnyRecipe();
  void SpoilHeaders(std::size_t start, std::vector<std::uint8_t>* frame);
  void PushSegmented(std::vector<e1000::RawDescriptor>* ring);
  void PushPartial(std::vector<e1000::RawDescriptor>* ring);
  void PushPlain(std::vector<e1000::RawDescriptor>* ring);
  void PushPieces(const std::vector<std::uint8_t>& frame, std::uint32_t command, std::uint8_t popts,
                  std::vector<e1000::RawDescriptor>* ring);
  void SetUpDriver();
  void Drive();
  void Bursts();
  void Doorbells();

  // Episodes (e1000_episodes.cc)
  void Registers();
  void PartialAccesses();
  void Interrupts();
  void Eeprom();
  void Phy();
  void Filters();
  void Transmit();
  void Segment();
  void HostileTransmit();
  void Receive();
  void HostileReceive();
  void Loopback();
  void Link();
  void Statistics();
  void Configuration();
  void TimePasses();
  void Reset();

  Random random_;
  OperationSink& sink_;
  Window window_;
  Traffic traffic_ = Traffic::kAny;
  Nanoseconds now_ = 0;
  Ring tx_;
  Ring rx_;
};

}  // namespace nicreplay

// SPDX-License-Identifier: MIT
// Saving and loading of state.  Every part of the device lists its fields once, in Archived(self,
// archive); the three archives here measure and write them, check them, and read them.  Loading
// checks everything first, so that a refused state changes nothing.
//
// Layout: the fields in order, little endian, without padding.  An archive has these operations:
//   Number(value, allowed)  an integer with no bits outside `allowed`
//   Bounded(value, last)    an integer or enumerator from 0 to `last`
//   Flag(value)             a bool, one byte
//   Buffer(bytes)           an array of bytes
//   Buffer(bytes, used)     one whose bytes from `used` on are 0
//   Registers(dwords, used) the values of BAR 0; without a bit in `used`, a block of them is 0
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <limits>

#include "models/device.h"
#include "models/e1000/registers.h"

namespace nicreplay::e1000 {

class SizeArchive {
 public:
  template <typename T>
  void Number(const T&, T = {}) {
    size_ += sizeof(T);
  }
  void Flag(const bool&) { size_ += 1; }
  template <typename T>
  void Bounded(const T&, T) {
    size_ += sizeof(T);
  }
  template <std::size_t N>
  void Buffer(const std::array<std::uint8_t, N>&, std::size_t = 0) {
    size_ += N;
  }
  void Registers(const std::array<std::uint32_t, kDwords>& dwords, std::uint32_t) {
    size_ += sizeof(dwords);
  }

  std::size_t size() const { return size_; }

 private:
  std::size_t size_ = 0;
};

// Writes to a buffer that is large enough.
class SaveArchive {
 public:
  explicit SaveArchive(MutableBytes out) : next_(out.data()) {}

  template <typename T>
  void Number(const T& value, T = {}) {
    Put(&value, sizeof(value));
  }
  void Flag(const bool& value) { Number(static_cast<std::uint8_t>(value)); }
  template <typename T>
  void Bounded(const T& value, T) {
    Put(&value, sizeof(value));
  }
  template <std::size_t N>
  void Buffer(const std::array<std::uint8_t, N>& bytes, std::size_t = 0) {
    Put(bytes.data(), N);
  }
  void Registers(const std::array<std::uint32_t, kDwords>& dwords, std::uint32_t) {
    Put(dwords.data(), sizeof(dwords));
  }

 private:
  void Put(const void* from, std::size_t size) {
    std::memcpy(next_, from, size);
    next_ += size;
  }

  std::uint8_t* next_;
};

// Reads from a buffer of the right size.
class LoadArchive {
 public:
  explicit LoadArchive(Bytes state) : next_(state.data()) {}

  template <typename T>
  void Number(T& value, T = {}) {
    Take(&value, sizeof(value));
  }
  void Flag(bool& value) {
    std::uint8_t byte = 0;
    Number(byte);
    value = byte != 0;
  }
  template <typename T>
  void Bounded(T& value, T) {
    Take(&value, sizeof(value));
  }
  template <std::size_t N>
  void Buffer(std::array<std::uint8_t, N>& bytes) {
    Take(bytes.data(), N);
  }
  template <std::size_t N>
  void Buffer(std::array<std::uint8_t, N>& bytes, std::size_t& used) {
    Buffer(bytes);
    used = N;
  }
  void Registers(std::array<std::uint32_t, kDwords>& dwords, std::uint32_t& used) {
    Take(dwords.data(), sizeof(dwords));
    used = ~std::uint32_t{0};
  }

 private:
  void Take(void* to, std::size_t size) {
    std::memcpy(to, next_, size);
    next_ += size;
  }

  const std::uint8_t* next_;
};

// Only what is small: for a device that clears its registers and buffers otherwise.
template <typename Base>
class SmallArchive : public Base {
 public:
  using Base::Base;
  template <std::size_t N>
  void Buffer(const std::array<std::uint8_t, N>&, std::size_t = 0) {}
  void Registers(const std::array<std::uint32_t, kDwords>&, std::uint32_t) {}
};

// Whether all dwords of BAR 0 have values that their registers can hold; no register holds 0.
bool RegistersCanHold(Bytes dwords);

// Whether a buffer of the right size holds a state that the device can be in.
class CheckArchive {
 public:
  explicit CheckArchive(Bytes state) : next_(state.data()) {}

  bool valid() const { return valid_; }

  template <typename T>
  void Number(const T&, T allowed = std::numeric_limits<T>::max()) {
    T value{};
    Take(&value, sizeof(value));
    valid_ = valid_ && (value & ~allowed) == 0;
  }
  void Flag(const bool&) { Number(std::uint8_t{}, std::uint8_t{1}); }
  template <typename T>
  void Bounded(const T&, T last) {
    T value{};
    Take(&value, sizeof(value));
    valid_ = valid_ && value <= last;
  }
  template <std::size_t N>
  void Buffer(const std::array<std::uint8_t, N>&, std::size_t = 0) {
    next_ += N;
  }
  void Registers(const std::array<std::uint32_t, kDwords>& dwords, std::uint32_t) {
    valid_ = valid_ && RegistersCanHold({next_, sizeof(dwords)});
    next_ += sizeof(dwords);
  }

 private:
  void Take(void* to, std::size_t size) {
    std::memcpy(to, next_, size);
    next_ += size;
  }

  const std::uint8_t* next_;
  bool valid_ = true;
};

}  // namespace nicreplay::e1000

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
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <limits>

#include "models/device.h"

namespace nicreplay {

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
  void Buffer(const std::array<std::uint8_t, N>&) {
    size_ += N;
  }

  std::size_t size() const { return size_; }

 protected:
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
  void Buffer(const std::array<std::uint8_t, N>& bytes) {
    Put(bytes.data(), N);
  }

 protected:
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

 protected:
  void Take(void* to, std::size_t size) {
    std::memcpy(to, next_, size);
    next_ += size;
  }

  const std::uint8_t* next_;
};

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
  void Buffer(const std::array<std::uint8_t, N>&) {
    next_ += N;
  }

 protected:
  void Take(void* to, std::size_t size) {
    std::memcpy(to, next_, size);
    next_ += size;
  }

  const std::uint8_t* next_;
  bool valid_ = true;
};

}  // namespace nicreplay

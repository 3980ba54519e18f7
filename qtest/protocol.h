// SPDX-License-Identifier: MIT
// The qtest protocol of QEMU as text and back: commands to QEMU, and the lines that it answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/device.h"
#include "models/result.h"

namespace nicreplay {

struct QtestCommand {
  enum class Kind : std::uint8_t {
    kRead,         // readb..readq: size, address
    kWrite,        // writeb..writeq: size, address, value
    kIn,           // inb..inl: size, address
    kOut,          // outb..outl: size, address, value
    kReadMemory,   // read: address, length
    kWriteMemory,  // write: address, bytes
    kRead64,       // b64read: address, length
    kWrite64,      // b64write: address, bytes
    kSet,          // memset: address, length, value
    kClockStep,    // clock_step: value ns
    kClockNext,    // clock_step to the next timer
    kClockSet,     // clock_set: value ns
    kInterceptIn,  // irq_intercept_in: path
    kInterceptOut,
    kSetInterrupt,  // set_irq_in: path, pin, address: line, value: level
    kEndianness,
  };
  // Bytes of one memory command.
  static constexpr std::uint64_t kMaxLength = std::uint64_t{16} << 20;

  Kind kind = Kind::kEndianness;
  std::uint8_t size = 0;
  std::uint64_t address = 0;
  std::uint64_t value = 0;
  std::uint64_t length = 0;
  std::vector<std::uint8_t> bytes{};
  std::string path{};
  std::string pin{};

  static QtestCommand Read(std::uint8_t size, std::uint64_t address);
  static QtestCommand Write(std::uint8_t size, std::uint64_t address, std::uint64_t value);
  static QtestCommand In(std::uint8_t size, std::uint16_t port);
  static QtestCommand Out(std::uint8_t size, std::uint16_t port, std::uint32_t value);
  static QtestCommand ReadMemory(std::uint64_t address, std::uint64_t length);
  static QtestCommand WriteMemory(std::uint64_t address, Bytes bytes);
  static QtestCommand ClockSet(Nanoseconds time);
  static QtestCommand InterceptIn(std::string path);

  bool operator==(const QtestCommand&) const = default;
};

// Without the end of the line.
std::string ToText(const QtestCommand& command);
void AppendText(const QtestCommand& command, std::string* text);
// Takes what QEMU takes, and no more: every operand there and whole, numbers as strtoull reads
// them.
Result<QtestCommand> ParseQtestCommand(std::string_view line);

// A line from QEMU.
struct QtestReply {
  enum class Kind : std::uint8_t { kOk, kFail, kInterrupt };
  Kind kind = Kind::kOk;
  std::string_view text;  // after OK or FAIL
  std::uint32_t line = 0;
  LineLevel level = LineLevel::kLow;
};

Result<QtestReply> ParseQtestReply(std::string_view line);

// The values that replies carry.
Result<std::uint64_t> ParseHex(std::string_view text);      // 0x0012
Result<std::uint64_t> ParseDecimal(std::string_view text);  // 1200
Status ParseBase64(std::string_view text, MutableBytes out);

// Text of which nothing is known, for messages: short, and without control characters.
std::string Excerpt(std::string_view text);

}  // namespace nicreplay

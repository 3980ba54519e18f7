// SPDX-License-Identifier: MIT
#include "qtest/protocol.h"

#include <fmt/format.h>
#include <kj/encoding.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <iterator>

namespace nicreplay {

namespace {

using Kind = QtestCommand::Kind;

constexpr std::uint64_t kMaxPort = 0xffff;

// What follows the name of a command.
enum class Form : std::uint8_t {
  kAddress,
  kAddressValue,
  kAddressLength,
  kAddressHex,
  kAddressBase64,
  kAddressLengthValue,
  kTime,
  kPath,
  kPathPinLineLevel,
  kNothing,
};

struct Row {
  std::string_view name;
  Kind kind;
  Form form;
  std::uint8_t size = 0;
};

constexpr Row kRows[] = {
    {"readb", Kind::kRead, Form::kAddress, 1},
    {"readw", Kind::kRead, Form::kAddress, 2},
    {"readl", Kind::kRead, Form::kAddress, 4},
    {"readq", Kind::kRead, Form::kAddress, 8},
    {"writeb", Kind::kWrite, Form::kAddressValue, 1},
    {"writew", Kind::kWrite, Form::kAddressValue, 2},
    {"writel", Kind::kWrite, Form::kAddressValue, 4},
    {"writeq", Kind::kWrite, Form::kAddressValue, 8},
    {"inb", Kind::kIn, Form::kAddress, 1},
    {"inw", Kind::kIn, Form::kAddress, 2},
    {"inl", Kind::kIn, Form::kAddress, 4},
    {"outb", Kind::kOut, Form::kAddressValue, 1},
    {"outw", Kind::kOut, Form::kAddressValue, 2},
    {"outl", Kind::kOut, Form::kAddressValue, 4},
    {"read", Kind::kReadMemory, Form::kAddressLength},
    {"write", Kind::kWriteMemory, Form::kAddressHex},
    {"b64read", Kind::kRead64, Form::kAddressLength},
    {"b64write", Kind::kWrite64, Form::kAddressBase64},
    {"memset", Kind::kSet, Form::kAddressLengthValue},
    {"clock_step", Kind::kClockStep, Form::kTime},
    {"clock_step", Kind::kClockNext, Form::kNothing},
    {"clock_set", Kind::kClockSet, Form::kTime},
    {"irq_intercept_in", Kind::kInterceptIn, Form::kPath},
    {"irq_intercept_out", Kind::kInterceptOut, Form::kPath},
    {"set_irq_in", Kind::kSetInterrupt, Form::kPathPinLineLevel},
    {"endianness", Kind::kEndianness, Form::kNothing},
};

const Row& RowOf(const QtestCommand& command) {
  return *std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& row) {
    return row.kind == command.kind && (row.size == 0 || row.size == command.size);
  });
}

tl::unexpected<Error> Bad(std::string message) {
  return Fail(ErrorCode::kCorrupt, std::move(message));
}

// As strtoull with base 0 does: 0x12, 012, 12.
Result<std::uint64_t> ParseOperand(std::string_view text) {
  int base = 10;
  std::string_view digits = text;
  if (digits.starts_with("0x") || digits.starts_with("0X")) {
    base = 16;
    digits.remove_prefix(2);
  } else if (digits.size() > 1 && digits[0] == '0') {
    base = 8;
  }
  std::uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc{} || end != digits.data() + digits.size() || digits.empty()) {
    return Bad(fmt::format("\"{}\" is not a number", Excerpt(text)));
  }
  return value;
}

int Nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// QEMU takes the bytes that are there, up to the length, and zeros for the rest.
Result<std::vector<std::uint8_t>> ParseHexBytes(std::string_view text, std::uint64_t length) {
  if (!text.starts_with("0x") || text.size() < 3) return Bad("data must be 0x and hex digits");
  text.remove_prefix(2);
  std::vector<std::uint8_t> bytes(length);
  for (std::size_t i = 0; i < length && 2 * i + 1 < text.size(); ++i) {
    const int high = Nibble(text[2 * i]);
    const int low = Nibble(text[2 * i + 1]);
    if (high < 0 || low < 0) return Bad("data must be hex digits");
    bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return bytes;
}

std::string Base64(Bytes bytes) {
  return kj::encodeBase64(kj::arrayPtr(bytes.data(), bytes.size())).cStr();
}

// The words of a line, at most a few.
struct Words {
  static constexpr std::size_t kMax = 5;
  std::array<std::string_view, kMax> word;
  std::size_t count = 0;
};

Result<Words> Split(std::string_view line) {
  Words words;
  for (;;) {
    const std::size_t end = line.find(' ');
    if (words.count == Words::kMax) return Bad("too many operands");
    words.word[words.count++] = line.substr(0, end);
    if (end == std::string_view::npos) return words;
    line.remove_prefix(end + 1);
  }
}

std::size_t OperandsOf(Form form) {
  switch (form) {
    case Form::kNothing:
      return 0;
    case Form::kAddress:
    case Form::kTime:
    case Form::kPath:
      return 1;
    case Form::kAddressValue:
    case Form::kAddressLength:
      return 2;
    case Form::kAddressHex:
    case Form::kAddressBase64:
    case Form::kAddressLengthValue:
      return 3;
    case Form::kPathPinLineLevel:
      return 4;
  }
  return 0;
}

// Reads words[1], words[2]... as numbers into `fields`.
Status ParseNumbers(const Words& words, std::initializer_list<std::uint64_t*> fields,
                    std::size_t first = 1) {
  for (std::uint64_t* field : fields) {
    auto value = ParseOperand(words.word[first++]);
    if (!value) return tl::make_unexpected(value.error());
    *field = *value;
  }
  return Ok();
}

Status ParseData(const Words& words, Form form, QtestCommand* command) {
  if (form == Form::kAddressHex) {
    auto bytes = ParseHexBytes(words.word[3], command->length);
    if (!bytes) return tl::make_unexpected(bytes.error());
    command->bytes = std::move(*bytes);
  } else {
    command->bytes.resize(command->length);
    if (!ParseBase64(words.word[3], command->bytes)) return Bad("data must be as much base64");
  }
  command->length = 0;
  return Ok();
}

Status ParseOperands(const Words& words, Form form, QtestCommand* command) {
  switch (form) {
    case Form::kNothing:
      return Ok();
    case Form::kAddress:
      return ParseNumbers(words, {&command->address});
    case Form::kTime:
      return ParseNumbers(words, {&command->value});
    case Form::kPath:
      command->path = words.word[1];
      return Ok();
    case Form::kAddressValue:
      return ParseNumbers(words, {&command->address, &command->value});
    case Form::kAddressLengthValue:
      return ParseNumbers(words, {&command->address, &command->length, &command->value});
    case Form::kAddressLength:
    case Form::kAddressHex:
    case Form::kAddressBase64: {
      auto parsed = ParseNumbers(words, {&command->address, &command->length});
      if (!parsed || form == Form::kAddressLength) return parsed;
      if (command->length > QtestCommand::kMaxLength) return Bad("more than 16 MiB of data");
      return ParseData(words, form, command);
    }
    case Form::kPathPinLineLevel:
      command->path = words.word[1];
      command->pin = words.word[2];
      return ParseNumbers(words, {&command->address, &command->value}, 3);
  }
  return Ok();
}

Status CheckLimits(const QtestCommand& command) {
  const bool port = command.kind == Kind::kIn || command.kind == Kind::kOut;
  if (port && command.address > kMaxPort) return Bad("a port above 0xffff");
  if (command.length > QtestCommand::kMaxLength) return Bad("more than 16 MiB of memory");
  if (command.kind == Kind::kReadMemory && command.length == 0) return Bad("a read of nothing");
  return Ok();
}

}  // namespace

QtestCommand QtestCommand::Read(std::uint8_t size, std::uint64_t address) {
  return {.kind = Kind::kRead, .size = size, .address = address};
}

QtestCommand QtestCommand::Write(std::uint8_t size, std::uint64_t address, std::uint64_t value) {
  return {.kind = Kind::kWrite, .size = size, .address = address, .value = value};
}

QtestCommand QtestCommand::In(std::uint8_t size, std::uint16_t port) {
  return {.kind = Kind::kIn, .size = size, .address = port};
}

QtestCommand QtestCommand::Out(std::uint8_t size, std::uint16_t port, std::uint32_t value) {
  return {.kind = Kind::kOut, .size = size, .address = port, .value = value};
}

QtestCommand QtestCommand::ReadMemory(std::uint64_t address, std::uint64_t length) {
  return {.kind = Kind::kRead64, .address = address, .length = length};
}

QtestCommand QtestCommand::WriteMemory(std::uint64_t address, Bytes bytes) {
  return {.kind = Kind::kWrite64, .address = address, .bytes = {bytes.begin(), bytes.end()}};
}

QtestCommand QtestCommand::ClockSet(Nanoseconds time) {
  return {.kind = Kind::kClockSet, .value = time};
}

QtestCommand QtestCommand::InterceptIn(std::string path) {
  return {.kind = Kind::kInterceptIn, .path = std::move(path)};
}

void AppendText(const QtestCommand& command, std::string* text) {
  const Row& row = RowOf(command);
  text->append(row.name);
  const auto out = std::back_inserter(*text);
  switch (row.form) {
    case Form::kNothing:
      return;
    case Form::kAddress:
      fmt::format_to(out, " {:#x}", command.address);
      return;
    case Form::kAddressValue:
      fmt::format_to(out, " {:#x} {:#x}", command.address, command.value);
      return;
    case Form::kAddressLength:
      fmt::format_to(out, " {:#x} {:#x}", command.address, command.length);
      return;
    case Form::kAddressLengthValue:
      fmt::format_to(out, " {:#x} {:#x} {:#x}", command.address, command.length, command.value);
      return;
    case Form::kAddressHex:
      fmt::format_to(out, " {:#x} {:#x} 0x", command.address, command.bytes.size());
      for (const std::uint8_t byte : command.bytes) fmt::format_to(out, "{:02x}", byte);
      if (command.bytes.empty()) text->append("00");  // QEMU wants digits even so
      return;
    case Form::kAddressBase64:
      fmt::format_to(out, " {:#x} {:#x} {}", command.address, command.bytes.size(),
                     Base64(command.bytes));
      return;
    case Form::kTime:
      fmt::format_to(out, " {}", command.value);
      return;
    case Form::kPath:
      fmt::format_to(out, " {}", command.path);
      return;
    case Form::kPathPinLineLevel:
      fmt::format_to(out, " {} {} {} {}", command.path, command.pin, command.address,
                     command.value);
      return;
  }
}

std::string ToText(const QtestCommand& command) {
  std::string text;
  AppendText(command, &text);
  return text;
}

Result<QtestCommand> ParseQtestCommand(std::string_view line) {
  auto words = Split(line);
  if (!words) return tl::make_unexpected(words.error());
  const Row* named = nullptr;
  for (const Row& row : kRows) {
    if (row.name != words->word[0]) continue;
    named = &row;
    if (OperandsOf(row.form) + 1 != words->count) continue;
    QtestCommand command;
    command.kind = row.kind;
    command.size = row.size;
    if (auto parsed = ParseOperands(*words, row.form, &command); !parsed) {
      return tl::make_unexpected(parsed.error());
    }
    if (auto checked = CheckLimits(command); !checked) {
      return tl::make_unexpected(checked.error());
    }
    return command;
  }
  if (named != nullptr) return Bad(fmt::format("{}: a wrong number of operands", named->name));
  return Bad(fmt::format("\"{}\" is not a qtest command", Excerpt(words->word[0])));
}

Result<QtestReply> ParseQtestReply(std::string_view line) {
  QtestReply reply;
  const auto starts = [&](std::string_view word) {
    if (!line.starts_with(word)) return false;
    if (line.size() > word.size() && line[word.size()] != ' ') return false;
    reply.text = line.substr(std::min(line.size(), word.size() + 1));
    return true;
  };
  if (starts("OK")) return reply;
  if (starts("FAIL") || starts("ERR")) {
    reply.kind = QtestReply::Kind::kFail;
    return reply;
  }
  if (starts("IRQ")) {
    reply.kind = QtestReply::Kind::kInterrupt;
    std::string_view number;
    if (reply.text.starts_with("raise ")) {
      reply.level = LineLevel::kHigh;
      number = reply.text.substr(6);
    } else if (reply.text.starts_with("lower ")) {
      number = reply.text.substr(6);
    }
    auto value = ParseDecimal(number);
    if (value && *value <= 0xffff) {
      reply.line = static_cast<std::uint32_t>(*value);
      return reply;
    }
  }
  return Fail(ErrorCode::kPeer, fmt::format("the answer \"{}\" is not qtest's", Excerpt(line)));
}

Result<std::uint64_t> ParseHex(std::string_view text) {
  std::uint64_t value = 0;
  if (text.starts_with("0x")) {
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + 2, end, value, 16);
    if (error == std::errc{} && stop == end) return value;
  }
  return Fail(ErrorCode::kPeer, fmt::format("\"{}\" is not a hex number", Excerpt(text)));
}

Result<std::uint64_t> ParseDecimal(std::string_view text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, 10);
  if (error == std::errc{} && stop == end && !text.empty()) return value;
  return Fail(ErrorCode::kPeer, fmt::format("\"{}\" is not a number", Excerpt(text)));
}

Status ParseBase64(std::string_view text, MutableBytes out) {
  const auto decoded = kj::decodeBase64(kj::arrayPtr(text.data(), text.size()));
  if (decoded.hadErrors || decoded.size() != out.size()) {
    return Fail(ErrorCode::kPeer,
                fmt::format("\"{}\" is not {} bytes of base64", Excerpt(text), out.size()));
  }
  if (!out.empty()) std::memcpy(out.data(), decoded.begin(), out.size());
  return Ok();
}

std::string Excerpt(std::string_view text) {
  constexpr std::size_t kShown = 60;
  std::string shown(text.substr(0, kShown));
  for (char& c : shown) {
    if (c < 0x20 || c == 0x7f) c = '?';
  }
  return text.size() > kShown ? shown + "..." : shown;
}

}  // namespace nicreplay

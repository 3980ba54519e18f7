// SPDX-License-Identifier: MIT
#include "fuzz/shrink.h"

#include <algorithm>

namespace nicreplay {

namespace {

// Names without numbers: "RX descriptor 5 status" and "RX descriptor 0 status" are the same
// difference.
std::string WithoutNumbers(const std::string& name) {
  std::string text;
  std::copy_if(name.begin(), name.end(), std::back_inserter(text),
               [](char c) { return c < '0' || c > '9'; });
  return text;
}

class Shrinker {
 public:
  Shrinker(const Pairing& pairing, Comparison compare, std::uint64_t max_tries)
      : pairing_(pairing), compare_(std::move(compare)), max_tries_(max_tries) {}

  Result<Shrunk> Run(std::vector<Stimulus> operations) {
    auto first = compare_(operations);
    if (!first) return tl::make_unexpected(first.error());
    if (!*first) return Fail(ErrorCode::kUsage, "the operations to shrink show no difference");
    Accept(std::move(operations), **first);
    name_ = FailureName(best_.divergence, pairing_, best_.operations);
    RemoveRuns();
    for (std::size_t i = 0; i < best_.operations.size(); ++i) Shorten(i);
    for (std::size_t i = 0; i < best_.operations.size(); ++i) Hasten(i);
    best_.tries = tries_;
    return best_;
  }

 private:
  void Accept(std::vector<Stimulus> operations, const Divergence& divergence) {
    operations.resize(divergence.event + 1);
    best_.operations = std::move(operations);
    best_.divergence = divergence;
  }

  bool Try(std::vector<Stimulus> operations) {
    ++tries_;
    auto found = compare_(operations);
    if (!found || !*found || (*found)->kind != best_.divergence.kind) return false;
    if (FailureName(**found, pairing_, operations) != name_) return false;
    Accept(std::move(operations), **found);
    return true;
  }

  // Delta debugging: leaves out runs of operations, long ones first, until no single one can go.
  void RemoveRuns() {
    for (std::size_t run = std::max<std::size_t>(1, best_.operations.size() / 2);; run /= 2) {
      bool removed = true;
      while (removed && tries_ < max_tries_) {
        removed = false;
        for (std::size_t at = best_.operations.size(); at > 0 && tries_ < max_tries_;) {
          const std::size_t from = at > run ? at - run : 0;
          std::vector<Stimulus> without(best_.operations);
          without.erase(without.begin() + static_cast<std::ptrdiff_t>(from),
                        without.begin() + static_cast<std::ptrdiff_t>(at));
          if (!without.empty() && Try(std::move(without))) {
            removed = true;
            at = std::min(from, best_.operations.size());
          } else {
            at = from;
          }
        }
        if (run > 1) break;
      }
      if (run == 1) return;
    }
  }

  // Leaves out bytes of memory or of a frame, at the end and then, of memory, at the front.
  void Shorten(std::size_t index) {
    for (std::uint32_t part = best_.operations[index].data_size / 2; part > 0;) {
      bool shorter = false;
      for (const End end : {End::kBack, End::kFront}) {
        while (tries_ < max_tries_ && index < best_.operations.size() && Cut(index, part, end)) {
          shorter = true;
        }
      }
      if (index >= best_.operations.size() || tries_ >= max_tries_) return;
      if (!shorter || part > best_.operations[index].data_size) part /= 2;
    }
  }

  enum class End : std::uint8_t { kFront, kBack };
  bool Cut(std::size_t index, std::uint32_t part, End end) {
    std::vector<Stimulus> tried(best_.operations);
    Stimulus& operation = tried[index];
    if (operation.data_size <= part) return false;
    if (end == End::kFront) {
      if (operation.kind != StimulusKind::kMemory) return false;
      operation.data += part;
      operation.value += part;
    }
    operation.data_size -= part;
    return Try(std::move(tried));
  }

  // Has no time pass before an operation.
  void Hasten(std::size_t index) {
    if (tries_ >= max_tries_ || index >= best_.operations.size()) return;
    std::vector<Stimulus> tried(best_.operations);
    const Nanoseconds before = index == 0 ? 0 : tried[index - 1].time;
    const Nanoseconds passed = tried[index].time - before;
    if (passed == 0) return;
    for (std::size_t i = index; i < tried.size(); ++i) tried[i].time -= passed;
    Try(std::move(tried));
  }

  const Pairing& pairing_;
  Comparison compare_;
  std::uint64_t max_tries_;
  std::uint64_t tries_ = 0;
  std::string name_;
  Shrunk best_;
};

}  // namespace

std::string FailureName(const Divergence& divergence, const Pairing& pairing,
                        std::span<const Stimulus> operations) {
  const std::string name = DescribeOperations(divergence, pairing, operations).name;
  return std::string(KindName(divergence.kind)) + ": " + WithoutNumbers(name);
}

Result<Shrunk> Shrink(const Pairing& pairing, std::vector<Stimulus> operations,
                      std::uint64_t max_tries) {
  const auto compare = [&](std::span<const Stimulus> tried) {
    return CompareOperations(pairing, tried);
  };
  return Shrink(pairing, compare, std::move(operations), max_tries);
}

Result<Shrunk> Shrink(const Pairing& pairing, Comparison compare, std::vector<Stimulus> operations,
                      std::uint64_t max_tries) {
  return Shrinker(pairing, std::move(compare), max_tries).Run(std::move(operations));
}

}  // namespace nicreplay

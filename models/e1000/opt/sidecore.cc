// SPDX-License-Identifier: MIT
#include "models/e1000/opt/sidecore.h"

namespace nicreplay::e1000 {

ShadowRegisters::ShadowRegisters(ControlPlane& control)
    : control_(control),
      page_table_{{{kFirst, words_.data()},
                   {kFirst + ShadowPages::kPageSize, words_.data() + ShadowPages::kWords}}},
      pages_(page_table_) {
  std::size_t gap = 0;
  for (std::size_t word = 0; word < kWords; ++word) {
    if (FindRegister(OffsetOf(word)) == nullptr) continue;
    register_words_.push_back(static_cast<std::uint16_t>(word));
    if (gap < word) gaps_.push_back({gap, word});
    gap = word + 1;
  }
  if (gap < kWords) gaps_.push_back({gap, kWords});
}

bool ShadowRegisters::Wanted() const {
  const RegisterFile& registers = control_.registers();
  return control_.pci().bus_master() &&
         ((registers[kTCTL] & tctl::kEN) != 0 || (registers[kRCTL] & rctl::kEN) != 0);
}

void ShadowRegisters::PublishWord(std::size_t word) {
  PublishShadow(words_[word], known_[word], control_.ReadRegister(OffsetOf(word)), active());
}

void ShadowRegisters::Publish() {
  if (!active() || stale_) {
    for (std::size_t word = 0; word < kWords; ++word) PublishWord(word);
    stale_ = false;
  } else {
    for (const std::uint16_t word : register_words_) PublishWord(word);
  }
  pages_.set_active(true);
}

}  // namespace nicreplay::e1000

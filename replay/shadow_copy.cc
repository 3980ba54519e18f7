// SPDX-License-Identifier: MIT
#include "replay/shadow_copy.h"

namespace nicreplay {
namespace {

std::vector<ShadowPages::Page> TableOf(const ShadowPages& original, auto& words) {
  std::vector<ShadowPages::Page> table;
  for (const ShadowPages::Page& page : original.pages()) {
    table.push_back({page.offset, words[table.size()].words.data()});
  }
  return table;
}

}  // namespace

ShadowCopy::ShadowCopy(const ShadowPages& original)
    : original_(original),
      words_(original.pages().size()),
      known_(original.pages().size()),
      table_(TableOf(original, words_)),
      pages_(table_) {}

void ShadowCopy::Publish() {
  for (std::size_t page = 0; page < table_.size(); ++page) {
    const ShadowPages::Page& from = original_.pages()[page];
    for (std::size_t word = 0; word < ShadowPages::kWords; ++word) {
      PublishShadow(table_[page].words[word], known_[page][word],
                    from.words[word].load(std::memory_order_relaxed), pages_.active());
    }
  }
  pages_.set_active(original_.active());
}

}  // namespace nicreplay

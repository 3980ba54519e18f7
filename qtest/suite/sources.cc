// SPDX-License-Identifier: MIT
#include "qtest/suite/sources.h"

#include <gtest/gtest.h>

#include <iostream>

namespace nicreplay::suite {

void Sources::Add(const std::string& source) {
  if (!sources_.empty()) sources_ += ", ";
  sources_ += source;
}

void Sources::CheckSources() {
  EXPECT_FALSE(sources_.empty()) << "the case does not say where its expectations come from";
  if (!testing::Test::HasFailure()) return;
  testing::Test::RecordProperty("expected_by", sources_);
  std::cout << "Expected by: " << sources_ << '\n';
}

}  // namespace nicreplay::suite

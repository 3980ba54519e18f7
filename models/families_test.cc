// SPDX-License-Identifier: MIT
#include "models/families.h"

#include <gtest/gtest.h>

#include "models/e1000/describe.h"

namespace nicreplay {
namespace {

const Access kSomewhere = {0, 4, 0x2818};

TEST(Families, FactoryAndNameOfAFamily) {
  EXPECT_EQ(FamilyDescriber("e1000"), DescriberFactory(CreateE1000Describer));
  EXPECT_STREQ(FamilyName(CreateE1000Describer), "e1000");
  EXPECT_EQ(FamilyName(CreatePlainDescriber), nullptr);
}

TEST(Families, UnknownFamilyIsDescribedByOffsets) {
  const auto plain = FamilyDescriber("unknown")();
  plain->OnWrite(kSomewhere, 0);
  plain->OnReset();
  EXPECT_EQ(plain->RegisterName(kSomewhere), "0x02818");
  EXPECT_EQ(plain->RegisterFields(kSomewhere, 1), "");
  EXPECT_EQ(plain->MemoryName(0), "");
  EXPECT_EQ(plain->DescribeMemory(0, {}), "");
  EXPECT_EQ(plain->TimerName(7), "timer 7");
  EXPECT_FALSE(plain->IsCompletionMarker(0));
}

TEST(Families, DescriberOfTheFirstModelThatIsKnown) {
  EXPECT_EQ(DescriberOfModel({"unknown", "e1000-stock"})->RegisterName(kSomewhere), "RDT");
  EXPECT_EQ(DescriberOfModel({"unknown"})->RegisterName(kSomewhere), "0x02818");
  EXPECT_EQ(DescriberOfModel({})->RegisterName(kSomewhere), "0x02818");
}

}  // namespace
}  // namespace nicreplay

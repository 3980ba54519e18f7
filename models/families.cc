// SPDX-License-Identifier: MIT
#include "models/families.h"

#include "models/e1000/describe.h"
#include "models/plain_describer.h"
#include "models/virtio/describe.h"

namespace nicreplay {
namespace {

struct Family {
  const char* name;
  DescriberFactory describer;
};

constexpr Family kFamilies[] = {{"e1000", CreateE1000Describer},
                                {"virtio-net", CreateVirtioNetDescriber}};

}  // namespace

std::unique_ptr<Describer> CreatePlainDescriber() { return std::make_unique<PlainDescriber>(); }

DescriberFactory FamilyDescriber(std::string_view family) {
  for (const Family& row : kFamilies) {
    if (row.name == family) return row.describer;
  }
  return CreatePlainDescriber;
}

const char* FamilyName(DescriberFactory describer) {
  for (const Family& row : kFamilies) {
    if (row.describer == describer) return row.name;
  }
  return nullptr;
}

std::unique_ptr<Describer> DescriberOfModel(std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (const auto entry = FindModel(name)) return (*entry)->describer();
  }
  return CreatePlainDescriber();
}

}  // namespace nicreplay

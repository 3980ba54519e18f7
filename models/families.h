// SPDX-License-Identifier: MIT
// Families of devices that share registers and descriptors, and so their Describer: "e1000" stands
// for every model of that NIC, wherever it comes from.
#pragma once

#include <initializer_list>
#include <memory>
#include <string_view>

#include "models/registry.h"

namespace nicreplay {

using DescriberFactory = std::unique_ptr<Describer> (*)();

// Names nothing but offsets.
std::unique_ptr<Describer> CreatePlainDescriber();

// CreatePlainDescriber for a family that is not known.
DescriberFactory FamilyDescriber(std::string_view family);

// That of the first of these models that is registered, or a plain one.
std::unique_ptr<Describer> DescriberOfModel(std::initializer_list<std::string_view> names);

// Null for a describer of no family.
const char* FamilyName(DescriberFactory describer);

}  // namespace nicreplay

// SPDX-License-Identifier: MIT
#include "fuzz/generators.h"

#include "fuzz/e1000_generator.h"
#include "fuzz/virtio_generator.h"
#include "models/families.h"

namespace nicreplay {
namespace {

void GenerateE1000(std::uint64_t seed, OperationSink& sink, GeneratorWindow window,
                   GeneratorTraffic traffic) {
  E1000Generator(seed, sink, {window.base, window.size},
                 traffic == GeneratorTraffic::kOptimized ? E1000Generator::Traffic::kOptimized
                                                         : E1000Generator::Traffic::kAny)
      .Run();
}

void GenerateVirtio(std::uint64_t seed, OperationSink& sink, GeneratorWindow window,
                    GeneratorTraffic) {
  VirtioGenerator(seed, sink, window).Run();
}

}  // namespace

Generate GeneratorOf(std::string_view model) {
  const auto entry = FindModel(model);
  const char* const family = entry ? FamilyName((*entry)->describer) : nullptr;
  return family != nullptr && std::string_view(family) == "virtio-net" ? GenerateVirtio
                                                                       : GenerateE1000;
}

}  // namespace nicreplay

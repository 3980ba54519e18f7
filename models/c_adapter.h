// SPDX-License-Identifier: MIT
// Between ModelEntry/Device/Host and the plain C of c_api.h, both ways.  Neither way copies the
// bytes of a frame (of up to 64 pieces).  No exception crosses: models do not throw, and every
// callback is noexcept.
#pragma once

#include <memory>

#include "models/c_api.h"
#include "models/registry.h"

namespace nicreplay {

// A model of a plugin as ours.  Error kCorrupt where the table lacks something.  `model` must
// outlive the entry and its devices.
Result<std::unique_ptr<ModelEntry>> ImportModel(const nr_model* model);

// A model of ours for C.  `entry` must live for ever, and so does the result; the same entry gives
// the same pointer.  Not for several threads.
const nr_model* ExportModel(const ModelEntry& entry);

}  // namespace nicreplay

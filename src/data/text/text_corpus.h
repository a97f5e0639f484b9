#pragma once

#include "base/files.h"
#include "data/options.h"
#include "data/text/manifest.h"

namespace lengthwise {

/// Text prepared into a folder: {train,valid,test}.safetensors (data/token_stream.h) of the splits
/// given, the vocabulary's file, and manifest.json. A prepared folder is never changed and nothing
/// of the user's is deleted: where it fits neither the options nor the sources, that is a UserError
/// saying what differs.

/// data.folder, or where it is empty prepared/<text>-<vocabulary>[-<size>]-<8 digits>, the digits
/// telling apart what the name does not say.
fs::path prepared_folder(const DataOptions& options);

/// Whether the folder holds what the options ask for. A source counts as unchanged by its size and
/// time, else by its SHA-256; one that is gone is not missed. UserError for a folder that holds
/// anything else.
bool prepared(const DataOptions& options, const fs::path& folder);

/// Prepares the folder unless that is done, and gives back what it holds. A kill at any moment
/// leaves no half-written folder under its name, and of several processes that prepare the same
/// folder one does and the others wait.
Manifest prepare_text(const DataOptions& options, const fs::path& folder);

}  // namespace lengthwise

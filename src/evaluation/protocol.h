#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "evaluation/windows.h"

namespace lengthwise {

struct EvaluationOptions;

/// How windows lie over a document: a line of the table in protocol.cpp. Every protocol scores
/// every target exactly once, so that curves over lengths differ by context and by nothing else.
struct Protocol {
  std::string_view name;
  std::string_view summary;
  void (*validate)(const EvaluationOptions&);
  int64_t (*stride)(const EvaluationOptions&, int64_t length);
};

/// UserError for an unknown name.
const Protocol& find_protocol(std::string_view name);
std::vector<std::string> protocol_names();

}  // namespace lengthwise

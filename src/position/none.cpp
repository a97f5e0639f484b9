#include "position/none.h"

#include "position/options.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

std::shared_ptr<PositionScheme> make_none(const PositionOptions&, const ModelShape&) {
  return std::make_shared<PositionScheme>();
}

}  // namespace

constinit const SchemeEntry kNone{
    .name = "none",
    .aliases = {"nope", "no_positions", "nopos", "no_pe"},
    .summary = "no positions: order only through the causal mask",
    .paper = "Haviv et al. 2022, 2203.16634",
    .make = make_none,
};

}  // namespace lengthwise

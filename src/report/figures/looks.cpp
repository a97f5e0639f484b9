#include "report/figures/looks.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <tuple>

namespace lengthwise {
namespace {

// Of the salts tried, one that gives names that are often compared different colours.
constexpr uint64_t kSalt = 63215418;
constexpr int kColourStep = 3;  // to the next colour; coprime to their number

/// FNV-1a (Fowler, Noll and Vo), its bits mixed at the end: the same on every machine.
uint64_t hash_of(const std::string& name) {
  uint64_t hash = kSalt;
  for (const char c : name) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211u;
  }
  hash ^= hash >> 32;
  hash *= 0x9E3779B97F4A7C15u;
  return hash ^ (hash >> 29);
}

/// The first look, from the one that the name asks for on, that `is_free`; that one if none is.
template <class Predicate>
std::pair<Look, bool> first_free(const LineName& line, const Predicate& is_free) {
  const Look wanted{static_cast<int>(hash_of(line.colour_by) % Look::kColours),
                    static_cast<int>((hash_of(line.name) >> 8) % Look::kMarkers), 0};
  for (int step = 0; step < Look::kColours; ++step) {
    for (int dash = 0; dash < Look::kDashes; ++dash) {
      for (int shift = 0; shift < Look::kMarkers; ++shift) {
        const Look look{(wanted.colour + step * kColourStep) % Look::kColours,
                        (wanted.marker + shift) % Look::kMarkers, dash};
        if (is_free(look)) return {look, true};
      }
    }
  }
  return {wanted, false};
}

}  // namespace

std::map<std::string, Look> looks_for(std::vector<LineName> names) {
  std::ranges::sort(names, {}, [](const LineName& line) {
    return std::tuple(line.name != line.colour_by, line.name);
  });
  std::set<std::pair<int, int>> markers, dashes;
  std::set<std::tuple<int, int, int>> whole;
  std::map<std::string, Look> looks;
  for (const LineName& line : names) {
    if (looks.contains(line.name)) continue;
    const auto apart = [&](const Look& look) {
      return !markers.contains({look.colour, look.marker}) &&
             !dashes.contains({look.colour, look.dash});
    };
    const auto unused = [&](const Look& look) {
      return !whole.contains({look.colour, look.marker, look.dash});
    };
    auto [look, found] = first_free(line, apart);
    if (!found) look = first_free(line, unused).first;
    markers.insert({look.colour, look.marker});
    dashes.insert({look.colour, look.dash});
    whole.insert({look.colour, look.marker, look.dash});
    looks[line.name] = look;
  }
  return looks;
}

}  // namespace lengthwise

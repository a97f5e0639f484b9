#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lengthwise {

class OptionSet;
struct SchemeEntry;

struct RandomizedOptions {
  std::string scheme = "rotary";
  int64_t range = 2048;  // as in the paper

  void declare(OptionSet& options);
};

/// Randomized positions, Ruoss et al. 2023 (2305.16843), section 3: any other scheme, named by
/// position.randomized.scheme, whose T tokens stand at a sorted draw without replacement from the
/// positions 0 ... range-1, so that training at short lengths meets all the positions of longer
/// ones. The draw is made anew for each forward pass, all windows of a batch sharing it, in
/// training and in evaluation alike (the authors confirm the latter), so results are means over
/// draws: in evaluation each window has draws of its own (evaluation/measure.h). It follows `draw`
/// alone. The scheme inside is made as if it were trained at `range` tokens: a learned table has a
/// row for each of them, and nothing is interpolated below. Its parameters keep their names, as if
/// it stood alone. A window cannot be longer than `range`. In the authors' code the table of the
/// relative scheme is half as long as its indices reach, and JAX clamps them silently; here biases
/// are computed from the distance itself. UserError where the range is shorter than train_length,
/// or where the scheme inside cannot stand in such a model.
extern const SchemeEntry kRandomized;

/// `length` different whole numbers of 0 ... range-1 in rising order, each set equally likely:
/// selection sampling (Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S) on the stream
/// split_stream(draw, the letters of "position" as one big-endian number) of base/random.h.
std::vector<int64_t> draw_positions(int64_t length, int64_t range, uint64_t draw);

}  // namespace lengthwise

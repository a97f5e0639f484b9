// One side of a plot: a range, where in it a number stands, and round numbers to label it with. The same rules as
// axis.cpp, which draws the figures without a script.

const kMostTicks = 9;

function drawable(value, scale) {
  return value !== null && Number.isFinite(value) && (scale === "linear" || value > 0);
}

function fittedAxis(values, scale, room, cap = null) {
  const shown = values.filter((value) => drawable(value, scale));
  if (shown.length === 0) return { least: scale === "linear" ? 0 : 1, most: 10, scale };
  const least = shown.reduce((a, b) => Math.min(a, b));
  let most = shown.reduce((a, b) => Math.max(a, b));
  const capped = cap !== null && cap < most && cap > least;
  if (capped) most = cap;
  if (scale === "linear") {
    const span = most > least ? most - least : Math.max(Math.abs(most), 1e-9);
    return { least: least - room * span, most: capped ? most : most + room * span, scale };
  }
  const span = Math.max(0.2, Math.log(most / least));
  return { least: least * Math.exp(-room * span), most: capped ? most : most * Math.exp(room * span), scale };
}

function place(axis, value) {
  if (axis.scale === "linear") return (value - axis.least) / (axis.most - axis.least);
  return Math.log(value / axis.least) / Math.log(axis.most / axis.least);
}

function evenTicks(least, most) {
  const rough = (most - least) / kMostTicks;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((digit) => digit * power >= rough) * power;
  const found = [];
  for (let k = Math.ceil(least / step); k * step <= most; ++k) found.push(Number((k * step).toPrecision(12)));
  return found;
}

function logarithmicTicks(least, most) {
  const finestFirst = [[1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9], [1, 1.5, 2, 3, 4, 5, 7], [1, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]];
  let found = [];
  for (const digits of finestFirst) {
    found = [];
    for (let exponent = Math.floor(Math.log10(least)); 10 ** exponent <= most; ++exponent) {
      for (const digit of digits) {
        const tick = Number((digit * 10 ** exponent).toPrecision(2));
        if (tick >= least && tick <= most) found.push(tick);
      }
    }
    if (found.length <= kMostTicks) break;
  }
  return found;
}

function ticksOf(axis) {
  const even = axis.scale === "linear" || axis.most / axis.least < 3;
  return even ? evenTicks(axis.least, axis.most) : logarithmicTicks(axis.least, axis.most);
}

function tickText(value) {
  const size = Math.abs(value);
  if (size >= 1e9 || (size > 0 && size < 1e-4)) return value.toPrecision(3);
  if (size >= 1e6 && size % 1e5 === 0) return `${value / 1e6}M`;
  if (size >= 1e4 && size % 1e3 === 0) return `${value / 1e3}k`;
  return String(Number(value.toPrecision(9))).replace("-", "\u2212");
}

// Four significant digits; whole numbers with commas from a thousand on.
function valueText(value) {
  const size = Math.abs(value);
  if (size >= 1e6 || (size > 0 && size < 1e-4)) return value.toExponential(3);
  const text = size >= 1000 ? Math.round(value).toLocaleString("en-US") : value.toPrecision(4);
  return text.replace("-", "\u2212");
}

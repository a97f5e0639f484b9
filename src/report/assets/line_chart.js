// A line chart drawn from the numbers beside it: views, axes, curves on and off, values under the pointer.

const kLeft = 52, kTop = 44, kBottom = 46, kRight = 10;
const kBesideFrom = 640, kPrintWidth = 680;  // pixels
const kMostMarkers = 20, kMostTipRows = 12;
const lineCharts = [];

class LineChart {
  constructor(figure) {
    this.figure = figure;
    this.data = JSON.parse(figure.querySelector("script").textContent);
    this.view = this.data.views[0];
    this.xScale = this.data.x_scale;
    this.yScale = this.view.y_scale;
    this.whole = false;
    this.pointed = null;
    // Of too many curves only some are on at first.
    for (const { label, aside } of this.view.series) if (aside) switchedOff.add(label);
    this.makeControls();
    this.makeDrawing();
    this.draw();
  }

  has(label) {
    return this.view.series.some((series) => series.label === label);
  }
  visible() {
    return this.view.series.filter((series) => !switchedOff.has(series.label));
  }

  // ---- controls

  makeControls() {
    this.controls = htmlElement("div", { class: "controls" });
    this.figure.querySelector(".plot").before(this.controls);
    const views = this.data.views;
    if (views.length > 1) this.choice("show", views.map((view) => view.name), () => views.indexOf(this.view), (i) => this.setView(views[i]));
    const scales = ["logarithmic", "linear"];
    const names = ["log", "linear"];
    if (this.data.x_tick_names.length === 0) this.xChoice = this.choice("x", names, () => scales.indexOf(this.xScale), (i) => { this.xScale = scales[i]; });
    this.yChoice = this.choice("y", names, () => scales.indexOf(this.yScale), (i) => { this.yScale = scales[i]; });
    this.rangeChoice = this.choice("range", ["usual", "everything"], () => Number(this.whole), (i) => { this.whole = i === 1; });
    if (this.view.series.length > 2) {
      const few = this.view.series.some(({ aside }) => aside) ? { few: (series) => !series.aside } : {};
      const sets = { ...few, all: () => true, none: () => false };
      this.choice("curves", Object.keys(sets), () => -1, (i) => {
        const shown = Object.values(sets)[i];
        for (const series of this.view.series) {
          if (shown(series)) switchedOff.delete(series.label); else switchedOff.add(series.label);
        }
        drawAll();
      });
    }
  }

  choice(name, labels, chosen, choose) {
    const group = htmlElement("span", { class: "choice", role: "group", "aria-label": name }, this.controls);
    htmlElement("span", { "aria-hidden": "true" }, group, name);
    const frame = htmlElement("span", { class: "buttons" }, group);
    const buttons = labels.map((label, i) => {
      const button = htmlElement("button", { type: "button" }, frame, label);
      button.addEventListener("click", () => { choose(i); this.draw(); });
      return button;
    });
    const show = () => {
      if (chosen() < 0) return;
      buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(i === chosen())));
    };
    (this.shows ??= []).push(show);
    return { group, buttons };
  }

  setView(view) {
    this.view = view;
    this.yScale = view.y_scale;
  }

  // A logarithm needs positive numbers; a range to choose needs something outside of the usual one.
  updateControls() {
    const cap = this.view.y_most;
    const positive = (values) => values.some((value) => value !== null && value <= 0);
    const series = this.view.series;
    this.yChoice.buttons[0].disabled = series.some(({ y }) => positive(y));
    if (this.xChoice) this.xChoice.buttons[0].disabled = series.some(({ x }) => positive(x));
    this.rangeChoice.group.hidden = cap === null;
    this.rangeChoice.group.style.display = cap === null ? "none" : "";
    for (const show of this.shows) show();
  }

  // ---- drawing

  makeDrawing() {
    this.drawing = htmlElement("div", { class: "drawing" });
    this.figure.querySelector(".plot").replaceWith(this.drawing);
    const label = this.figure.querySelector("figcaption strong").textContent;
    this.svg = svgElement("svg", { class: "chart", tabindex: "0", role: "img", "aria-label": `${label}. Arrow keys read the values.` }, this.drawing);
    this.legend = new Legend(this.drawing, this.view.series, {
      toggled: (name) => {
        if (!switchedOff.delete(name)) switchedOff.add(name);
        drawAll();
      },
      pointed: (name) => { this.pointed = name; this.fade(); },
    });
    this.tip = htmlElement("div", { class: "tip", role: "status", "aria-live": "polite", hidden: "" }, this.drawing);
    this.svg.addEventListener("pointermove", (event) => this.pointerAt(event));
    this.svg.addEventListener("pointerdown", (event) => this.pointerAt(event));
    // A finger leaves when it is lifted: its values stay until it touches something else.
    this.svg.addEventListener("pointerleave", (event) => { if (event.pointerType !== "touch") this.hideTip(); });
    document.addEventListener("pointerdown", (event) => { if (!this.svg.contains(event.target)) this.hideTip(); });
    this.svg.addEventListener("blur", () => this.hideTip());
    this.svg.addEventListener("keydown", (event) => this.keyPressed(event));
  }

  layOut(forcedWidth) {
    const whole = Math.max(260, forcedWidth ?? this.drawing.clientWidth);
    const beside = whole >= kBesideFrom;
    this.drawing.classList.toggle("beside", beside);
    this.drawing.classList.toggle("below", !beside);
    const longest = Math.max(...this.view.series.map(({ label }) => label.length));
    this.legendWidth = Math.min(Math.max(120, 60 + 6.6 * longest), 0.34 * whole);
    if (beside) this.legend.list.style.width = `${this.legendWidth}px`; else this.legend.placeBelow();
    this.width = beside ? whole - this.legendWidth - 4 : whole;
    const plotHeight = beside ? Math.max(Math.min(0.46 * whole, 400), this.legend.height() - 20) : Math.min(Math.max(0.66 * whole, 220), 360);
    this.height = kTop + plotHeight + kBottom;
    this.drawing.style.width = forcedWidth === undefined ? "" : `${forcedWidth}px`;
    for (const [key, value] of [["width", this.width], ["height", this.height], ["viewBox", `0 0 ${this.width} ${this.height}`]]) {
      this.svg.setAttribute(key, value);
    }
  }

  fitAxes() {
    const series = this.visible();
    const xs = [...series.flatMap(({ x }) => x), ...this.data.x_ticks, ...this.data.marks.map(({ x }) => x)];
    const ys = series.flatMap(({ y, low = [], high = [] }) => [...y, ...low, ...high]);
    this.x = fittedAxis(xs, this.xScale, 0.03);
    this.y = fittedAxis(ys, this.yScale, 0.05, this.whole ? null : this.view.y_most);
  }

  across(value) {
    return kLeft + place(this.x, value) * (this.width - kLeft - kRight);
  }
  down(value) {
    return this.height - kBottom - place(this.y, value) * (this.height - kTop - kBottom);
  }
  canDraw(x, y) {
    return drawable(x, this.xScale) && drawable(y, this.yScale);
  }

  draw(forcedWidth) {
    this.legend.showStates();
    this.updateControls();
    this.layOut(forcedWidth);
    this.fitAxes();
    this.hideTip();
    this.svg.replaceChildren();
    this.drawAxes();
    this.groups = this.visible().map((series) => this.drawSeries(series));
    this.overlay = svgElement("g", {}, this.svg);
    if (this.drawing.classList.contains("beside")) {
      this.legend.placeBeside(this.legendWidth, this.lineEnds(), kTop, this.height - kBottom);
    }
    this.fade();
  }

  drawAxes() {
    const right = this.width - kRight, bottom = this.height - kBottom;
    const line = (css, x1, y1, x2, y2) => svgElement("line", { class: css, x1, y1, x2, y2 }, this.svg);
    const text = (css, x, y, anchor, words) => svgElement("text", { class: css, x, y, "text-anchor": anchor }, this.svg, words);
    for (const tick of ticksOf(this.y)) {
      line("grid", kLeft, this.down(tick), right, this.down(tick));
      text("tick y-tick", kLeft - 7, this.down(tick) + 4, "end", tickText(tick));
    }
    line("axis", kLeft, bottom, right, bottom);
    let lastEnd = -Infinity;
    for (const tick of this.data.x_ticks.length ? this.data.x_ticks : ticksOf(this.x)) {
      const at = this.across(tick), words = this.xText(tick), half = words.length * 3.3 + 5;
      line("axis", at, bottom, at, bottom + 4);
      if (at - half <= lastEnd) continue;
      lastEnd = at + half;
      text("tick x-tick", Math.min(at, this.width - half + 4), bottom + 17, "middle", words);
    }
    text("label", (kLeft + right) / 2, bottom + 36, "middle", this.data.x_label);
    text("label", 2, kTop - 26, "start", this.view.y_label);
    for (const mark of this.data.marks) {
      line("mark", this.across(mark.x), kTop, this.across(mark.x), bottom);
      text("tick", this.across(mark.x), kTop - 7, "middle", mark.label);
    }
  }

  // A kind of token has a name, a length is a number.
  xText(x, numberText = tickText) {
    return this.data.x_tick_names[this.data.x_ticks.indexOf(x)] ?? numberText(x);
  }

  // A path through the points, with gaps; `back` goes on along a second line in the other direction.
  path(xs, ys) {
    let path = "", penDown = false;
    xs.forEach((x, i) => {
      const can = this.canDraw(x, ys[i]);
      if (can) path += `${penDown ? "L" : "M"}${this.across(x).toFixed(2)} ${this.down(ys[i]).toFixed(2)}`;
      penDown = can;
    });
    return path;
  }

  bandPath({ x, low, high }) {
    const stretches = [[]];
    x.forEach((each, i) => {
      if (this.canDraw(each, low[i]) && this.canDraw(each, high[i])) stretches.at(-1).push(i); else stretches.push([]);
    });
    const point = (i, ys) => `${this.across(x[i]).toFixed(2)} ${this.down(ys[i]).toFixed(2)}`;
    return stretches.filter((stretch) => stretch.length > 0).map((stretch) =>
      `M${[...stretch.map((i) => point(i, high)), ...[...stretch].reverse().map((i) => point(i, low))].join("L")}Z`).join("");
  }

  drawSeries(series) {
    const group = svgElement("g", { class: `series ${series.colour}`, "data-label": series.label }, this.svg);
    const [width, height] = [this.width - kLeft - kRight, this.height - kTop - kBottom];
    const inside = svgElement("svg", { x: kLeft, y: kTop, width, height, viewBox: `${kLeft} ${kTop} ${width} ${height}` }, group);
    if (series.low) svgElement("path", { class: "band", d: this.bandPath(series) }, inside);
    svgElement("path", { ...lineAttributes(series), d: this.path(series.x, series.y) }, inside);
    const points = series.x.map((x, i) => [x, series.y[i]]).filter(([x, y]) => this.canDraw(x, y));
    if (series.marker && points.length <= kMostMarkers) {
      const size = points.length === 1 ? 4.5 : 3.2;
      for (const [x, y] of points) {
        if (y > this.y.most) continue;
        svgElement("path", { class: "marker", d: series.marker, transform: `translate(${this.across(x).toFixed(2)} ${this.down(y).toFixed(2)}) scale(${size})` }, group);
      }
    }
    return group;
  }

  // Where each line ends at the right edge of the data, in pixels; null where it ends before or is off.
  lineEnds() {
    const ends = this.view.series.map((series) => {
      const last = series.x.findLastIndex((x, i) => this.canDraw(x, series.y[i]));
      return last < 0 || switchedOff.has(series.label) ? null : { x: series.x[last], y: series.y[last] };
    });
    const lastX = Math.max(...ends.map((end) => end?.x ?? -Infinity));
    return ends.map((end) => end === null || end.x < lastX ? null : Math.min(Math.max(this.down(end.y), kTop), this.height - kBottom));
  }

  fade() {
    const some = this.pointed !== null && !switchedOff.has(this.pointed);
    for (const group of this.groups) group.classList.toggle("faded", some && group.dataset.label !== this.pointed);
  }

  // ---- values under the pointer

  shownXs() {
    const xs = this.visible().flatMap(({ x, y }) => x.filter((each, i) => this.canDraw(each, y[i])));
    return [...new Set(xs)].sort((a, b) => a - b);
  }

  pointerAt(event) {
    const box = this.svg.getBoundingClientRect();
    const xs = this.shownXs();
    if (xs.length === 0) return;
    const left = event.clientX - box.left;
    const nearest = xs.reduce((best, x) => Math.abs(this.across(x) - left) < Math.abs(this.across(best) - left) ? x : best);
    this.showTip(nearest, event.clientY - box.top);
  }

  keyPressed(event) {
    if (event.key === "Escape") this.hideTip();
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const xs = this.shownXs();
    if (step === undefined || xs.length === 0) return;
    event.preventDefault();
    const at = this.tipX === null ? (step > 0 ? -1 : xs.length) : xs.indexOf(this.tipX);
    this.showTip(xs[Math.min(Math.max(at + step, 0), xs.length - 1)], null);
  }

  // The values at x, highest first as in the plot; where there are many, those around the pointer.
  rowsAt(x, pointerY) {
    const rows = [];
    for (const series of this.visible()) {
      const i = series.x.indexOf(x);
      if (i >= 0 && this.canDraw(x, series.y[i])) rows.push({ series, y: series.y[i], low: series.low?.[i], high: series.high?.[i] });
    }
    rows.sort((a, b) => b.y - a.y);
    if (pointerY === null) return rows;
    const distance = (row) => Math.abs(this.down(Math.min(row.y, this.y.most)) - pointerY);
    const near = rows.reduce((best, row) => distance(row) < distance(best) ? row : best);
    near.near = true;
    const first = Math.min(Math.max(rows.indexOf(near) - kMostTipRows / 2, 0), Math.max(rows.length - kMostTipRows, 0));
    return rows.slice(first, first + kMostTipRows);
  }

  showTip(x, pointerY) {
    const rows = this.rowsAt(x, pointerY);
    this.tipX = x;
    this.overlay.replaceChildren();
    const at = this.across(x);
    svgElement("line", { class: "guide", x1: at, y1: kTop, x2: at, y2: this.height - kBottom }, this.overlay);
    for (const row of rows) {
      if (row.y > this.y.most) continue;
      svgElement("circle", { class: `halo ${row.series.colour}`, cx: at, cy: this.down(row.y), r: row.near ? 5 : 3.5 }, this.overlay);
    }
    this.fillTip(x, rows);
    this.tip.hidden = false;
    const roomRight = this.drawing.clientWidth - at - 14;
    const left = this.tip.offsetWidth <= roomRight ? at + 14 : Math.max(0, at - 14 - this.tip.offsetWidth);
    this.tip.style.left = `${left}px`;
    const wanted = (pointerY ?? kTop) - this.tip.offsetHeight / 2;
    this.tip.style.top = `${Math.min(Math.max(wanted, kTop - 30), Math.max(this.height - this.tip.offsetHeight, 0))}px`;
  }

  fillTip(x, rows) {
    this.tip.replaceChildren();
    htmlElement("div", {}, this.tip, `${this.data.x_label}: ${this.xText(x, (each) => each.toLocaleString("en-US"))}`);
    const table = htmlElement("table", {}, this.tip);
    const body = htmlElement("tbody", {}, table);
    for (const row of rows) {
      const line = htmlElement("tr", row.near ? { class: "near" } : {}, body);
      const name = htmlElement("th", { scope: "row" }, line);
      htmlElement("span", { class: `swatch ${row.series.colour}` }, name);
      name.append(row.series.label);
      htmlElement("td", { class: "value" }, line, valueText(row.y));
      const interval = drawable(row.low ?? null, "linear") && row.low < row.high;
      htmlElement("td", { class: "interval" }, line, interval ? `[${valueText(row.low)}, ${valueText(row.high)}]` : "");
    }
  }

  hideTip() {
    this.tipX = null;
    this.tip.hidden = true;
    this.overlay?.replaceChildren();
  }
}

function drawAll() {
  for (const chart of lineCharts) chart.draw();
}

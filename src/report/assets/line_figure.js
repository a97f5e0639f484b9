// A figure's drawings are all in the page (view_drawings.h says how they are marked), a view's curves in the first of
// its drawings: here one is chosen, the curves are moved to its scales, switched on and off, and the values under the
// pointer are read from the marks.

const kMostTipRows = 12;

function element(name, attributes, text = "") {
  const svg = name === "line" || name === "circle";
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

// A curve is off in every figure of the page, or in none.
function switchRow(row, on) {
  for (const each of document.querySelectorAll(`[data-row="${row}"]`)) {
    each.classList.toggle("off", !on);
    if (each.hasAttribute("aria-pressed")) each.setAttribute("aria-pressed", on);
  }
}

// An axis of a drawing: the place of a number, 0 at its least and 1 at its most, and back.
class Axis {
  constructor({ dataset }, name) {
    this.scale = dataset[name] === "log" ? Math.log : Number;
    this.least = this.scale(dataset[`${name}Least`]);
    this.span = this.scale(dataset[`${name}Most`]) - this.least;
  }

  // What has no logarithm, as the lower end of a wide interval, is below the plot.
  place(number) {
    return this.scale === Math.log && number <= 0 ? -1 : (this.scale(number) - this.least) / this.span;
  }

  number(place) {
    const number = this.least + place * this.span;
    return this.scale === Math.log ? Math.exp(number) : number;
  }
}

// Moves the points of curves from the axes of one drawing to those of another.
function moveCurves(curves, from, to) {
  const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(curves.getAttribute(name)));
  const old = { x: new Axis(from, "x"), y: new Axis(from, "y") }, now = { x: new Axis(to, "x"), y: new Axis(to, "y") };
  const moved = (text) => text.replace(/(-?[\d.]+) (-?[\d.]+)/g, (_, across, down) => {
    const right = now.x.place(old.x.number((across - x) / width));
    const up = now.y.place(old.y.number((y + height - down) / height));
    return `${(x + right * width).toFixed(2)} ${(y + height - up * height).toFixed(2)}`;
  });
  for (const path of curves.querySelectorAll("path")) path.setAttribute("d", moved(path.getAttribute("d")));
  for (const use of curves.querySelectorAll("use")) use.setAttribute("transform", moved(use.getAttribute("transform")));
}

class LineFigure {
  constructor(root) {
    this.svg = root.querySelector("svg.chart");
    this.frame = root.querySelector(".drawn");
    this.tip = root.querySelector(".tip");
    this.drawings = [...root.querySelectorAll(".drawing")];
    this.axes = [...root.querySelectorAll(".x-axis, .x-marks")];
    this.choices = [...root.querySelectorAll("[data-choice]")];
    this.entries = [...root.querySelectorAll(".legend-list [data-row]")];
    this.svg.setAttribute("aria-label", `${this.svg.getAttribute("aria-label")}. Arrow keys read the values.`);
    for (const button of this.choices) button.addEventListener("click", () => this.chosen(button.dataset));
    for (const entry of this.entries) {
      entry.addEventListener("click", () => switchRow(entry.dataset.row, entry.classList.contains("off")));
      for (const event of ["mouseenter", "focus"]) entry.addEventListener(event, () => this.fadeAllBut(entry.dataset.row));
      for (const event of ["mouseleave", "blur"]) entry.addEventListener(event, () => this.fadeAllBut(null));
    }
    for (const event of ["pointermove", "pointerdown"]) this.svg.addEventListener(event, (pointer) => this.pointerAt(pointer));
    // A finger leaves when it is lifted: its values stay until it touches something else.
    this.svg.addEventListener("pointerleave", (event) => { if (event.pointerType !== "touch") this.hideTip(); });
    document.addEventListener("pointerdown", (event) => { if (!this.svg.contains(event.target)) this.hideTip(); });
    this.svg.addEventListener("blur", () => this.hideTip());
    this.svg.addEventListener("keydown", (event) => this.keyPressed(event));
    this.hideTip();
    this.show(this.drawings[0]);
  }

  // ---- what is shown

  chosen({ choice, value }) {
    if (choice === "curves") return this.switchCurves(value);
    // A view begins with the y axis that suits it; what it has not is left as it begins.
    const wanted = { ...this.drawing.dataset, [choice]: value };
    const keys = choice === "view" ? ["view", "x", "range"] : ["view", "x", "y", "range"];
    const has = (some) => this.drawings.find(({ dataset }) => some.every((key) => dataset[key] === wanted[key]));
    this.show(has(keys) ?? has(keys.slice(0, -1)) ?? has(["view"]));
  }

  show(drawing) {
    this.hideTip();
    this.drawing = drawing;
    if (drawing.querySelector(".curves") === null) {
      const first = this.ofView()[0];
      const curves = first.querySelector(".curves").cloneNode(true);
      moveCurves(curves, first, drawing);
      drawing.append(curves);
    }
    for (const each of this.drawings) each.classList.toggle("shown", each === drawing);
    for (const axis of this.axes) axis.classList.toggle("shown", axis.dataset.x === drawing.dataset.x);
    for (const button of this.choices) {
      const { choice, value } = button.dataset;
      if (choice === "curves") continue;
      button.setAttribute("aria-pressed", value === drawing.dataset[choice]);
      button.disabled = choice !== "view" && !this.ofView().some(({ dataset }) => dataset[choice] === value);
      if (choice === "range" && value === "everything") button.closest(".choice").hidden = button.disabled;
    }
  }

  ofView() {
    return this.drawings.filter(({ dataset }) => dataset.view === this.drawing.dataset.view);
  }

  switchCurves(which) {
    for (const { dataset } of this.entries) {
      switchRow(dataset.row, which === "all" || (which === "few" && dataset.aside === undefined));
    }
  }

  series() {
    return [...this.drawing.querySelectorAll(".series:not(.off)")];
  }

  fadeAllBut(row) {
    const some = this.series().some(({ dataset }) => dataset.row === row);
    for (const each of this.series()) each.classList.toggle("faded", some && each.dataset.row !== row);
  }

  // ---- values under the pointer

  // Of each curve that has one the point at each position along x, highest first as in the plot.
  points() {
    const columns = this.svg.dataset.xNames.split("\n").map(() => []);
    for (const group of this.series()) {
      const { row, values } = group.dataset;
      const places = group.querySelector(".line").getAttribute("d").matchAll(/[ML](\S+) ([^ML]+)/g);
      values.split(";").forEach((text, i) => {
        if (text === "") return;
        const [, across, down] = places.next().value.map(Number);
        columns[i].push({ row, group, across, down, text });
      });
    }
    for (const column of columns) column.sort((a, b) => a.down - b.down);
    return columns;
  }

  pointerAt(event) {
    const box = this.svg.getBoundingClientRect();
    const scale = this.svg.viewBox.baseVal.width / box.width;
    const left = (event.clientX - box.left) * scale;
    const far = (column) => Math.abs(column[0].across - left);
    const columns = this.points();
    const some = columns.filter((column) => column.length > 0);
    if (some.length === 0) return;
    const nearest = some.reduce((best, column) => far(column) < far(best) ? column : best);
    this.showTip(columns, columns.indexOf(nearest), (event.clientY - box.top) * scale);
  }

  keyPressed(event) {
    if (event.key === "Escape") this.hideTip();
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const columns = this.points();
    let at = (this.tipAt ?? (step > 0 ? -1 : columns.length)) + step;
    while (columns[at]?.length === 0) at += step;
    if (columns[at] !== undefined) this.showTip(columns, at, null);
    event.preventDefault();
  }

  // Where there are many rows, those around the pointer.
  showTip(columns, at, down) {
    this.hideTip();
    this.tipAt = at;
    const { top, bottom } = this.svg.dataset;
    let rows = columns[at], near = null;
    if (down !== null) {
      const far = (point) => Math.abs(Math.max(point.down, top) - down);
      near = rows.reduce((best, point) => far(point) < far(best) ? point : best);
      const first = Math.max(0, Math.min(rows.indexOf(near) - kMostTipRows / 2, rows.length - kMostTipRows));
      rows = rows.slice(first, first + kMostTipRows);
    }
    const across = rows[0].across;
    this.marks.push(element("line", { class: "guide", x1: across, x2: across, y1: top, y2: bottom }));
    this.svg.append(this.marks[0]);
    for (const point of rows) {
      if (point.down < top) continue;
      const halo = element("circle", { class: "halo", cx: across, cy: point.down, r: point === near ? 5 : 3.5 });
      this.marks.push(halo);
      point.group.append(halo);
    }
    this.fillTip(rows, near);
    this.placeTip(across, down ?? Number(top));
  }

  fillTip(rows, near) {
    const { xLabel, xNames } = this.svg.dataset;
    const table = element("table", {});
    this.tip.replaceChildren(element("div", {}, `${xLabel}: ${xNames.split("\n")[this.tipAt]}`), table);
    for (const point of rows) {
      const line = table.insertRow();
      if (point === near) line.className = "near";
      const entry = this.entries.find(({ dataset }) => dataset.row === point.row);
      const name = element("th", { scope: "row" });
      name.append(entry.querySelector(".sample").cloneNode(true), entry.textContent);
      const [value, ...interval] = point.text.split(" ");
      line.append(name, element("td", { class: "value" }, value), element("td", { class: "interval" }, interval.join(" ")));
    }
    this.tip.hidden = false;
  }

  // Beside the guide, within the figure.
  placeTip(across, down) {
    const box = this.svg.getBoundingClientRect(), frame = this.frame.getBoundingClientRect();
    const scale = box.width / this.svg.viewBox.baseVal.width;
    const at = box.left - frame.left + across * scale;
    const fits = at + 14 + this.tip.offsetWidth <= this.frame.clientWidth;
    const top = box.top - frame.top + down * scale - this.tip.offsetHeight / 2;
    this.tip.style.left = `${fits ? at + 14 : Math.max(0, at - 14 - this.tip.offsetWidth)}px`;
    this.tip.style.top = `${Math.max(0, Math.min(top, this.frame.clientHeight - this.tip.offsetHeight))}px`;
  }

  hideTip() {
    this.tipAt = null;
    this.tip.hidden = true;
    for (const mark of this.marks ?? []) mark.remove();
    this.marks = [];
  }
}

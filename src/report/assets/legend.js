// The legend as a list of buttons, one a curve. What is switched off is so in every figure of the page.

const switchedOff = new Set();

function svgElement(name, attributes, parent, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  parent?.append(made);
  return made;
}

function htmlElement(name, attributes, parent, text) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  parent?.append(made);
  return made;
}

function lineAttributes(series) {
  return series.dash === "" ? { class: "line" } : { class: "line", "stroke-dasharray": series.dash };
}

class Legend {
  constructor(parent, series, { toggled, pointed }) {
    this.list = htmlElement("ul", { class: "legend-list", "aria-label": "Curves; each can be switched off" }, parent);
    this.entries = series.map((each) => {
      const item = htmlElement("li", {}, this.list);
      const button = htmlElement("button", { type: "button", class: each.colour }, item);
      const sample = svgElement("svg", { class: "sample", "aria-hidden": "true", viewBox: "0 0 26 12" }, button);
      svgElement("path", { ...lineAttributes(each), d: "M0 6h26" }, sample);
      if (each.marker) svgElement("path", { class: "marker", d: each.marker, transform: "translate(13 6) scale(3.2)" }, sample);
      htmlElement("span", { class: "name" }, button, each.label);
      button.addEventListener("click", () => toggled(each.label));
      for (const event of ["mouseenter", "focus"]) button.addEventListener(event, () => pointed(each.label));
      for (const event of ["mouseleave", "blur"]) button.addEventListener(event, () => pointed(null));
      return { label: each.label, item, button };
    });
    this.showStates();
  }

  showStates() {
    for (const { label, button } of this.entries) button.setAttribute("aria-pressed", String(!switchedOff.has(label)));
  }

  height() {
    return this.entries.reduce((sum, { item }) => sum + item.offsetHeight, 0);
  }

  // Beside the plot: each as near to the end of its line as the others allow; what has no end there at the bottom.
  placeBeside(width, wanted, top, bottom) {
    this.list.style.width = `${width}px`;
    const sorted = this.entries.map((entry, i) => ({ ...entry, wanted: wanted[i] ?? bottom + 1, half: entry.item.offsetHeight / 2 }));
    sorted.sort((a, b) => a.wanted - b.wanted);
    let edge = top - 10;
    for (const entry of sorted) {
      entry.centre = Math.max(entry.wanted, edge + entry.half);
      edge = entry.centre + entry.half;
    }
    edge = bottom + 10;
    for (const entry of sorted.reverse()) {
      entry.centre = Math.min(entry.centre, edge - entry.half);
      edge = entry.centre - entry.half;
      entry.item.style.top = `${entry.centre - entry.half}px`;
    }
  }

  placeBelow() {
    this.list.style.width = "";
    for (const { item } of this.entries) item.style.top = "";
  }
}

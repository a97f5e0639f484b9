// Starts the page: figures are drawn again from their numbers, at the width there is, and once more for paper.

for (const figure of document.querySelectorAll("figure.lines")) lineCharts.push(new LineChart(figure));

const widths = new WeakMap();
const resized = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (widths.get(target) === target.clientWidth) continue;
    widths.set(target, target.clientWidth);
    lineCharts.find((chart) => chart.figure === target)?.draw();
  }
});
for (const { figure } of lineCharts) resized.observe(figure);

addEventListener("beforeprint", () => {
  for (const chart of lineCharts) chart.draw(kPrintWidth);
  for (const fold of document.querySelectorAll("details:not([open])")) {
    fold.dataset.opened = "for print";
    fold.open = true;
  }
});
addEventListener("afterprint", () => {
  drawAll();
  for (const fold of document.querySelectorAll("details[data-opened]")) {
    delete fold.dataset.opened;
    fold.open = false;
  }
});

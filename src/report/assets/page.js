// Starts the page; on paper nothing is folded away.

document.documentElement.classList.add("live");
for (const figure of document.querySelectorAll("figure.lines")) new LineFigure(figure);

addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("details:not([open])")) {
    fold.dataset.opened = "for print";
    fold.open = true;
  }
});
addEventListener("afterprint", () => {
  for (const fold of document.querySelectorAll("details[data-opened]")) {
    delete fold.dataset.opened;
    fold.open = false;
  }
});

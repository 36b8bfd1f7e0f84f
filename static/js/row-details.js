"use strict";
// A row's details: <details> in a table's cell opens them there; this moves them to a row of their own below.
(() => {
  function open(details) {
    const row = details.closest("tr");
    const below = document.createElement("tr");
    below.className = "details-row";
    below.insertCell().colSpan = row.cells.length;
    below.cells[0].append(...[...details.children].filter((child) => child.localName !== "summary"));
    row.after(below);
  }

  function close(details) {
    const below = details.closest("tr").nextElementSibling;
    if (!below?.matches(".details-row")) return;
    details.append(...below.cells[0].children);
    below.remove();
  }

  // "toggle" does not bubble, hence the capture.
  document.addEventListener("toggle", ({ target }) => {
    if (target.matches("td > details")) (target.open ? open : close)(target);
  }, true);
})();

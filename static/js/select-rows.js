"use strict";
// A column of checkboxes: input[data-select-row] in the rows, input[data-select-all] in the head, [data-selected-count] and
// the buttons [data-needs-selection] beside the list. [data-when-all-selected] is offered once all rows of the page are selected.
(() => {
  const rows = () => [...document.querySelectorAll("input[data-select-row]:not(:disabled)")];

  function show() {
    const all = rows();
    const selected = all.filter((row) => row.checked).length;
    for (const box of document.querySelectorAll("input[data-select-all]")) {
      box.checked = selected > 0 && selected === all.length;
      box.indeterminate = selected > 0 && selected < all.length;
      box.disabled = all.length === 0;
    }
    for (const count of document.querySelectorAll("[data-selected-count]")) count.textContent = String(selected);
    for (const more of document.querySelectorAll("[data-when-all-selected]")) more.classList.toggle("offered", selected > 0 && selected === all.length);
    for (const button of document.querySelectorAll("[data-needs-selection]")) button.disabled = selected === 0;
  }

  document.addEventListener("change", ({ target }) => {
    if (target.matches("input[data-select-all]")) for (const row of rows()) row.checked = target.checked;
    if (target.matches("input[data-select-all], input[data-select-row]")) show();
  });
  document.addEventListener("DOMContentLoaded", show);
  document.addEventListener("htmx:afterSettle", show);
  addEventListener("pageshow", show); // a browser may restore boxes after DOMContentLoaded
})();

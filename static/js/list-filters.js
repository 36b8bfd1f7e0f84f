"use strict";
// On a narrow screen a list's filters are folded into one button, which says how many are set.
(() => {
  const fieldsOf = (button) => document.getElementById(button.getAttribute("aria-controls"));

  function count() {
    for (const button of document.querySelectorAll("button[data-fold-filters]")) {
      const set = [...fieldsOf(button).querySelectorAll("input, select")].filter((field) => field.value).length;
      button.querySelector("[data-filters-set]").textContent = set ? `${set} set` : "";
    }
  }

  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("button[data-fold-filters]");
    if (!button) return;
    const open = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(open));
    fieldsOf(button).classList.toggle("is-open", open);
  });
  document.addEventListener("change", ({ target }) => target.closest?.("[data-list-form]") && count());
  document.addEventListener("DOMContentLoaded", count);
  document.addEventListener("htmx:afterSettle", count);
})();

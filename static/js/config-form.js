"use strict";
// The config form: select[data-filters="id_key"] offers in that other select only what has the chosen data-type, and
// [data-help-for="KEY"] shows what the chosen key takes.
(() => {
  function offer(types, keys) {
    for (const option of keys.querySelectorAll("[data-type]")) {
      const fits = option.dataset.type === types.value;
      option.hidden = option.disabled = !fits; // Safari shows hidden options, so they are disabled too
    }
    const chosen = keys.selectedOptions[0];
    if (chosen?.closest("[data-type]")?.disabled) keys.value = "";
  }

  function help(keys) {
    for (const text of document.querySelectorAll("[data-help-for]")) text.hidden = text.dataset.helpFor !== keys.value;
  }

  function show() {
    for (const types of document.querySelectorAll("select[data-filters]")) {
      const keys = document.getElementById(types.dataset.filters);
      offer(types, keys);
      help(keys);
    }
  }

  document.addEventListener("change", ({ target }) => {
    if (target.matches("select")) show();
  });
  document.addEventListener("DOMContentLoaded", show);
  document.addEventListener("htmx:afterSettle", show);
})();

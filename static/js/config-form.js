"use strict";
// The config form: select[data-filters="id_key"] offers in that other select only what has the chosen data-type, [data-help-for="KEY"]
// shows what the chosen key takes, and a key that is set already (data-value, data-version) is loaded into the form.
(() => {
  const chosen = (keys) => keys.selectedOptions[0];

  function offer(types, keys) {
    for (const option of keys.querySelectorAll("[data-type]")) {
      const fits = option.dataset.type === types.value;
      option.hidden = option.disabled = !fits; // Safari shows hidden options, so they are disabled too
    }
    for (const group of keys.querySelectorAll("optgroup")) group.hidden = !group.querySelector("option:not(:disabled)");
    if (chosen(keys)?.closest("[data-type]")?.disabled) keys.value = "";
  }

  function help(keys) {
    for (const text of document.querySelectorAll("[data-help-for]")) text.hidden = text.dataset.helpFor !== keys.value;
  }

  // What somebody typed stays; what was loaded for another key does not.
  function load(keys) {
    const { value, version } = keys.form.elements;
    const stored = chosen(keys)?.dataset.value ?? "";
    if (value.value === (keys.dataset.loaded ?? "")) value.value = stored;
    keys.dataset.loaded = stored;
    version.value = chosen(keys)?.dataset.version ?? "";
    for (const note of keys.form.querySelectorAll("[data-already-set]")) note.hidden = !version.value;
  }

  function show() {
    for (const types of document.querySelectorAll("select[data-filters]")) {
      const keys = document.getElementById(types.dataset.filters);
      offer(types, keys);
      help(keys);
      keys.form.elements.value.rows = chosen(keys)?.dataset.lines ?? 1;
    }
  }

  document.addEventListener("change", ({ target }) => {
    if (!target.matches("select")) return;
    show();
    const form = target.form?.querySelector("select[data-filters]");
    if (form) load(document.getElementById(form.dataset.filters));
  });
  // A value of one line is submitted by Enter, as everywhere; a value of several takes a line break.
  document.addEventListener("keydown", (event) => {
    const { target } = event;
    if (event.key !== "Enter" || event.isComposing || !target.matches("textarea[rows='1']")) return;
    event.preventDefault();
    target.form.requestSubmit();
  });
  document.addEventListener("DOMContentLoaded", show);
  document.addEventListener("htmx:afterSettle", show);
})();

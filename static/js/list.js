"use strict";
// Lists: searching while typing, choosing sizes and filters, and refreshing at the address the list is at now.
(() => {
  const PAUSE = 300;
  let timer = 0;

  const listForm = (element) => element.closest?.("[data-list-form]");

  document.addEventListener("input", ({ target }) => {
    const form = listForm(target);
    if (!form || target.type !== "search") return;
    clearTimeout(timer);
    timer = setTimeout(() => form.requestSubmit(), PAUSE);
  });
  document.addEventListener("change", ({ target }) => {
    const form = listForm(target);
    if (form && target.type !== "search") form.requestSubmit();
  });
  document.addEventListener("submit", () => clearTimeout(timer));

  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.elt.matches("[data-current-address]")) detail.path = location.pathname + location.search;
    if (!detail.elt.matches("[data-list-form]")) return;
    // Fields left empty would only make the address long.
    for (const [name, value] of [...detail.formData.entries()]) {
      if (value === "") detail.formData.delete(name);
    }
  });
})();

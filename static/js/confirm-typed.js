"use strict";
// input[data-must-equal="text"]: its form can be sent only once exactly that text stands in it.
(() => {
  function show(input) {
    const button = input.form.querySelector("[type=submit]");
    button.disabled = input.value.trim() !== input.dataset.mustEqual;
  }

  const showAll = () => document.querySelectorAll("input[data-must-equal]").forEach(show);

  document.addEventListener("input", ({ target }) => {
    if (target.matches("input[data-must-equal]")) show(target);
  });
  document.addEventListener("DOMContentLoaded", showAll);
  document.addEventListener("htmx:afterSettle", showAll);
})();

"use strict";
// input[data-kind-of-user="pattern of an email address"]: says while somebody types what the username would create. The texts are the
// input's data-person, data-service and data-invalid. It is a hint; the server decides.
(() => {
  function place(input) {
    const parent = input.parentElement;
    const found = parent.querySelector("[data-kind-shown]");
    if (found) return found;
    const made = document.createElement("p");
    made.className = "form-text kind-shown";
    made.dataset.kindShown = "";
    made.setAttribute("role", "status");
    parent.append(made);
    return made;
  }

  function kind(input) {
    const typed = input.value.trim();
    if (!typed) return "";
    if (!typed.includes("@")) return input.dataset.service;
    return new RegExp(`^(?:${input.dataset.kindOfUser})$`).test(typed) ? input.dataset.person : input.dataset.invalid;
  }

  function show(input) {
    place(input).textContent = kind(input);
  }

  const showAll = () => document.querySelectorAll("input[data-kind-of-user]").forEach(show);

  document.addEventListener("input", ({ target }) => {
    if (target.matches("input[data-kind-of-user]")) show(target);
  });
  document.addEventListener("DOMContentLoaded", showAll);
  document.addEventListener("htmx:afterSettle", showAll);
})();

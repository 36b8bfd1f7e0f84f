"use strict";
// Light, dark or as the system has it. Runs in <head>, before the first paint. The key "theme" and its values are those of
// the Django admin's own switch, which earlier releases had.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    const theme = localStorage.getItem("theme");
    return theme === "light" || theme === "dark" ? theme : "auto";
  }

  function show() {
    const theme = chosen();
    root.dataset.bsTheme = theme === "auto" ? (dark.matches ? "dark" : "light") : theme;
    for (const button of document.querySelectorAll("[data-theme-choice][aria-pressed]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === theme));
    }
  }

  root.classList.add("js");
  show();
  document.addEventListener("DOMContentLoaded", show);
  dark.addEventListener("change", show);
  addEventListener("storage", show);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    localStorage.setItem("theme", button.dataset.themeChoice);
    show();
  });
})();

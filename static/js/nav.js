"use strict";
// The navigation: a drawer below 992 pixels, folded to icons below 1200, wide above. A click on its button changes that for screens of
// about the same width, and is remembered.
(() => {
  const root = document.documentElement;
  const roomy = matchMedia("(min-width: 1200px)");
  const toggle = () => document.querySelector("[data-nav-toggle]");
  const key = () => (roomy.matches ? "nav" : "nav-narrow");

  function showFold() {
    const folded = (localStorage.getItem(key()) ?? (roomy.matches ? "wide" : "folded")) === "folded";
    root.classList.toggle("nav-folded", folded);
    document.querySelector("[data-nav-fold]")?.setAttribute("aria-pressed", String(folded));
  }

  function openDrawer(open) {
    root.classList.toggle("nav-open", open);
    toggle()?.setAttribute("aria-expanded", String(open));
    document.getElementById("main").inert = open;
    if (open) document.querySelector("#navigation a")?.focus();
    else toggle()?.focus();
  }

  showFold();
  document.addEventListener("DOMContentLoaded", showFold);
  roomy.addEventListener("change", showFold);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-nav-fold]")) {
      localStorage.setItem(key(), root.classList.contains("nav-folded") ? "wide" : "folded");
      showFold();
    } else if (event.target.closest("[data-nav-toggle], [data-nav-close]")) {
      event.preventDefault();
      openDrawer(!root.classList.contains("nav-open"));
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && root.classList.contains("nav-open")) openDrawer(false);
  });
  // A window made wide again has no drawer, so nothing may stay inert behind one.
  matchMedia("(min-width: 992px)").addEventListener("change", (wide) => {
    if (wide.matches && root.classList.contains("nav-open")) openDrawer(false);
  });
})();

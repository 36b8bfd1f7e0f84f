"use strict";
// "/" goes to the list's search, "?" shows the shortcuts. Not while somebody types, with Ctrl, Alt or Meta, or in a dialog; and not at all
// where they were turned off, which is remembered in this browser.
(() => {
  const TYPING = "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable]";
  const areOn = () => localStorage.getItem("shortcuts") !== "off";
  const dialog = () => document.getElementById("shortcuts");

  function search() {
    const field = document.querySelector("main input[type=search]");
    if (!field?.checkVisibility()) return document.querySelector("[data-palette-open]")?.click();
    field.focus();
    field.select();
  }

  function show() {
    if (!dialog()) return;
    dialog().querySelector("[data-shortcuts-switch]").checked = areOn();
    portal.showModal(dialog());
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.altKey || event.metaKey || !areOn()) return;
    if (event.target.closest?.(TYPING) || document.querySelector("dialog[open], .dropdown-menu.show")) return;
    if (event.key !== "/" && event.key !== "?") return;
    if (!dialog()) return;
    event.preventDefault();
    if (event.key === "/") search();
    else show();
  });
  document.addEventListener("click", ({ target }) => {
    if (target.closest("[data-shortcuts-open]")) show();
    else if (target.closest("[data-shortcuts-close]")) dialog().close();
  });
  document.addEventListener("change", ({ target }) => {
    if (target.matches("[data-shortcuts-switch]")) localStorage.setItem("shortcuts", target.checked ? "on" : "off");
  });
})();

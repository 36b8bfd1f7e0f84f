"use strict";
// System Settings, tab All settings: a key with a value that is not saved yet is marked (data-changed).
(() => {
  function mark({ target }) {
    const setting = target.closest?.(".setting");
    if (setting) setting.toggleAttribute("data-changed", portal.isChanged(setting));
  }

  document.addEventListener("input", mark);
  document.addEventListener("change", mark);
  const markAll = () => document.querySelectorAll(".setting form").forEach((form) => mark({ target: form }));
  document.addEventListener("DOMContentLoaded", markAll);
  document.addEventListener("htmx:afterSettle", markAll);
})();

"use strict";
// An Expiry Date ([data-expiry]): presets, and the resulting day in words. Days are milliseconds at midnight UTC, so that neither the
// browser's time zone nor a clock change moves them.
window.portal = window.portal || {};
(() => {
  const DAY = 86_400_000;
  const NAMES = { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" };

  const iso = (day) => new Date(day).toISOString().slice(0, 10);
  const words = (day, options = NAMES) => new Date(day).toLocaleDateString("en-US", options);
  const box = (root) => root.querySelector("input");

  // NaN for what is no day, such as February 30.
  function parse(text) {
    const day = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
    return !Number.isNaN(day) && iso(day) === text ? day : NaN;
  }

  function limits(root) {
    const today = parse(root.dataset.today);
    return { today, first: today + DAY, last: today + DAY * root.dataset.longest };
  }

  // Like somebody who types it.
  function enter(root, day) {
    box(root).value = iso(day);
    box(root).dispatchEvent(new Event("input", { bubbles: true }));
  }

  function sentence(day, { today, first, last }) {
    if (Number.isNaN(day)) return "";
    if (day < first) return "Choose a day after today.";
    if (day > last) return `Choose a day on or before ${words(last)}.`;
    const days = (day - today) / DAY;
    return `Expires ${words(day)}, ${days === 1 ? "tomorrow" : `in ${days} days`}`;
  }

  function describe(root) {
    const text = box(root).value.trim();
    const range = limits(root);
    root.querySelector("[data-expiry-words]").textContent = sentence(text ? parse(text) : range.last, range);
    for (const preset of root.querySelectorAll("[data-days]")) {
      preset.setAttribute("aria-pressed", String(parse(text) === range.today + DAY * preset.dataset.days));
    }
  }

  portal.expiry = { DAY, box, enter, iso, limits, parse, words };

  document.addEventListener("input", ({ target }) => {
    const root = target.closest("[data-expiry]");
    if (root) describe(root);
  });
  document.addEventListener("click", ({ target }) => {
    const preset = target.closest("[data-expiry] [data-days]");
    if (!preset) return;
    const root = preset.closest("[data-expiry]");
    enter(root, limits(root).today + DAY * preset.dataset.days);
  });
  document.querySelectorAll("[data-expiry]").forEach(describe);
  document.addEventListener("htmx:afterSwap", ({ detail }) => detail.target.querySelectorAll("[data-expiry]").forEach(describe));
})();

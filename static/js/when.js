"use strict";
// Dates (portal/core/when.py): the exact instant on hover, focus and tap. In a table one date is in the Tab order and the arrow keys
// lead to the others, so that Tab need not stop at each. Where a browser has no popovers, the title attribute remains.
(() => {
  if (!HTMLElement.prototype.showPopover) return;
  const GRACE = 200; // ms in which the pointer can go from the date to its bubble
  const bubble = portal.bubble("exact-instant");
  let shown = null;
  let timer = 0;

  const dateAt = (target) => target.closest?.("time.when");

  function prepare(root) {
    for (const date of root.querySelectorAll("time.when[title]")) {
      date.dataset.exact = date.title;
      date.removeAttribute("title");
      const table = date.closest("table");
      date.tabIndex = table?.querySelector('time.when[tabindex="0"]') ? -1 : 0;
    }
  }

  function show(date) {
    clearTimeout(timer);
    if (shown === date) return;
    hide();
    bubble.show(date, date.dataset.exact);
    date.setAttribute("aria-describedby", bubble.element.id);
    shown = date;
  }

  function hide() {
    clearTimeout(timer);
    shown?.removeAttribute("aria-describedby");
    shown = null;
    bubble.element.remove();
  }

  function move(date, step) {
    const dates = [...date.closest("table").querySelectorAll("time.when")];
    const next = dates[dates.indexOf(date) + step];
    if (!next) return;
    date.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }

  document.addEventListener("pointerover", ({ target }) => {
    if (target === bubble.element) clearTimeout(timer);
    else if (dateAt(target)?.dataset.exact) show(dateAt(target));
  });
  document.addEventListener("pointerout", ({ target, pointerType }) => {
    if (pointerType !== "mouse" || !shown || shown.matches(":focus-visible")) return;
    if (target === bubble.element || dateAt(target) === shown) timer = setTimeout(hide, GRACE);
  });
  document.addEventListener("click", ({ target }) => {
    if (dateAt(target)?.dataset.exact) show(dateAt(target));
    else if (target !== bubble.element) hide();
  });
  document.addEventListener("focusin", ({ target }) => (dateAt(target)?.dataset.exact ? show(dateAt(target)) : hide()));
  document.addEventListener("focusout", ({ target }) => target === shown && hide());
  document.addEventListener("scroll", () => shown && bubble.place(shown), { capture: true, passive: true });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && shown) {
      hide();
      event.preventDefault(); // the first Escape closes the bubble, not the dialog that it is in
      event.stopImmediatePropagation();
    }
    const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    const date = dateAt(event.target);
    if (!step || !date?.closest("table")) return;
    event.preventDefault();
    move(date, step);
  });
  document.addEventListener("htmx:load", ({ target }) => {
    if (shown && !shown.isConnected) hide();
    prepare(target.parentElement || document);
  });
  document.addEventListener("DOMContentLoaded", () => prepare(document));
})();

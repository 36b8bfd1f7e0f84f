"use strict";
// Texts that a list cuts (.cut, .cut-lines): the whole of one on hover, focus and tap. Those that are cut can be reached by Tab.
(() => {
  if (!HTMLElement.prototype.showPopover) return;
  const bubble = portal.bubble("whole-text");
  let shown = null;

  const cutAt = (target) => target.closest?.(".cut, .cut-lines");
  const isCut = (text) => text.scrollWidth > text.clientWidth + 1 || text.scrollHeight > text.clientHeight + 2;

  function prepare() {
    for (const text of document.querySelectorAll(":is(.list-table, .soonest) :is(.cut, .cut-lines):not(a)")) {
      if (isCut(text)) text.tabIndex = 0;
      else text.removeAttribute("tabindex");
    }
  }

  function hide() {
    shown = null;
    bubble.element.remove();
  }

  function show(text) {
    if (shown === text) return;
    hide();
    if (!isCut(text)) return;
    bubble.show(text, text.textContent.trim().replace(/\s+/g, " "));
    shown = text;
  }

  function follow({ target }) {
    const text = cutAt(target);
    if (text) show(text);
    else if (target !== bubble.element) hide();
  }

  document.addEventListener("pointerover", follow);
  document.addEventListener("focusin", follow);
  document.addEventListener("click", follow);
  document.addEventListener("focusout", hide);
  document.addEventListener("scroll", () => shown && hide(), { capture: true, passive: true });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !shown) return;
    hide();
    event.stopImmediatePropagation();
  });
  document.addEventListener("DOMContentLoaded", prepare);
  document.addEventListener("htmx:afterSettle", prepare);
  addEventListener("resize", prepare);
})();

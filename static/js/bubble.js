"use strict";
// A bubble beside an element, above everything else: for what is shown on hover, focus and tap (when.js, cut-text.js).
window.portal = window.portal || {};
portal.bubble = (id) => {
  const element = Object.assign(document.createElement("div"), { id, className: "bubble", popover: "manual" });
  element.setAttribute("role", "tooltip");

  function place(anchor) {
    const box = anchor.getBoundingClientRect();
    const { width, height } = element.getBoundingClientRect();
    const below = box.bottom + height + 4 < innerHeight;
    element.style.left = `${Math.max(4, Math.min(box.left, innerWidth - width - 4))}px`;
    element.style.top = `${below ? box.bottom + 2 : box.top - height - 2}px`;
  }

  function show(anchor, text) {
    element.textContent = text;
    (anchor.closest("dialog[open]") || document.body).append(element); // what is outside of a modal dialog is inert
    element.showPopover();
    place(anchor);
  }

  return { element, place, show };
};

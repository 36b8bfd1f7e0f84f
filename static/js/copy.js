"use strict";
// Copying text: portal.copy for other scripts, and [data-copy="#id"] buttons. A copied text's [data-keep-open] is done.
window.portal = window.portal || {};
(() => {
  // For pages without HTTPS, where navigator.clipboard is missing. Inside a modal dialog only its own content can be selected.
  function copyBySelection(text) {
    const area = document.createElement("textarea");
    const focused = document.activeElement;
    area.value = text;
    area.readOnly = true;
    area.className = "visually-hidden";
    (document.querySelector("dialog[open]") || document.body).append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    focused?.focus();
    return copied;
  }

  portal.copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return copyBySelection(text);
    }
  };

  portal.copyFailed = () => portal.toast("Couldn't copy it. Select the text and copy it manually.", "error");

  function select(element) {
    getSelection().selectAllChildren(element);
  }

  // The element as it is copied: each [data-text-of="#id"] inside has the text of the element that it names.
  function filledIn(element) {
    const copy = element.cloneNode(true);
    for (const part of copy.querySelectorAll("[data-text-of]")) {
      part.textContent = document.querySelector(part.dataset.textOf).textContent.trim();
    }
    return copy;
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = document.querySelector(button.dataset.copy);
    const filled = filledIn(source);
    if (!(await portal.copy(filled.textContent.trim()))) {
      source.replaceChildren(...filled.childNodes);
      select(source);
      return portal.copyFailed();
    }
    (button.querySelector("[data-copy-label]") || button).textContent = "Copied";
    button.closest("[data-keep-open]")?.removeAttribute("data-keep-open");
    portal.announce("Copied");
  });

  // A screen reader hears of a changed label only if it stands in a live region.
  portal.announce = (text) => {
    const region = document.createElement("p");
    region.className = "visually-hidden";
    region.setAttribute("role", "status");
    (document.querySelector("dialog[open]") || document.body).append(region);
    setTimeout(() => { region.textContent = text; }, 50);
    setTimeout(() => region.remove(), 3000);
  };
})();

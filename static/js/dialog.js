"use strict";
// Panes and windows: htmx puts content into a <dialog>, this opens it. Escape, a click outside, [data-dialog-close] and the
// server's event "dialog-close" close it; then it is emptied and the focus goes back to what opened it. All but the last ask first where
// something was typed (unsaved.js).
window.portal = window.portal || {};
(() => {
  const FIRST = [".is-invalid", "[autofocus]", "input:not([type=hidden]), select, textarea", ".form-actions > *"];
  let opener = null;

  const isDialog = (element) => element instanceof HTMLDialogElement && element.matches(".pane, .window");
  const openOne = () => document.querySelector("dialog:is(.pane, .window)[open]");
  // A form is on its way: its answer must find its dialog.
  const isSending = (dialog) => Boolean(dialog.querySelector("form[data-sending]"));
  // Held against a slip: also while a token is there that nobody has copied yet.
  const isHeld = (dialog) => isSending(dialog) || Boolean(dialog.querySelector("[data-keep-open]"));

  function focusFirst(dialog) {
    for (const selector of FIRST) {
      const found = dialog.querySelector(`.dialog-body :is(${selector}):not(:disabled)`);
      if (found) return found.focus();
    }
  }

  // The page behind does not scroll (frame.css). Where its scroll bar takes up room, the room is kept, so that nothing moves.
  portal.showModal = (dialog) => {
    const root = document.documentElement;
    root.classList.toggle("keep-gutter", innerWidth > root.clientWidth);
    dialog.showModal();
  };

  function open(dialog) {
    document.querySelectorAll("dialog[open]").forEach((other) => other === dialog || other.close());
    if (!dialog.open) portal.showModal(dialog);
    focusFirst(dialog);
  }

  async function close(dialog) {
    if (!isSending(dialog) && (await portal.mayDiscard(dialog)) && dialog.open) dialog.close();
  }

  // A menu's or the palette's entry is out of sight once that is closed: its button stands for it.
  function button(element) {
    if (element.closest("#palette")) return document.querySelector("[data-palette-open]");
    return element.closest(".dropdown")?.querySelector("[data-bs-toggle=dropdown]") || element;
  }

  // A list that was refreshed has a new opener: what has the same address, or, where that is gone, the same menu.
  function opened() {
    if (opener.element.isConnected) return opener.element;
    const address = opener.address && document.querySelector(`[hx-get="${CSS.escape(opener.address)}"]`);
    return address || (opener.label && document.querySelector(`[aria-label="${CSS.escape(opener.label)}"]`));
  }

  function focusOpener() {
    if (!opener || openOne()) return;
    const again = opened();
    (again ? button(again) : document.getElementById("main")).focus();
  }

  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (!isDialog(detail.target)) {
      const refresh = detail.requestConfig.triggeringEvent?.type === "list-changed" || detail.elt.matches("[data-background]");
      if (!refresh && !openOne()) opener = null; // the user has moved on
      return;
    }
    if (!openOne()) {
      const label = button(detail.elt).getAttribute("aria-label");
      opener = { element: detail.elt, address: detail.elt.getAttribute("hx-get"), label };
    }
    if (detail.elt.matches("dialog form")) detail.elt.dataset.sending = "";
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => delete detail.elt.dataset.sending);
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (isDialog(detail.target)) open(detail.target);
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (document.activeElement === document.body) focusOpener();
  });
  document.addEventListener("dialog-close", () => openOne()?.close());

  document.addEventListener("click", (event) => {
    const closer = event.target.closest("[data-dialog-close]");
    const dialog = event.target.closest("dialog");
    if (closer && dialog) {
      event.preventDefault(); // on a full page the same link leads back
      close(dialog);
    }
  });
  // A click outside closes only if it also began there: not when a selection is drawn out of the dialog.
  document.addEventListener("pointerdown", ({ target }) => {
    const dialog = openOne();
    if (dialog && target === dialog && !isHeld(dialog)) {
      document.addEventListener("click", (event) => event.target === dialog && close(dialog), { once: true });
    }
  });
  // "cancel" alone is not enough: Chromium closes on a second Escape without it. An Escape that closed a menu inside is used up.
  document.addEventListener("keydown", (event) => {
    const dialog = openOne();
    if (event.key !== "Escape" || event.defaultPrevented || event.isComposing || !dialog?.contains(event.target)) return;
    event.preventDefault();
    if (!isHeld(dialog)) close(dialog);
  });
  document.addEventListener("cancel", (event) => {
    if (!isDialog(event.target)) return;
    event.preventDefault();
    if (!isHeld(event.target)) close(event.target);
  }, true);
  document.addEventListener("close", ({ target }) => {
    if (!isDialog(target) || target.open) return;
    target.replaceChildren();
    focusOpener();
  }, true);
})();

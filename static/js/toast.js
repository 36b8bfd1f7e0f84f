"use strict";
// Short messages at the screen's corner: from the server (the event "toast" of HX-Trigger), from scripts (portal.toast), and
// for requests that failed.
window.portal = window.portal || {};
(() => {
  const LIFETIME = 6000;
  const FAILED = {
    0: "The portal can't be reached. Check your connection and try again.",
    400: "The request was rejected: it was too long or malformed.",
    403: "You don't have access to this.",
    404: "This no longer exists. Reload the page.",
    409: "Someone else changed this first. Reload the page and try again.",
    413: "The text is too long.",
    429: "Too many attempts. Wait a minute and try again.",
  };

  // What lies outside an open modal dialog is inert: not clickable and not read out. So the note goes where the user is.
  function home() {
    const dialog = document.querySelector("dialog[open]");
    if (!dialog) return document.querySelector("body > [data-toasts]");
    const inside = dialog.querySelector(":scope > [data-toasts]");
    if (inside) return inside;
    const made = document.createElement("div");
    made.className = "toasts";
    made.dataset.toasts = "";
    dialog.append(made);
    return made;
  }

  function anchor({ url, label }) {
    const made = document.createElement("a");
    Object.assign(made, { href: url, target: "_blank", rel: "noopener", textContent: label });
    return made;
  }

  function expire(note) {
    setTimeout(() => {
      if (note.matches(":hover, :focus-within")) expire(note);
      else note.remove();
    }, LIFETIME);
  }

  // `link`: {url, label}, opened in a new tab. What is shown already is not said twice.
  portal.toast = (text, level = "success", link = null) => {
    if (link && [...home().querySelectorAll(".note p")].some((shown) => shown.firstChild?.textContent === text)) return;
    const note = document.getElementById("note-template").content.firstElementChild.cloneNode(true);
    const error = level === "error";
    note.classList.add(`note-${level}`);
    note.setAttribute("role", error ? "alert" : "status");
    home().append(note);
    note.querySelector("p").textContent = text; // after it is in the page: a screen reader announces the change
    if (link) note.querySelector("p").append(" ", anchor(link));
    if (!error) expire(note);
  };

  function failed(event) {
    const { xhr } = event.detail;
    if (/"(toast|session-ended)"/.test(xhr.getResponseHeader("HX-Trigger"))) return; // the server says it better
    portal.toast(FAILED[xhr.status] || "Something went wrong on our end. Try again in a moment.", "error");
  }

  document.addEventListener("toast", (event) => portal.toast(event.detail.text, event.detail.level));
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) document.addEventListener(name, failed);
  document.addEventListener("click", (event) => event.target.closest("[data-note-close]")?.closest(".note").remove());
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll(".note:not([role=alert])").forEach(expire);
  });
})();

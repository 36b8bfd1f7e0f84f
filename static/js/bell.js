"use strict";
// The bell keeps itself up to date: while the page is visible, once a minute, it asks whether the number of open faults has changed.
// It stops when the session has ended.
(() => {
  const INTERVAL = 60_000;
  const bell = () => document.querySelector("[data-bell]");
  let asked = Date.now();
  let timer = 0; // null: the session has ended

  function put(html) {
    const shown = bell();
    if (shown.querySelector(".show")) return; // its menu is open: next time
    const made = document.createRange().createContextualFragment(html).querySelector("[data-bell]");
    const focused = shown.contains(document.activeElement);
    const grown = Number(made.dataset.shown) > Number(shown.dataset.shown);
    shown.replaceWith(made);
    htmx.process(made);
    if (focused) made.querySelector("button").focus();
    if (grown) portal.announce(made.querySelector("button").ariaLabel);
  }

  async function ask() {
    if (timer === null || !bell() || document.hidden || Date.now() - asked < INTERVAL) return;
    asked = Date.now();
    try {
      const response = await fetch(`${bell().dataset.bell}?shown=${bell().dataset.shown}`, { redirect: "manual", cache: "no-store" });
      if (response.status === 200) put(await response.text());
      else if (response.type === "opaqueredirect" || [401, 403].includes(response.status)) stop();
    } catch {
      // no connection: asked again in a minute
    }
  }

  function stop() {
    clearInterval(timer);
    timer = null;
  }

  timer = setInterval(ask, 5000);
  document.addEventListener("visibilitychange", ask);
})();

"use strict";
// Five minutes before the session ends a bar says so, with the way to sign in again in a new tab. A user who comes back from there goes on with
// the page as it is: nothing that was typed is lost. After the end the bar stays, and says that.
(() => {
  const WARNING = 5 * 60;
  let bar = null;
  let ends = 0; // by this computer's clock, since only a span of time comes from the server

  const secondsLeft = () => Math.round((ends - Date.now()) / 1000);

  function text(seconds) {
    if (seconds <= 0) return "Your session has ended. What you entered on this page is still here.";
    const minutes = Math.ceil(seconds / 60);
    const span = minutes === 1 ? "less than a minute" : `${minutes} minutes`;
    return `Your session ends in ${span}, and your temporary API token with it.`;
  }

  // What lies outside an open dialog can be neither clicked nor read out. A dialog that is closed is emptied: the bar goes back.
  function place() {
    const dialogs = document.querySelectorAll("dialog[open]:not(.question)");
    const home = dialogs[dialogs.length - 1] || document.getElementById("main");
    if (bar.parentElement !== home) home.prepend(bar);
  }

  function tick() {
    const left = secondsLeft();
    if (left > WARNING) {
      bar.hidden = true;
      return;
    }
    place();
    bar.hidden = false;
    const line = bar.querySelector("[data-session-text]");
    if (line.textContent !== text(left)) line.textContent = text(left); // once a minute: a screen reader reads each change
  }

  // After a visit to another tab: has the same user signed in again there?
  async function ask() {
    if (document.hidden || bar.hidden) return;
    const response = await fetch(bar.dataset.url, { redirect: "manual", cache: "no-store" }).catch(() => null);
    if (!response?.ok) return;
    const { user, seconds, csrf } = await response.json();
    if (String(user) !== bar.dataset.user) return; // somebody else: what was typed must not become theirs by itself
    ends = Date.now() + seconds * 1000;
    document.dispatchEvent(new CustomEvent("csrf-renewed", { detail: { token: csrf } }));
    tick();
  }

  document.addEventListener("DOMContentLoaded", () => {
    bar = document.getElementById("session-bar");
    if (!bar) return;
    ends = Date.now() + Number(bar.dataset.seconds) * 1000;
    setInterval(tick, 1000);
    tick();
    addEventListener("focus", ask);
    document.addEventListener("visibilitychange", ask);
  });
})();

"use strict";
// The temporary token, and the calendar's link. They are in no page: a click on the eye or on Copy fetches them, and only the eye
// puts them on the screen.
(() => {
  async function fetchToken(button) {
    const headers = { Accept: "application/json", ...JSON.parse(document.body.getAttribute("hx-headers")) };
    const response = await fetch(button.dataset.url, { method: "POST", headers, cache: "no-store" });
    if (response.redirected || response.status === 401) location.reload(); // signed out meanwhile
    const { confirm } = response.status === 403 ? await response.json().catch(() => ({})) : {};
    if (confirm) location.assign(confirm); // the sign-in was too long ago
    if (!response.ok || response.redirected) throw new Error(`status ${response.status}`);
    const { token, link } = await response.json();
    return token ?? link;
  }

  function failed() {
    portal.toast("Couldn't load it. Reload the page and try again.", "error");
  }

  // A clipboard that takes a promise keeps the click's permission while the token is on its way (Safari asks for that).
  async function copy(button) {
    const token = fetchToken(button);
    try {
      const text = token.then((plain) => new Blob([plain], { type: "text/plain" }));
      await navigator.clipboard.write([new ClipboardItem({ "text/plain": text })]);
      return true;
    } catch {
      return portal.copy(await token);
    }
  }

  const shownIn = (button) => button.closest("form").querySelector("[data-token-text]");

  function hide(button) {
    const place = shownIn(button);
    place.textContent = place.dataset.masked;
    button.setAttribute("aria-pressed", "false");
  }

  async function reveal(button) {
    shownIn(button).textContent = await fetchToken(button);
    button.setAttribute("aria-pressed", "true");
  }

  document.addEventListener("click", async (event) => {
    const eye = event.target.closest("[data-token-reveal]");
    const button = eye || event.target.closest("[data-token-copy]");
    if (!button) return;
    event.preventDefault(); // without JavaScript the eye's form shows the token on a page of its own
    try {
      if (eye) return eye.getAttribute("aria-pressed") === "true" ? hide(eye) : await reveal(eye);
      if (await copy(button)) portal.toast(button.dataset.copied || "API token copied.");
      else portal.copyFailed();
    } catch {
      failed();
    }
  });

  addEventListener("pagehide", () => document.querySelectorAll("[data-token-reveal][aria-pressed=true]").forEach(hide));
})();

"use strict";
// The command palette: a combobox over what the server finds (the page's [data-palette]). Arrows choose, Enter clicks the option.
(() => {
  const PAUSE = 150;
  let timer = 0;
  let asked = null; // the AbortController of the request that is on its way
  let stale = true; // the options are those of an earlier text

  const palette = () => document.getElementById("palette");
  const field = () => palette().querySelector("[role=combobox]");
  const options = () => [...palette().querySelectorAll("[role=option]")];
  const chosen = () => palette().querySelector("[aria-selected=true]");

  function choose(option) {
    chosen()?.setAttribute("aria-selected", "false");
    field().removeAttribute("aria-activedescendant");
    if (!option) return;
    option.setAttribute("aria-selected", "true");
    field().setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  function move(step) {
    const all = options();
    const at = all.indexOf(chosen());
    choose(all[(at + step + all.length) % all.length]);
  }

  function show(html) {
    const results = document.getElementById("palette-results");
    results.innerHTML = html;
    htmx.process(results);
    const found = options().length;
    field().setAttribute("aria-expanded", String(found > 0));
    palette().querySelector("[data-palette-status]").textContent = found ? `${found} result${found === 1 ? "" : "s"}` : "Nothing found.";
    choose(options()[0]);
  }

  async function search() {
    clearTimeout(timer);
    asked?.abort();
    asked = new AbortController();
    const form = field().form;
    const text = field().value;
    try {
      const response = await fetch(`${form.dataset.palette}?${new URLSearchParams({ q: text })}`, { signal: asked.signal, redirect: "manual" });
      if (response.ok) {
        show(await response.text());
        stale = field().value !== text; // Enter must not open what an earlier text has found
      }
      if (response.type === "opaqueredirect") location.reload(); // the session has ended
    } catch (error) {
      if (error.name !== "AbortError") palette().querySelector("[data-palette-status]").textContent = "Couldn't load the results.";
    }
  }

  function open() {
    if (!palette() || document.querySelector("dialog[open]")) return;
    field().value = "";
    stale = true;
    document.getElementById("palette-results").replaceChildren();
    portal.showModal(palette());
    search();
  }

  document.addEventListener("click", (event) => {
    const { target } = event;
    if (target.closest("[data-palette-open]")) open();
    else if (target.closest("[data-palette-close]") || target === palette()) palette().close();
    else if (target.closest("#palette [role=option]")) palette().close(); // what the option does comes after this, or has begun
  });
  document.addEventListener("input", ({ target }) => {
    if (!target.matches("#palette [role=combobox]")) return;
    stale = true;
    clearTimeout(timer);
    timer = setTimeout(search, PAUSE);
  });
  document.addEventListener("token-typed", () => clearTimeout(timer));
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      if (!palette()) return;
      event.preventDefault();
      open();
    } else if (event.target.matches?.("#palette [role=combobox]") && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    }
  });
  document.addEventListener("submit", async (event) => {
    if (!event.target.matches("[data-palette]")) return;
    event.preventDefault();
    if (stale) await search(); // Enter was faster than the results
    if (!stale) chosen()?.click();
  });
})();

"use strict";
// textarea[data-chips=email|day]: a list of values as chips. The textarea stays in the form with the same text, values separated by
// semicolons, as it is filled in without JavaScript. A bad value keeps its chip, marked, with its error in the list #errors-...
(() => {
  const SEPARATORS = /[;,\s]+/;
  const probe = Object.assign(document.createElement("input"), { type: "email" });
  const isEmail = (text) => { probe.value = text; return probe.checkValidity(); };
  const isDay = (text) => /^\d{1,3}$/.test(text) && text >= 1 && text <= 365;
  const RULES = {
    email: (text) => (isEmail(text) ? "" : `'${text}' is not an email address.`),
    day: (text) => (isDay(text) ? "" : `'${text}' is not a whole number of days from 1 to 365.`),
  };
  const PLACEHOLDERS = { email: "Add addresses", day: "Add days" };
  const parts = (text) => text.split(SEPARATORS).filter(Boolean);

  function build(area) {
    const box = document.createElement("div");
    const entry = document.createElement("input");
    const list = document.createElement("ul");
    list.setAttribute("role", "list");
    box.className = "chips";
    entry.id = area.id;
    area.id = `${area.id}-text`;
    Object.assign(entry, { type: "text", autocomplete: "off", placeholder: PLACEHOLDERS[area.dataset.chips] });
    if (area.dataset.chips === "day") entry.inputMode = "numeric";
    entry.setAttribute("aria-describedby", area.getAttribute("aria-describedby"));
    box.append(list, entry);
    area.before(box);
    area.hidden = true;
    area.dataset.built = "";
    return { area, box, entry, list, errors: document.getElementById(`errors-${entry.id.replace("value-", "")}`) };
  }

  function enhance(area) {
    const { box, entry, list, errors } = build(area);
    const rule = RULES[area.dataset.chips];
    let values = parts(area.value);

    const isRepeated = (text, place) => values.findIndex((one) => one.toLowerCase() === text.toLowerCase()) < place;
    const rejected = new Map([...errors.children].map((item) => [item.dataset.part, item.textContent])); // by the server, which knows more

    function errorOf(text, place) {
      return isRepeated(text, place) ? `'${text}' is listed twice.` : rule(text) || rejected.get(text) || "";
    }

    function chip(text, place, error) {
      const item = document.createElement("li");
      const label = document.createElement("bdi");
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: "×" });
      label.textContent = text;
      button.setAttribute("aria-label", `Remove ${text}${error && " (invalid)"}`);
      item.classList.toggle("invalid", Boolean(error));
      if (error) item.title = error;
      button.addEventListener("click", () => { values.splice(place, 1); change(); entry.focus(); });
      item.append(label, button);
      return item;
    }

    // Chips that stay as they are keep their elements: a click may be under way on one of them.
    function show() {
      const found = values.map(errorOf);
      values.forEach((text, place) => {
        const now = list.children[place];
        if (now?.dataset.chip === `${text} ${found[place]}`) return;
        const item = chip(text, place, found[place]);
        item.dataset.chip = `${text} ${found[place]}`;
        if (now) now.replaceWith(item);
        else list.append(item);
      });
      while (list.children.length > values.length) list.lastChild.remove();
      return found.filter(Boolean);
    }

    function change() {
      const found = show();
      errors.replaceChildren(...found.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
      entry.setAttribute("aria-invalid", String(found.length > 0));
      area.value = values.join(";");
      area.dispatchEvent(new Event("input", { bubbles: true }));
    }

    function take(text) {
      entry.value = "";
      values.push(...parts(text));
      change();
    }

    entry.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if ([";", ",", " "].includes(event.key) || (event.key === "Enter" && entry.value.trim())) {
        event.preventDefault();
        if (entry.value.trim()) take(entry.value);
      } else if (event.key === "Backspace" && !entry.value && values.length) {
        event.preventDefault();
        entry.value = values.pop(); // to be corrected
        change();
      }
    });
    entry.addEventListener("paste", (event) => {
      const text = event.clipboardData.getData("text");
      if (!SEPARATORS.test(text.trim())) return;
      event.preventDefault();
      take(`${entry.value}${text}`);
    });
    entry.addEventListener("change", () => entry.value.trim() && take(entry.value));
    area.form.addEventListener("submit", () => entry.value.trim() && take(entry.value), { capture: true });
    box.addEventListener("click", ({ target }) => target === box && entry.focus());
    show();
    entry.setAttribute("aria-invalid", area.getAttribute("aria-invalid"));
  }

  const all = () => document.querySelectorAll("textarea[data-chips]:not([data-built])").forEach(enhance);
  document.addEventListener("DOMContentLoaded", all);
  document.addEventListener("htmx:afterSettle", all);
})();

"use strict";
// The calendar of an Expiry Date: a grid of one month, below the box. Arrow keys move by days and weeks, Home and End within a week, Page Up
// and Page Down by months; Enter chooses, Escape closes. Source: WAI-ARIA Authoring Practices, date picker dialog (here not modal).
(() => {
  const { DAY, box, enter, iso, limits, parse, words } = portal.expiry;
  const LONG = { day: "numeric", month: "long", year: "numeric", weekday: "long", timeZone: "UTC" };
  // Without a locale of the system, as on a bare server, WebKit's language is "C".
  const [language] = navigator.languages.flatMap((name) => /^[a-z]{2,3}(-|$)/i.test(name) ? [name] : []);
  const locale = new Intl.Locale(language || "en-US");
  const FIRST_DAY = ((locale.getWeekInfo?.() ?? locale.weekInfo)?.firstDay ?? 7) % 7; // 0: Sunday

  const toggle = (root) => root.querySelector("[data-calendar-toggle]");
  const calendar = (root) => root.querySelector("[data-calendar]");
  const clamp = (day, { first, last }) => Math.min(Math.max(day, first), last);
  const weekday = (day) => (new Date(day).getUTCDay() - FIRST_DAY + 7) % 7;

  // The same day of another month; the last one where that month is shorter.
  function inMonth(day, months) {
    const date = new Date(day);
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + months];
    return Date.UTC(year, month, Math.min(date.getUTCDate(), new Date(Date.UTC(year, month + 1, 0)).getUTCDate()));
  }

  function element(name, attributes = {}, text = "") {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.textContent = text;
    return made;
  }

  function arrow(label, icon, day, disabled) {
    const button = element("button", { type: "button", class: "icon-button", "aria-label": label, "data-month": iso(day) });
    button.append(element("i", { class: `fa-solid ${icon}`, "aria-hidden": "true" }));
    button.disabled = disabled;
    return button;
  }

  function head(day, range) {
    const made = element("div", { class: "calendar-head" });
    const [before, after] = [inMonth(day, -1), inMonth(day, 1)];
    made.append(arrow("Previous month", "fa-chevron-left", before, iso(before).slice(0, 7) < iso(range.first).slice(0, 7)));
    made.append(element("p", { "aria-live": "polite" }, words(day, { month: "long", year: "numeric", timeZone: "UTC" })));
    made.append(arrow("Next month", "fa-chevron-right", after, iso(after).slice(0, 7) > iso(range.last).slice(0, 7)));
    return made;
  }

  function cell(day, focused, chosen, range) {
    const made = element("td");
    const attributes = { type: "button", "data-day": iso(day), "aria-label": words(day, LONG), tabindex: day === focused ? "0" : "-1" };
    const button = element("button", attributes, String(new Date(day).getUTCDate()));
    button.disabled = day < range.first || day > range.last;
    button.setAttribute("aria-pressed", String(day === chosen));
    made.append(button);
    return made;
  }

  function grid(focused, chosen, range) {
    const made = element("table");
    const start = focused - (new Date(focused).getUTCDate() - 1) * DAY;
    const names = made.createTHead().insertRow();
    const sunday = Date.UTC(2023, 0, 1);
    for (let place = 0; place < 7; place++) {
      const [short, long] = ["short", "long"].map((weekday) => words(sunday + (FIRST_DAY + place) * DAY, { weekday, timeZone: "UTC" }));
      names.append(element("th", { scope: "col", abbr: long }, short.slice(0, 2)));
    }
    const body = made.createTBody();
    for (let monday = start - weekday(start) * DAY; monday <= inMonth(start, 1) - DAY; monday += 7 * DAY) {
      const row = body.insertRow();
      for (let day = monday; day < monday + 7 * DAY; day += DAY) {
        row.append(iso(day).slice(0, 7) === iso(start).slice(0, 7) ? cell(day, focused, chosen, range) : element("td"));
      }
    }
    return made;
  }

  function show(root, day) {
    const range = limits(root);
    const focused = clamp(day, range);
    calendar(root).replaceChildren(head(focused, range), grid(focused, parse(box(root).value.trim()), range));
    calendar(root).hidden = false;
    toggle(root).setAttribute("aria-expanded", "true");
    return calendar(root).querySelector(`[data-day="${iso(focused)}"]`);
  }

  function hide(root) {
    calendar(root).hidden = true;
    toggle(root).setAttribute("aria-expanded", "false");
    toggle(root).focus();
  }

  const MOVES = {
    ArrowLeft: (day) => day - DAY,
    ArrowRight: (day) => day + DAY,
    ArrowUp: (day) => day - 7 * DAY,
    ArrowDown: (day) => day + 7 * DAY,
    Home: (day) => day - weekday(day) * DAY,
    End: (day) => day + (6 - weekday(day)) * DAY,
    PageUp: (day) => inMonth(day, -1),
    PageDown: (day) => inMonth(day, 1),
  };

  document.addEventListener("click", ({ target }) => {
    const root = target.closest("[data-expiry]");
    if (!root) return;
    const [day, month] = ["[data-day]", "[data-month]"].map((selector) => target.closest(selector));
    if (target.closest("[data-calendar-toggle]")) {
      if (!calendar(root).hidden) return hide(root);
      const typed = parse(box(root).value.trim());
      show(root, Number.isNaN(typed) ? limits(root).first : typed).focus();
    } else if (month) {
      const label = month.getAttribute("aria-label");
      const opened = show(root, parse(month.dataset.month));
      const again = calendar(root).querySelector(`[aria-label="${label}"]`);
      (again.disabled ? opened : again).focus();
    } else if (day) {
      enter(root, parse(day.dataset.day));
      hide(root);
    }
  });
  document.addEventListener("keydown", (event) => {
    const root = event.target.closest("[data-expiry]");
    if (!root || calendar(root).hidden) return;
    if (event.key === "Escape") {
      event.preventDefault(); // it closes the calendar, and not the dialog around it
      return hide(root);
    }
    const [day, move] = [event.target.dataset.day, MOVES[event.key]];
    if (!day || !move) return;
    event.preventDefault();
    show(root, move(parse(day))).focus();
  });
  document.addEventListener("input", ({ target }) => {
    const root = target.closest("[data-expiry]");
    if (root && !calendar(root).hidden && !Number.isNaN(parse(target.value.trim()))) show(root, parse(target.value.trim()));
  });
})();

"use strict";
// Which columns a list shows: switches in fieldset[data-columns="COOKIE"]. The server reads the cookie and leaves the others out.
(() => {
  const YEAR = 365 * 24 * 60 * 60;

  document.addEventListener("change", ({ target }) => {
    const menu = target.closest?.("[data-columns]");
    if (!menu) return;
    const hidden = [...menu.querySelectorAll("input:not(:checked)")].map((box) => box.value);
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `${menu.dataset.columns}=${hidden.join(".")}; Path=/; Max-Age=${hidden.length ? YEAR : 0}; SameSite=Lax${secure}`;
    document.querySelector("[data-list-form]").requestSubmit();
  });

  document.addEventListener("show.bs.dropdown", ({ target }) => {
    const template = target.parentElement.querySelector("[data-columns] > template");
    template?.replaceWith(template.content);
  });

  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.elt.matches("[data-current-query]")) detail.parameters.query = location.search;
  });
})();

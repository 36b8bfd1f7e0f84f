"use strict";
// What the server says when it rejected a form before reading it. "csrf-renewed": every form gets the new CSRF token, so that the same form
// can be submitted again. "session-ended": to the sign-in page, or, where a dialog's form would be lost by that, the way to it in a new tab.
(() => {
  document.addEventListener("csrf-renewed", ({ detail }) => {
    for (const field of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) field.value = detail.token;
    const headers = JSON.parse(document.body.getAttribute("hx-headers"));
    document.body.setAttribute("hx-headers", JSON.stringify({ ...headers, "X-CSRFToken": detail.token }));
  });

  document.addEventListener("session-ended", ({ detail }) => {
    if (!document.querySelector("dialog[open] form") && !portal.isChanged(document)) return location.assign(detail.url);
    portal.toast("Your session has ended. Sign in, then submit this form again.", "error", { url: detail.url, label: "Sign in in a new tab" });
  });
})();

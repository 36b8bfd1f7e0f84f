"use strict";
// A search box takes no API token: it would stand in the address, and so in the browser's history and in access logs. One that is pasted
// or typed in is taken out before anything is requested, and sent by POST to be looked up (tokens/pasted.py has the same pattern).
(() => {
  const TOKEN = /tp[pt]_[0-9A-Za-z]{20,}/;
  const WHOLE = /tp[pt]_[0-9A-Za-z]{38}/;
  const PAUSE = 2000; // for one that is typed by hand, or lacks its end
  const { url } = document.currentScript.dataset;
  if (!url) return; // nobody is signed in
  let timer = 0;

  const fieldsOf = (form) => [...form.elements].filter((field) => field.localName === "input" && TOKEN.test(field.value));

  // The window with what is known of the token; a page as long as htmx has not loaded.
  function lookUp(field, text) {
    if (!window.htmx) return post(text);
    const dialog = document.getElementById("window");
    htmx.ajax("POST", url, { target: dialog, values: { token: text } });
    dialog.addEventListener("close", () => field.focus(), { once: true });
  }

  function post(text) {
    const form = document.createElement("form");
    form.method = "post";
    form.action = url;
    for (const [name, value] of [["csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]").value], ["token", text]]) {
      const input = document.createElement("input");
      input.type = "hidden";
      [input.name, input.value] = [name, value];
      form.append(input);
    }
    document.body.append(form);
    form.submit();
  }

  // Back to what the list shows, and then what was taken out is looked up.
  function takeOut(form) {
    clearTimeout(timer);
    const fields = fieldsOf(form);
    const text = fields.map((field) => field.value).join(" ");
    for (const field of fields) field.value = new URLSearchParams(location.search).get(field.name) ?? "";
    if (text) lookUp(fields[0], text);
  }

  // Both before any other listener hears of it (capture).
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[role=search]");
    if (!form || !window.htmx || !fieldsOf(form).length) return; // without htmx a list searches on Enter alone
    event.stopPropagation();
    document.dispatchEvent(new Event("token-typed")); // a search that waits for the end of what is typed would send it
    clearTimeout(timer);
    const ready = event.inputType === "insertFromPaste" || WHOLE.test(event.target.value);
    timer = setTimeout(() => takeOut(form), ready ? 0 : PAUSE);
  }, true);
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[role=search]") || !fieldsOf(event.target).length) return;
    event.preventDefault();
    event.stopPropagation();
    takeOut(event.target);
  }, true);
})();

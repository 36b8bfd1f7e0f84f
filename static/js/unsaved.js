"use strict";
// What was typed into a form and not saved yet is not lost by a slip: portal.mayDiscard(dialog) asks before a dialog closes, and the
// browser asks before the page is left. Forms that are watched: form.portal-form and form[data-unsaved]. portal.isChanged(root) tells
// whether one inside has changes. [data-unsaved="true"]: a form that came back with what was typed, such as one with an error.
window.portal = window.portal || {};
(() => {
  const FORMS = "form:is(.portal-form, [data-unsaved])";
  const FIELDS = "input:not([type=hidden], [type=search], [type=submit], [data-must-equal]), textarea, select";
  let leaving = false;

  function fieldChanged(field) {
    if (field.disabled) return false;
    if (field.localName === "select") {
      const options = [...field.options];
      const first = options.some((option) => option.defaultSelected) || field.multiple ? -1 : options.findIndex((option) => !option.disabled);
      return options.some((option, index) => option.selected !== (option.defaultSelected || index === first));
    }
    return field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
  }

  const formChanged = (form) => form.dataset.unsaved === "true" || [...form.querySelectorAll(FIELDS)].some(fieldChanged);
  portal.isChanged = (root) => [...root.querySelectorAll(FORMS)].some(formChanged);

  // Resolves to true where nothing was changed, or the user chose Discard.
  portal.mayDiscard = (dialog) => {
    const question = document.getElementById("discard");
    if (!portal.isChanged(dialog) || !question) return Promise.resolve(true);
    if (question.open) return Promise.resolve(false);
    question.returnValue = "";
    question.showModal();
    return new Promise((resolve) => {
      question.addEventListener("close", function closed() {
        if (question.open) return; // the event of an earlier question, which comes a little after its dialog has closed
        question.removeEventListener("close", closed);
        resolve(question.returnValue === "discard");
      });
    });
  };

  document.addEventListener("click", ({ target }) => {
    const button = target.closest("#discard button");
    if (button) button.closest("dialog").close(button.value);
  });

  // A form that the server sends back with an error holds what was typed as its first values.
  let changed = false;
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (detail.elt.matches(FORMS)) changed = formChanged(detail.elt);
  });
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (!changed || ![409, 422].includes(detail.xhr.status)) return;
    for (const form of detail.target.querySelectorAll(FORMS)) form.dataset.unsaved = "true";
  });

  // Leaving by what the user asked for: a form that is submitted, or where the server leads after it was saved.
  document.addEventListener("htmx:beforeOnLoad", ({ detail }) => {
    if (detail.xhr.status < 400 && detail.xhr.getResponseHeader("HX-Redirect")) leaving = true;
  });
  document.addEventListener("submit", (event) => setTimeout(() => { leaving ||= !event.defaultPrevented; }));
  addEventListener("pageshow", () => { leaving = false; });
  addEventListener("beforeunload", (event) => {
    if (!leaving && portal.isChanged(document)) event.preventDefault();
  });
})();

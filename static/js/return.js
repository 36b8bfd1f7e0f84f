"use strict";
// A page that is returned to (Back, Forward, a reopened tab) shows what is true now.
(() => {
  // Kept whole by the browser: its rows, dialogs and the token in them are those of then. Not reload(), which would send a form again.
  function loadAgain() {
    document.querySelectorAll("dialog").forEach((dialog) => dialog.replaceChildren());
    location.replace(location.pathname + location.search);
  }

  // Our own forms say autocomplete="off". In the Django admin's the browser has ticked the boxes at the same places again, where other
  // rows may be by now; reset() leaves hidden fields alone.
  function untick(form) {
    form.reset();
    form.querySelectorAll("input.select-across").forEach((across) => { across.value = "0"; });
  }

  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) return loadAgain();
    document.querySelectorAll("form#changelist-form").forEach(untick);
  });
})();

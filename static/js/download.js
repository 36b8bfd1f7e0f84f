"use strict";
// [data-download="#id"] saves the text of an element as the file data-filename. The text goes to no server.
(() => {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-download]");
    if (!button) return;
    const text = document.querySelector(button.dataset.download).textContent;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    link.download = button.dataset.filename;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    button.closest("[data-keep-open]")?.removeAttribute("data-keep-open");
  });
})();

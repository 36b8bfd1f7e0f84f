"use strict";
// Passkeys: form[data-passkey="get"] uses one and form[data-passkey="create"] makes one. Submitting such a form first asks the server for the
// question (data-options-url), then the browser for a response, puts that into the field "credential", and only then submits the form.
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));

  function text(buffer) {
    const characters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
    return btoa(characters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  }

  const known = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));

  // PublicKeyCredential.parse...OptionsFromJSON and toJSON do the same in browsers from 2025 on.
  function question({ publicKey }) {
    const asked = { ...publicKey, challenge: bytes(publicKey.challenge) };
    if (publicKey.user) asked.user = { ...publicKey.user, id: bytes(publicKey.user.id) };
    if (publicKey.excludeCredentials) asked.excludeCredentials = known(publicKey.excludeCredentials);
    if (publicKey.allowCredentials) asked.allowCredentials = known(publicKey.allowCredentials);
    return { publicKey: asked };
  }

  function plain(credential) {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    }
    return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response, clientExtensionResults: {} };
  }

  async function respond(form) {
    const headers = { Accept: "application/json", ...JSON.parse(document.body.getAttribute("hx-headers")) };
    const response = await fetch(form.dataset.optionsUrl, { method: "POST", headers, cache: "no-store" });
    if (response.status === 429) throw new Error("Too many attempts. Wait a minute, then try again.");
    if (!response.ok || response.redirected) throw new Error("This page is out of date. Reload it and try again.");
    const asked = question(await response.json());
    const credential = form.dataset.passkey === "create" ? await navigator.credentials.create(asked) : await navigator.credentials.get(asked);
    return JSON.stringify(plain(credential));
  }

  function words(error, form) {
    if (!window.PublicKeyCredential) return "This browser has no passkeys, or this page isn't opened over HTTPS.";
    if (error.name === "InvalidStateError") return "This device already has a passkey for this account.";
    if (error.name === "NotAllowedError") return form.dataset.passkey === "create" ? "No passkey was created." : "No passkey was used.";
    return error.name === "Error" ? error.message : "The passkey didn't work. Try again.";
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target.closest?.("form[data-passkey]");
    if (!form || form.elements.credential.value) return;
    event.preventDefault();
    event.stopImmediatePropagation(); // htmx must not send it yet
    const button = form.querySelector("[type=submit]");
    const place = form.querySelector("[data-passkey-error]");
    place.hidden = true;
    button.disabled = true;
    try {
      form.elements.credential.value = await respond(form);
      button.disabled = false;
      form.requestSubmit(button);
      form.elements.credential.value = ""; // a response counts once
    } catch (error) {
      place.textContent = words(error, form);
      place.hidden = false;
    } finally {
      button.disabled = false;
    }
  }, true);
})();

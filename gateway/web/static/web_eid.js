"use strict";
// Asks the Web eID browser extension to let a card sign the page's challenge, and sends the outcome as the page's form.
// The extension listens to the window's messages: it answers "-ack" when it is there, then "-success" or "-failure".
(() => {
  const LIBRARY_VERSION = "2.0.2";
  const ACK_WITHIN = 2000;
  const ANSWER_WITHIN = 130000;
  const SHOW_ANEW_AFTER = 230000; // the challenge lives five minutes: whoever comes late gets another

  const form = document.getElementById("card");
  const button = document.getElementById("sign");
  const waiting = document.getElementById("waiting");
  let timer = null;
  let busy = false;

  function finish(name, value) {
    clearTimeout(timer);
    busy = false;
    const field = form.elements[name];
    field.disabled = false;
    field.value = value;
    form.submit();
  }

  function failAfter(milliseconds, code) {
    clearTimeout(timer);
    timer = setTimeout(() => finish("error", code), milliseconds);
  }

  function tokenOf(message) {
    const { unverifiedCertificate, algorithm, signature, format, appVersion } = message;
    return JSON.stringify({ unverifiedCertificate, algorithm, signature, format, appVersion });
  }

  addEventListener("message", (event) => {
    if (!busy || event.source !== window || event.origin !== location.origin) return;
    switch (event.data?.action) {
      case "web-eid:authenticate-ack":
        failAfter(ANSWER_WITHIN, "ERR_WEBEID_ACTION_TIMEOUT");
        break;
      case "web-eid:authenticate-success":
        finish("token", tokenOf(event.data));
        break;
      case "web-eid:authenticate-failure":
        finish("error", String(event.data.error?.code ?? "ERR_WEBEID_UNKNOWN_ERROR"));
        break;
    }
  });

  button.addEventListener("click", () => {
    busy = true;
    button.disabled = true;
    waiting.hidden = false;
    failAfter(ACK_WITHIN, "ERR_WEBEID_EXTENSION_UNAVAILABLE");
    postMessage(
      {
        action: "web-eid:authenticate",
        libraryVersion: LIBRARY_VERSION,
        challengeNonce: form.dataset.challenge,
        options: { lang: document.documentElement.lang },
      },
      location.origin,
    );
  });

  button.disabled = false;
  setTimeout(() => busy || location.replace(form.getAttribute("action")), SHOW_ANEW_AFTER);
})();

"use strict";
// Inside the frame. Who asks is what the browser says of the message, never what stands in it: that is what the card
// signs, and why a page of another site gets nothing that counts elsewhere.
const reader = document.getElementById("reader");
const said = document.getElementById("said");
if (said) {
  parent.postMessage({ card: JSON.parse(said.dataset.said) }, said.dataset.origin);
} else if (reader.elements.origin.value === "") {
  addEventListener("message", (event) => {
    if (event.source !== parent || typeof event.data?.nonce !== "string") return;
    reader.elements.origin.value = event.origin;
    reader.elements.nonce.value = event.data.nonce;
    document.getElementById("asker").textContent = event.origin;
    reader.elements.pin.focus();
  });
  parent.postMessage({ card: "ready" }, "*");
}

"use strict";
// Stands in for the Web eID browser extension on a page that loads it: takes the page's window messages, opens the card
// reader in a frame, and answers with the messages that the extension would send.
(() => {
  const home = new URL(document.currentScript.src).origin;
  let frame = null;
  let nonce = null;

  const tell = (suffix, content) => postMessage({ action: `web-eid:authenticate-${suffix}`, ...content }, location.origin);

  function open() {
    frame = document.createElement("iframe");
    frame.title = "Card reader";
    frame.id = "card-reader";
    frame.src = `${home}/card`;
    Object.assign(frame.style, {
      position: "fixed", right: "1rem", top: "1rem", width: "min(26rem, 90vw)", height: "min(36rem, 80vh)",
      border: "2px solid #1c2127", background: "#fff", zIndex: "10",
    });
    document.body.append(frame);
  }

  function close() {
    frame?.remove();
    frame = null;
  }

  addEventListener("message", (event) => {
    if (event.source === window && event.data?.action === "web-eid:authenticate") {
      close();
      nonce = event.data.challengeNonce;
      tell("ack", {});
      open();
    } else if (frame && event.source === frame.contentWindow && event.origin === home) {
      if (event.data.card === "ready") {
        frame.contentWindow.postMessage({ nonce }, home);
      } else {
        close();
        tell(event.data.card.error ? "failure" : "success", event.data.card);
      }
    }
  });
})();

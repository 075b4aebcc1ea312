"use strict";
// Asks every two seconds whether the phone has answered; only then is the page left, so that nobody is read the same
// page over and over. Without scripts the page renews itself.
const waiting = setInterval(async () => {
  const answer = await fetch(location.href, { redirect: "manual", cache: "no-store" });
  if (answer.type === "opaqueredirect") {
    clearInterval(waiting);
    location.reload();
  }
}, 2000);

// What a page does by itself: count down by the server's clock, follow a live sale, stay usable.
"use strict";

const skewAt = { value: 0 };

function readServerClock() {
  const stamp = document.querySelector("[data-server-now]");
  if (stamp) skewAt.value = Date.parse(stamp.dataset.serverNow) - Date.now();
}

function pad(number) {
  return String(number).padStart(2, "0");
}

function left(seconds, words) {
  // A single day is told as hours, so that no language has to count it.
  const days = seconds < 172800 ? 0 : Math.floor(seconds / 86400);
  const clock = `${pad(Math.floor((seconds - days * 86400) / 3600))}:${pad(Math.floor((seconds % 3600) / 60))}:${pad(seconds % 60)}`;
  return days > 0 ? `${days} ${words.days} ${clock}` : clock;
}

function countDown() {
  for (const place of document.querySelectorAll("[data-until]")) {
    const seconds = Math.floor((Date.parse(place.dataset.until) - Date.now() - skewAt.value) / 1000);
    const text = seconds > 0 ? left(seconds, { days: place.dataset.days || "d" }) : place.dataset.over || "";
    if (place.textContent !== text) place.textContent = text;
  }
}

// One stream a page. A message says that the sale moved; the fragment is fetched again, so what is
// shown always comes from the server. The browser reconnects by itself and says what it saw last.
function follow(place) {
  const source = new EventSource(place.dataset.live);
  source.addEventListener("moved", () => {
    fetch(place.dataset.fragment, { headers: { "HX-Request": "true" }, credentials: "same-origin" })
      .then((answer) => (answer.ok ? answer.text() : null))
      .then((markup) => {
        if (markup === null) return;
        const before = place.querySelector("[data-price]");
        const price = before ? before.dataset.price : "";
        const fresh = new DOMParser().parseFromString(markup, "text/html").body;
        place.replaceChildren(...fresh.childNodes);
        readServerClock();
        countDown();
        const after = place.querySelector("[data-price]");
        if (after && after.dataset.price !== price) after.classList.add("price-moved");
      })
      .catch(() => undefined);
  });
  window.addEventListener("pagehide", () => source.close());
}

// A second click on a button that was already pressed sends nothing.
function guardDoubleClicks(event) {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  window.setTimeout(() => delete form.dataset.sent, 4000);
}

// A file that is too large is refused before it is sent, so that nothing typed is lost.
function refuseLargeFile(event) {
  const field = event.target;
  const isOver = [...field.files].some((file) => file.size > Number(field.dataset.most));
  field.setCustomValidity(isOver ? field.dataset.over : "");
  field.reportValidity();
}

document.addEventListener("DOMContentLoaded", () => {
  readServerClock();
  countDown();
  window.setInterval(countDown, 1000);
  document.querySelectorAll("[data-live]").forEach(follow);
  document.addEventListener("submit", guardDoubleClicks);
  const problems = document.getElementById("problems");
  if (problems) problems.focus();
  for (const field of document.querySelectorAll("input[data-most]")) {
    field.addEventListener("change", refuseLargeFile);
  }
  for (const select of document.querySelectorAll("select[data-submit]")) {
    select.addEventListener("change", () => select.form.requestSubmit());
  }
});

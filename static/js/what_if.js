// A slider beside each figure of a what-if form, and the answer while it moves. Without this file
// the form is sent by its button and the page comes back with the answer.
"use strict";

(() => {
  const PAUSE_MS = 250;

  function slider(field) {
    const range = document.createElement("input");
    const label = document.querySelector(`label[for="${field.id}"]`);
    const { least, most, step, start } = field.dataset;
    Object.assign(range, { type: "range", min: least, max: most, step });
    range.value = field.value || start;
    if (label) range.setAttribute("aria-label", label.textContent.trim());
    range.addEventListener("input", () => {
      field.value = range.value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
    field.addEventListener("input", (event) => {
      if (event.isTrusted) range.value = field.value || start;
    });
    field.closest(".entry").after(range);
  }

  // Only the newest answer is shown, whatever order they come in.
  function answer(form) {
    const place = document.querySelector(form.dataset.whatIf);
    const output = form.querySelector("output");
    let timer = 0;
    let asked = null;
    form.addEventListener("input", () => {
      window.clearTimeout(timer);
      timer = window.setTimeout(async () => {
        if (asked) asked.abort();
        asked = new AbortController();
        const query = new URLSearchParams(new FormData(form));
        try {
          const reply = await fetch(`${form.action}?${query}`, {
            headers: { "HX-Request": "true" }, credentials: "same-origin", signal: asked.signal,
          });
          if (!reply.ok && reply.status !== 422) return;
          const fresh = new DOMParser().parseFromString(await reply.text(), "text/html").body;
          place.replaceChildren(...fresh.childNodes);
          const figure = place.querySelector(".figure");
          output.textContent = figure ? figure.textContent : "";
        } catch {
          // The button still works.
        }
      }, PAUSE_MS);
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    for (const form of document.querySelectorAll("form[data-what-if]")) {
      form.querySelectorAll("input[data-step]").forEach(slider);
      answer(form);
    }
  });
})();

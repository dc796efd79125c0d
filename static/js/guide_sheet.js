// The editor of an edition behaves as a spreadsheet: arrows and Enter move, a block is pasted as a
// block, and what differs from the edition in force is marked. Without this it is a plain form.
"use strict";

function cellsOf(row) {
  return [...row.querySelectorAll("input[data-cell]")];
}

function rowsOf(form) {
  return [...form.querySelectorAll("table.cells tbody tr")].filter((row) => cellsOf(row).length > 0);
}

function number(text) {
  const plain = text.replace(/[,，\s]/g, "");
  return plain === "" ? NaN : Number(plain);
}

function mark(field) {
  if (field.dataset.before === undefined) return;
  const before = number(field.dataset.before);
  const now = number(field.value);
  const differs = !Number.isNaN(now) && now !== before;
  field.classList.toggle("differs", differs);
  const shown = field.closest("tr").querySelector("[data-change]");
  if (shown) {
    const share = (100 * (now - before)) / Math.abs(before);
    shown.textContent = differs && before !== 0 ? `${share > 0 ? "+" : ""}${share.toFixed(1).replace("-", "−")}%` : "";
  }
}

function count(form) {
  const place = form.querySelector("[data-count]");
  const found = form.querySelectorAll("input.differs").length;
  if (place) place.textContent = found ? `${place.dataset.count} ${found}` : "";
}

function changed(field) {
  mark(field);
  count(field.form);
}

function move(event) {
  const field = event.target;
  if (!field.matches("input[data-cell]")) return;
  const step = { ArrowDown: 1, Enter: 1, ArrowUp: -1 }[event.key];
  if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
  const rows = rowsOf(field.form);
  const row = field.closest("tr");
  const column = cellsOf(row).indexOf(field);
  const next = rows[rows.indexOf(row) + (event.shiftKey ? -step : step)];
  event.preventDefault();
  if (!next) return;
  const cells = cellsOf(next);
  const target = cells[Math.min(column, cells.length - 1)];
  target.focus();
  target.select();
}

function paste(event) {
  const field = event.target;
  if (!field.matches("input[data-cell]")) return;
  const text = event.clipboardData.getData("text/plain").replace(/\r?\n$/, "");
  if (!/[\t\n]/.test(text)) return;
  event.preventDefault();
  const rows = rowsOf(field.form);
  const first = rows.indexOf(field.closest("tr"));
  const left = cellsOf(rows[first]).indexOf(field);
  text.split(/\r?\n/).forEach((line, down) => {
    const cells = rows[first + down] ? cellsOf(rows[first + down]) : [];
    line.split("\t").forEach((value, right) => {
      const cell = cells[left + right];
      if (!cell) return;
      cell.value = value.trim();
      mark(cell);
    });
  });
  count(field.form);
}

document.addEventListener("DOMContentLoaded", () => {
  const table = document.querySelector("table.cells");
  if (!table) return;
  const form = table.closest("form");
  form.addEventListener("keydown", move);
  form.addEventListener("paste", paste);
  form.addEventListener("input", (event) => changed(event.target));
  form.querySelectorAll("input[data-before]").forEach(mark);
  count(form);
});

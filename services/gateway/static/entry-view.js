// What Order Entry shows of an order: amounts, totals, script, time, and whether it is saved.
import { element, icon } from "./core.js";
import { at, drawBoxes, rows } from "./entry-values.js";

export function draw(order) {
  for (const row of rows()) {
    const amounts = order.amounts.lines[row.dataset.product];
    row.classList.toggle("off", !amounts.quantity);
    row.querySelector('[data-step="-1"]').disabled = !Number(row.querySelector("input").value);
    for (const cell of row.querySelectorAll("[data-amount]")) cell.textContent = amounts[cell.dataset.amount];
  }
  const sums = { ...order.amounts.totals, tax_note: order.amounts.tax_note };
  const before = at("totals").querySelector('[data-total="total"]').textContent;
  for (const cell of at("totals").querySelectorAll("[data-total]")) cell.textContent = sums[cell.dataset.total];
  if (sums.total !== before) say(`Total ${sums.total}`);
  at("process-name").textContent = order.attempt ? `Process, attempt ${order.attempt + 1}` : "Process";
  drawScript(order.script);
  drawBoxes();
}

function drawScript(script) {
  at("script").replaceChildren(...script.map(([cue, segments]) => {
    const words = segments.map(([part, merged]) => (merged ? element("em", { class: "merge" }, part) : part));
    return cue ? element("p", { class: "cue" }, icon("cue"), element("span", {}, ...words)) : element("p", {}, ...words);
  }));
}

/** `ahead` is how far the server's clock is before ours. */
export function drawTime(started, ahead) {
  if (!started) return;
  const seconds = Math.max(0, Math.floor((Date.now() + ahead - Date.parse(started)) / 1000));
  const two = (number) => String(number).padStart(2, "0");
  at("timer").textContent = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  at("timer-bar").value = seconds;
  at("timer-bar").dataset.tone = seconds > at("timer-bar").max ? "warn" : "live";
}

export const say = (words) => { at("said").textContent = words; };

export function saidSaved() {
  delete at("saved").dataset.tone;
  at("saved").replaceChildren(icon("tick"), `Saved ${new Date().toTimeString().slice(0, 8)}`);
}

export function notSaved(words) {
  at("saved").dataset.tone = "bad";
  at("saved").replaceChildren(icon("alert"), words);
}

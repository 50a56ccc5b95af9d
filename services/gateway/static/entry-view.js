// What Order Entry shows of an order: amounts, totals, script, time, and whether it is saved.
import { element, icon } from "./core.js";
import { drawVerdicts } from "./entry-coupons.js";
import { drawLines, drawReasons, drawShelf } from "./entry-products.js";
import { at, drawBoxes, form } from "./entry-values.js";

let scripts = {};

export function draw(order) {
  drawLines(order.amounts.lines, form.dataset.zero);
  drawReasons();
  drawVerdicts(order.coupons);
  for (const note of form.querySelectorAll("[data-profile]")) note.hidden = order.profile?.id !== note.dataset.profile || order.profile.applies;
  const sums = { ...order.amounts.totals, tax_note: order.amounts.tax_note };
  const before = at("totals").querySelector('[data-total="total"]').textContent;
  for (const cell of at("totals").querySelectorAll("[data-total]")) cell.textContent = sums[cell.dataset.total];
  at("discount").hidden = sums.discount === form.dataset.zero;
  at("why").hidden = !Object.keys(order.amounts.lines).length;
  if (sums.total !== before) say(`Total ${sums.total}`);
  at("process-name").textContent = order.attempt ? `Process, attempt ${order.attempt + 1}` : "Process";
  scripts = order.scripts;
  drawScript();
  drawBoxes();
}

/** The script whose tab is chosen. */
export function drawScript() {
  const shown = scripts[document.querySelector('[data-script][aria-selected="true"]')?.dataset.script] ?? [];
  if (!shown.length) return;
  at("script").replaceChildren(...shown.map(([cue, segments]) => {
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

let busy = false;
export const isProcessing = () => busy;

/** While an order is on its way, nobody sends it again. */
export function processing(on, words) {
  busy = on;
  at("process").disabled = on;
  if (words) at("process-name").textContent = words;
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

/** The regions of the country that was chosen. */
export async function drawRegions(field) {
  const section = field.dataset.regions.split("-")[0];
  const answer = await fetch(`/order-entry/regions?section=${section}&country=${encodeURIComponent(field.value)}`);
  if (answer.ok) at(field.dataset.regions).innerHTML = await answer.text(); // made by our own template
}

/** Which rule gave each figure. */
export async function explain(id) {
  const answer = await fetch(`/order-entry/${id}/why`).catch(() => null);
  at("why-said").innerHTML = answer?.ok ? await answer.text() : "<p>The server does not answer. Try again.</p>"; // made by our own template
  at("why-box").showModal();
}

const tabs = [...document.querySelectorAll("[data-script]")];
for (const [place, tab] of tabs.entries()) {
  tab.addEventListener("click", () => {
    for (const each of tabs) {
      each.setAttribute("aria-selected", String(each === tab));
      each.tabIndex = each === tab ? 0 : -1;
    }
    at("script").setAttribute("aria-labelledby", tab.id);
    drawScript();
  });
  tab.addEventListener("keydown", (event) => {
    const to = { ArrowRight: place + 1, ArrowLeft: place - 1 + tabs.length }[event.key];
    if (to === undefined) return;
    tabs[to % tabs.length].focus();
    tabs[to % tabs.length].click();
  });
}

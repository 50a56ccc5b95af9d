// What Order Entry shows of an order: amounts, totals, script, time, and whether it is saved.
import { element, icon } from "./core.js";
import { drawVerdicts } from "./entry-coupons.js";
import { drawLines, drawReasons } from "./entry-products.js";
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
  if (sums.total !== before) say(`Total ${sums.total}.`);
  sayVerdicts(order.coupons);
  at("process").toggleAttribute("data-blocked", order.blocked || order.stage === "partial" || order.of === "customer" || form.dataset.preview !== undefined);
  drawProcess();
  at("process-name").textContent = order.blocked ? "A supervisor has to help" : order.attempt ? `Process, attempt ${order.attempt + 1}` : "Process";
  scripts = order.scripts;
  drawScript();
  drawBoxes();
}

let verdicts = new Map();
function sayVerdicts(coupons) {
  for (const { code, said } of coupons) if (said && verdicts.get(code) !== said) say(`${code}: ${said}`);
  verdicts = new Map(coupons.map(({ code, said }) => [code, said]));
}

/** The script whose tab is chosen. */
function drawScript() {
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
  drawProcess();
  if (words) at("process-name").textContent = words;
}

/** What is on the screen is of before: nothing is charged by it. */
export function stalled(on) {
  at("totals").toggleAttribute("data-stalled", on);
  drawProcess();
  for (const listener of stalls) listener(on);
}

const stalls = [];
export const isStalled = () => at("totals").hasAttribute("data-stalled");
/** `listener(on)` when nobody answers any more, and when somebody does. */
export const onStalled = (listener) => stalls.push(listener);

const drawProcess = () => { at("process").disabled = busy || isStalled() || at("process").dataset.blocked !== undefined; };

const PAUSE = 500;
let toSay = [];
let saying;

/** Politely, and each thing once: what comes within half a second is said together. */
export function say(words) {
  if (!toSay.includes(words)) toSay.push(words);
  clearTimeout(saying);
  saying = setTimeout(() => {
    at("said").textContent = toSay.join(" ");
    toSay = [];
  }, PAUSE);
}

export function saidSaved() {
  delete at("saved").dataset.tone;
  at("saved").replaceChildren(icon("tick"), `Saved ${new Date().toTimeString().slice(0, 8)}`);
  say("Saved.");
}

export function notSaved(words) {
  at("saved").dataset.tone = "bad";
  at("saved").replaceChildren(icon("alert"), words);
  say(words);
}

/** Which rule gave each figure. */
export async function explain(id) {
  const answer = await fetch(`/order-entry/${id}/why`).catch(() => null);
  at("why-said").innerHTML = answer?.ok ? await answer.text() : "<p>The server does not answer. Try again.</p>"; // made by our own template
  at("why-box").showModal();
}

export const tabs = [...document.querySelectorAll("[data-script]")];
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

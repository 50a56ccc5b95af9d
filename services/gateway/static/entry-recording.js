// While card or bank details are being said, the call must not be recorded: the order says so, phone software on this page hears of it, and the agent sees it.
import { ask, element, icon, Problem, wait } from "./core.js";
import { order } from "./entry-order.js";
import { say } from "./entry-view.js";

const QUIET = 300;
const AGAIN = 1000;
const sections = "#card-box, #echeck-box";
const inside = (node) => Boolean(node?.closest?.(sections));

let paused = false;
let told = false;
let later;

function pause(now) {
  clearTimeout(later);
  if (now) change(true);
  else later = setTimeout(() => change(inside(document.activeElement)), QUIET); // between two of its fields nothing changes
}

function change(now) {
  if (now === paused || !order().order_id) return;
  paused = now;
  draw();
  say(now ? "Recording paused." : "Recording goes on.");
  document.dispatchEvent(new CustomEvent("ringup:recording", { detail: { paused, order_id: order().order_id } }));
  tell();
}

let telling = null;
/** One after the other, so that the last one said is the last one heard. */
function tell() {
  telling ??= (async () => {
    while (told !== paused) {
      const now = paused;
      try {
        await ask("POST", `/order-entry/${order().order_id}/recording`, { paused: now }, { "idempotency-key": crypto.randomUUID() });
        told = now;
      } catch (problem) {
        if (problem instanceof Problem && problem.status < 500) told = now;
        else await wait(AGAIN);
      }
    }
  })().finally(() => { telling = null; });
}

function draw() {
  document.getElementById("recording")?.remove();
  if (!paused) return;
  const mark = element("span", { class: "pill", id: "recording", "data-tone": "warn" }, icon("pause"), "Recording paused");
  document.getElementById("method").after(mark);
}

document.addEventListener("focusin", (event) => pause(inside(event.target)));
document.addEventListener("focusout", (event) => !inside(event.relatedTarget) && inside(event.target) && document.hasFocus() && pause(false));

// Whoever leaves the page leaves the section, too; the request outlives the page.
window.addEventListener("pagehide", () => {
  if (!paused) return;
  const csrf = document.querySelector('meta[name="csrf"]').content;
  const headers = { "content-type": "application/json", "x-csrf-token": csrf, "idempotency-key": crypto.randomUUID() };
  fetch(`/order-entry/${order().order_id}/recording`, { method: "POST", keepalive: true, headers, body: JSON.stringify({ paused: false }) });
  paused = false;
  told = false;
  document.dispatchEvent(new CustomEvent("ringup:recording", { detail: { paused, order_id: order().order_id } }));
});

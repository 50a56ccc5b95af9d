// While card or bank details are being said, the call must not be recorded: the order says so, phone software on this page hears of it, and the agent sees it.
import { element, icon, Problem } from "./core.js";
import { adopt, order, send } from "./entry-order.js";
import { say } from "./entry-view.js";

const QUIET = 300;
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
/** In the queue of the order's commands, since each of them makes a version; what changed back meanwhile is not told. */
function tell() {
  telling ??= (async () => {
    while (told !== paused) {
      const now = paused;
      try {
        const { version } = await send(`/order-entry/${order().order_id}/recording`, { paused: now }, { ifMatch: false });
        if (version === order().version + 1) adopt({ ...order(), version });
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
      }
      told = now;
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

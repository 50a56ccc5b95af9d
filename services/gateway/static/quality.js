// The queue by keyboard: J and K move, X chooses, A, D, B and Z press the button that shows that key; and the time that is left to undo.
import { ask, wait } from "./core.js";
import { register } from "./keys.js";

const links = () => [...document.querySelectorAll("#queue .queue a")];
const order = () => document.getElementById("order");
const chosen = () => order().value;

function move(step) {
  const all = links();
  const at = all.findIndex((link) => link.dataset.order === chosen());
  const to = at < 0 ? all[0] : all[Math.min(all.length - 1, Math.max(0, at + step))];
  to?.click();
}

function mark() {
  for (const link of links())
    if (link.dataset.order === chosen()) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
}

const shownBy = (key) => document.querySelector(`#toasts [data-key="${key}"]`) ?? document.querySelector(`[data-key="${key}"]`);
const presses = (keys, does) => ({ keys, does, where: "Quality", act: () => shownBy(keys)?.click(), can: () => shownBy(keys)?.disabled === false });
register([
  { keys: "J", does: "Next order", where: "Quality", act: () => move(1) },
  { keys: "K", does: "Previous order", where: "Quality", act: () => move(-1) },
  { keys: "X", does: "Choose this order", where: "Quality", act: () => document.querySelector(`#queue [name="pick"][value="${chosen()}"]`)?.click() },
  presses("A", "Approve"),
  presses("D", "Deny"),
  presses("B", "Approve many"),
  presses("Z", "Undo"),
]);

// What was picked stays picked while the list goes on, as long as it is in it.
const picks = new Set();

function drawPicks() {
  const boxes = [...document.querySelectorAll('#queue [name="pick"]')];
  const there = new Set(boxes.map((box) => box.value));
  for (const id of picks) if (!there.has(id)) picks.delete(id);
  for (const box of boxes) box.checked = picks.has(box.value);
  const said = document.getElementById("many-said");
  if (!said) return;
  document.getElementById("picked").value = [...picks].join(",");
  said.textContent = picks.size ? `Approve ${picks.size} chosen…` : "Approve all in this list…";
  document.getElementById("pick-none").hidden = !picks.size;
}

document.addEventListener("change", ({ target }) => {
  if (target.name !== "pick") return;
  if (target.checked) picks.add(target.value);
  else picks.delete(target.value);
  drawPicks();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-move]")) move(1);
  if (!event.target.closest("#pick-none")) return;
  picks.clear();
  drawPicks();
});

// Whoever goes on to another order, or away, does not look at this one any more; what does not get through is forgotten there by itself.
let seen = chosen();
const leave = (id) => id && ask("DELETE", `/quality/${id}/looking`).catch(() => {});
function look() {
  if (seen === chosen()) return;
  leave(seen);
  seen = chosen();
  document.querySelector("#queue .queue [aria-current]")?.scrollIntoView({ block: "nearest" });
  scrollTo(0, 0); // the list scrolls by itself, and the order is read from its head
}
addEventListener("pagehide", () => {
  const token = document.querySelector('meta[name="csrf"]').content;
  if (seen) fetch(`/quality/${seen}/looking`, { method: "DELETE", keepalive: true, headers: { "x-csrf-token": token } });
});

/** Counts down what can be undone; then it is gone. */
async function countDown(toast) {
  const end = performance.now() + Number(toast.dataset.left) * 1000;
  for (let left = end; left > 0 && toast.isConnected; await wait(200)) {
    left = (end - performance.now()) / 1000;
    const bar = toast.querySelector("progress");
    if (bar) bar.value = left;
    const seconds = toast.querySelector("[data-seconds]");
    if (seconds) seconds.textContent = Math.max(0, Math.ceil(left));
  }
  toast.remove();
}

document.addEventListener("htmx:afterSettle", (event) => {
  mark();
  drawPicks();
  look();
  if (event.detail.target.id === "many-body" && event.detail.target.querySelector("[data-done]")) document.getElementById("many").close();
});
document.addEventListener("htmx:oobAfterSwap", (event) => {
  drawPicks();
  if (event.detail.target.id !== "toasts") return;
  const toast = event.detail.target.querySelector("[data-left]");
  if (toast) countDown(toast);
});
// What a dialog showed the last time is not there while the next one is added up.
const many = document.getElementById("many");
const adding = document.getElementById("many-body").cloneNode(true);
many.addEventListener("close", () => document.getElementById("many-body").replaceChildren(...adding.cloneNode(true).childNodes));

// Wide, the first order lies open beside its list; not in the place of one that was asked for.
if (!chosen() && !document.querySelector("[data-missing]") && matchMedia("(width >= 1000px)").matches) document.addEventListener("htmx:load", () => move(1), { once: true });

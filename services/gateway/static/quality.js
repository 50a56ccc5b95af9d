// The queue by keyboard: J and K move, A, D and Z press the button that shows that key; and the time that is left to undo.
import { wait } from "./core.js";
import { register } from "./keys.js";

const links = () => [...document.querySelectorAll("#queue .queue a")];
const chosen = () => document.getElementById("order").value;

function move(step) {
  const all = links();
  const at = all.findIndex((link) => link.dataset.order === chosen());
  const to = at < 0 ? all[0] : all[Math.min(all.length - 1, Math.max(0, at + step))];
  to?.click();
  to?.scrollIntoView({ block: "nearest" });
}

function mark() {
  for (const link of links())
    if (link.dataset.order === chosen()) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
}

const press = (key) => () => (document.querySelector(`#toasts [data-key="${key}"]`) ?? document.querySelector(`[data-key="${key}"]`))?.click();
register([
  { keys: "J", does: "Next order", where: "Quality", act: () => move(1) },
  { keys: "K", does: "Previous order", where: "Quality", act: () => move(-1) },
  { keys: "A", does: "Approve", where: "Quality", act: press("A") },
  { keys: "D", does: "Deny", where: "Quality", act: press("D") },
  { keys: "Z", does: "Undo", where: "Quality", act: press("Z") },
]);

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-move]")) move(1);
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

document.addEventListener("htmx:afterSettle", mark);
document.addEventListener("htmx:oobAfterSwap", (event) => {
  if (event.detail.target.id !== "toasts") return;
  const toast = event.detail.target.querySelector("[data-left]");
  if (toast) countDown(toast);
});

// Wide, the first order lies open beside its list.
if (!chosen() && matchMedia("(width >= 1000px)").matches) document.addEventListener("htmx:load", () => move(1), { once: true });

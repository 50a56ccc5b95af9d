// Calls of the same agent that are still open, after a crash, a sign-out or on another machine: gone on with, or ended.
import { ask, element, icon, onLive } from "./core.js";
import { onOrder, order } from "./entry-order.js";

const MOST = 3;
const time = (text) => new Date(text).toTimeString().slice(0, 5);
/** Also one that was begun and then loaded again. */
const isNew = !order().order_id || order().version === 1;
let box;

/** On a page that began another call, beside what is already said. */
async function offer(seen = "") {
  const answer = await ask("GET", `/order-entry/calls?seen=${seen}`, undefined, { "x-follows": "true" }).catch(() => ({ rows: [] }));
  const others = answer.rows.filter((call) => call.order_id !== order().order_id).slice(0, MOST);
  box?.remove();
  if (!others.length || order().stage !== "open") return;
  box = element("div", { class: "banner", "data-tone": "live", role: "status" }, icon("half"), element("ul", { class: "stack tight grow", "aria-label": "Calls that are still open" }, ...others.map(row)));
  document.getElementById("banner").append(box);
}

function row({ order_id: id, name, started_at: started, total }) {
  const resume = element("a", { class: "button small", href: `/order-entry/${id}`, "aria-label": `Resume call with ${name}` }, "Resume");
  const end = element("a", { class: "button small quiet", href: `/order-entry/${id}#no-sale`, "aria-label": `No sale: call with ${name}` }, "No sale…");
  return element("li", { class: "row wide" }, element("span", {}, `Resume call with ${name}, started ${time(started)}, ${total}`), element("span", { class: "row" }, resume, end));
}

let asked = false;
onOrder((view) => {
  if (asked || !isNew || !view.order_id) return;
  asked = true;
  offer();
});

onLive((notice) => {
  if (box?.isConnected && ["PartialCreated", "OrderSubmitted", "OrderClosed"].includes(notice.type)) offer(`${notice.stream}@${notice.version}`);
});

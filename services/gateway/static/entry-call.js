// A call: started once however often the page is loaded, and come back to until it is done.
import { Problem } from "./core.js";
import { banner } from "./entry-errors.js";
import { choose } from "./entry-merge.js";
import { adopt, answered, follow, order, save } from "./entry-order.js";
import { tellPrices } from "./entry-reprice.js";
import { call, settle, takeUpDraft } from "./entry-typed.js";
import { at, form, read, rendered, SECTIONS, stored, text, write } from "./entry-values.js";
import { drawTime } from "./entry-view.js";

/** What fills the form before the order is started: it is typed, and saved as such. */
const PREFILLED = ["source", "customer", "phone", "email", "dnis", "ani", "affiliate"];
const ahead = Date.parse(form.dataset.now) - Date.now();

/** Begins the order that the page shows, else another one. */
export async function begin() {
  if (!order().order_id) return start();
  write("coupons", order().values.coupons);
  const server = rendered();
  for (const section of SECTIONS) settle(section, server[section]);
  if (at("products").dataset.from) {
    write("lines", order().values.lines);
    settle("lines");
  }
  begun();
}

async function start() {
  const asked = new URLSearchParams(location.search);
  const kept = call.get();
  if (kept?.order_id && !asked.size) return; // entry-kept.js is on its way to it
  const { key } = kept && !kept.order_id && kept.campaign === form.dataset.campaign ? kept : { key: crypto.randomUUID() };
  call.set({ key });
  const blank = rendered();
  try {
    adopt(await answered("POST", "/order-entry", { campaign: form.dataset.campaign, direction: read("direction") }, false, key));
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    return banner("bad", problem.message);
  }
  const filled = PREFILLED.some((name) => asked.has(name));
  const began = (section) => (filled || section === "billing" ? text(stored(section, order().values)) : blank[section]);
  for (const section of SECTIONS) settle(section, began(section));
  begun();
}

function begun() {
  call.set({ order_id: order().order_id });
  history.replaceState(null, "", `/order-entry/${order().order_id}`);
  document.title = `Order entry ${order().order_id} · Ringup`;
  for (const section of takeUpDraft(order().order_id, order().values)) choose(section, order().values[section], save);
  adopt(order());
  form.removeAttribute("aria-busy");
  drawTime(order().started_at, ahead);
  setInterval(() => drawTime(order().started_at, ahead), 1000);
  tellPrices();
  if (order().stage === "submitted") follow();
  else save();
}

export function newCall(source = "/order-entry") {
  call.end();
  location.assign(source);
}

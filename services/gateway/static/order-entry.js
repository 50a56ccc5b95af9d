// Order Entry: one long-lived form, and what people do with it.
import { Problem, onLive } from "./core.js";
import "./entry-nosale.js";
import { drawParts } from "./entry-address.js";
import { begin, newCall } from "./entry-call.js";
import * as coupons from "./entry-coupons.js";
import { banner, checkField, clear } from "./entry-errors.js";
import { isSaving, onOrder, order, refresh, save, send } from "./entry-order.js";
import "./entry-marks.js";
import "./entry-known.js";
import { drawPayment, preAuth } from "./entry-payment.js";
import { process, underway } from "./entry-process.js";
import { drawReasons, loaded, rows } from "./entry-products.js";
import { offerPrices, updated } from "./entry-reprice.js";
import "./entry-recording.js";
import "./entry-resume.js";
import "./entry-tabs.js";
import { call, keepDraft } from "./entry-typed.js";
import { at, defaultOf, drawBoxes, form } from "./entry-values.js";
import { draw, explain, tabs } from "./entry-view.js";
import { register } from "./keys.js";

onOrder(draw);

let later;
form.addEventListener("input", (event) => {
  const field = event.target;
  clear(field.id);
  clearTimeout(later);
  keepDraft(order().order_id);
  if (field.matches("tr[data-product] input")) drawReasons();
  if (field.matches(".inline")) return; // an amount is whole when it is left
  later = setTimeout(save, field.closest("tr[data-product]") ? 0 : 400);
});

form.addEventListener("focusin", (event) => event.target.closest("tr[data-product]") && event.target.select?.());

form.addEventListener("change", async (event) => {
  const field = event.target;
  if (field.dataset.parts) await drawParts(field.dataset.parts);
  if (field.name === "shipping_same") drawBoxes();
  if (["method", "instrument"].includes(field.name)) drawPayment();
  checkField(field);
  if (!field.value.trim() && (field.name?.startsWith("lines.") || field.dataset.list)) field.value = field.dataset.list ?? "0";
  if (field.dataset.list) drawReasons();
  save();
});

form.addEventListener("click", (event) => {
  const step = event.target.closest("[data-step]");
  if (step) {
    const field = step.parentElement.querySelector("input");
    field.value = Math.max(0, (Number(field.value) || 0) + Number(step.dataset.step));
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.closest("tr").querySelector('[data-step="-1"]').disabled = field.value === "0";
  }
  const drop = event.target.closest("[data-drop]");
  if (drop) {
    coupons.drop(drop.dataset.drop);
    at("coupon").focus();
    save();
  }
  if (event.target.closest("#apply")) applyCoupon();
  if (event.target.closest('[data-act="card"]')) at("number").focus();
  const to = event.target.closest("[data-to]");
  if (to) {
    event.preventDefault();
    at(to.dataset.to)?.focus();
  }
});

function applyCoupon() {
  clear("coupon");
  if (coupons.enter()) save();
  at("coupon").focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  process();
});
// Enter alone never charges a card.
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && event.target.matches("input, select")) {
    event.preventDefault();
    if (event.target.id === "coupon") applyCoupon();
    if (event.target.matches(".inline")) event.target.dispatchEvent(new Event("change", { bubbles: true }));
  }
});
register([
  { keys: "Ctrl+Enter", does: "Process", where: "Order entry", act: process, charges: true, button: "#process" },
  { keys: "Alt+C", does: "To the card", where: "Order entry", act: () => at("number")?.focus() },
  { keys: "Alt+P", does: "To the products", where: "Order entry", act: () => (at("find") ?? rows()[0]?.querySelector(".stepper input"))?.focus() },
  { keys: "Alt+U", does: "To the coupon", where: "Order entry", act: () => at("coupon")?.focus() },
  { keys: "Alt+A", does: "Pre-auth", where: "Order entry", act: preAuth, button: "#pre-auth" },
  { keys: "Alt+J", does: "Next section", where: "Order entry", act: () => toSection(1) },
  { keys: "Alt+K", does: "Previous section", where: "Order entry", act: () => toSection(-1) },
  ...tabs.map((tab, place) => ({ keys: `Alt+${place + 1}`, does: `Script: ${tab.textContent.trim()}`, where: "Order entry", act: () => tab.click(), button: `#${tab.id}` })),
  { keys: "Alt+N", does: "New call", where: "Order entry", act: () => underway() || newCall(), button: "#new-call" },
]);
/** The first field of the section after or before the one that somebody is in. */
function toSection(step) {
  const sections = [...form.querySelectorAll("fieldset.section")].filter((section) => section.offsetParent);
  const here = sections.findIndex((section) => section.contains(document.activeElement));
  const to = sections[here < 0 ? 0 : (here + step + sections.length) % sections.length];
  [...to.querySelectorAll("input, select, textarea, button")].find((field) => !field.disabled && field.type !== "hidden" && field.checkVisibility())?.focus();
}

document.querySelector(".strip").addEventListener("change", (event) => {
  if (event.target.id === "campaign") {
    if (underway()) event.target.value = form.dataset.campaign;
    else newCall(`/order-entry?campaign=${encodeURIComponent(event.target.value)}&source=${order().order_id}`);
  }
  if (event.target.name === "direction") save();
});
at("why").addEventListener("click", () => save().then(() => explain(order().order_id)));
at("new-call").addEventListener("click", (event) => (underway() ? event.preventDefault() : call.end()));
window.addEventListener("pagehide", () => keepDraft(order().order_id));

/** On the newest version of the campaign; the page is then another one. */
async function updatePrices() {
  await save();
  const before = order().amounts.totals.total;
  try {
    updated(before, await send(`/order-entry/${order().order_id}/reprice`, {}));
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    banner("bad", problem.message);
  }
}

/** What others do to this order. */
const CHANGES = new Set(["CartUpdated", "OverrideApproved", "OverrideRefused", "RetryAllowed", "PartialCreated", "OrderReopened", "OrderSubmitted", "DraftLinkOpened"]);
onLive(async (notice) => {
  if (["connected", "missed"].includes(notice.type) && order().order_id && order().stage === "open" && (await refresh())) offerPrices(updatePrices);
  if (notice.subject === form.dataset.campaign && notice.type === "CampaignPublished" && order().stage === "open") offerPrices(updatePrices);
  if (notice.subject !== order().order_id) return;
  if (CHANGES.has(notice.type) && notice.version > order().version && !isSaving()) refresh();
});

if (at("links")) await import("./entry-links.js");
try {
  await loaded();
  if (form.dataset.preview === undefined) {
    await begin();
    // Chosen before this script was there to hear of it, or taken up from what was kept.
    for (const section of ["billing", "shipping"]) if (at(`${section}.country`).value !== defaultOf(at(`${section}.country`))) drawParts(section);
    if (form.dataset.newer !== undefined && order().stage === "open") offerPrices(updatePrices);
  } else {
    draw(order());
    form.removeAttribute("aria-busy");
  }
} catch (problem) {
  banner("bad", problem.message);
}

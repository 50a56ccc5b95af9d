// Order entry: one long-lived form. What is typed is saved section by section, one command at a time, on the version that was seen.
import * as card from "./card.js";
import { ask, element, heardOf, onLive, Problem, wait } from "./core.js";
import { banner, checkField, clear, mark, refuse } from "./entry-errors.js";
import * as coupons from "./entry-coupons.js";
import { offerPrices, tellPrices, updated } from "./entry-reprice.js";
import { drawReasons, loaded, rows, withoutReason } from "./entry-products.js";
import { draw, drawRegions, drawTime, explain, notSaved, saidSaved, say } from "./entry-view.js";
import { at, drawBoxes, form, NAMES, read, SECTIONS, sent as asSent, shownAs, write } from "./entry-values.js";

const MONEY = new Set(["billing", "shipping", "shipping_same", "lines", "coupons", "profile"]);

let order = JSON.parse(form.dataset.order);
/** What the server has of each section, as text: as it was sent, so that its tidying never looks like a change. */
const known = {};
/** Sections that the server refused, or that others changed too, and the text for which that holds. */
const held = new Map();
let saving = null;
let processing = false;
const ahead = Date.parse(form.dataset.now) - Date.now();

const text = (value) => JSON.stringify(value);
const stored = (section) => text(section === "lines" ? mapped(order.values.lines) : order.values[section]);
const mapped = (lines) => Object.fromEntries(rows().map((row) => row.dataset.product).filter((id) => lines[id]).map((id) => [id, lines[id]]));
const typedIn = () => SECTIONS.filter((section) => text(read(section)) !== known[section]);
const unsent = () => typedIn().filter((section) => held.get(section) !== text(read(section)));
// --- saving -------------------------------------------------------------------------------------------------------------

function save() {
  saving ??= saveAll().finally(() => { saving = null; });
  return saving;
}

async function saveAll() {
  while (order.order_id && order.stage === "open" && unsent().length) {
    const sections = unsent().filter((section) => section !== "lines" || (wholeNumbers() && !withoutReason().length));
    if (!sections.length) return;
    await send(sections);
  }
}

async function send(sections) {
  const sent = Object.fromEntries(sections.map((section) => [section, read(section)]));
  const body = Object.fromEntries(sections.map((section) => [section, asSent(section, sent[section])]));
  at("totals").setAttribute("aria-busy", String(sections.some((section) => MONEY.has(section))));
  try {
    const answer = await answered(`/order-entry/${order.order_id}/changes`, body);
    for (const section of sections) settle(section, text(sent[section]));
    order = answer;
    draw(order);
    saidSaved();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    refusedChange(problem, sections, sent, body);
  } finally {
    at("totals").removeAttribute("aria-busy");
    keepDraft();
  }
}

function settle(section, value) {
  known[section] = value;
  held.delete(section);
}

/** The same command until somebody answers: a lost answer is asked for with the same key. */
async function answered(path, body) {
  const headers = { "idempotency-key": crypto.randomUUID(), "if-match": `"${order.version}"` };
  for (let tries = 0; ; tries++) {
    try {
      return await ask("POST", path, body, headers);
    } catch (problem) {
      if (problem instanceof Problem && problem.status < 500) throw problem;
      notSaved(problem instanceof Problem ? problem.message : "No connection. What you type is kept.");
      await wait(Math.min(500 * 2 ** tries, 8000));
    }
  }
}

function refusedChange(problem, sections, sent, body) {
  const { code, field } = problem.body;
  if (problem.status === 401) return signedOut(sections, sent);
  if (code === "stale") return merge(problem.body.order, sections);
  if (code === "being-charged") return follow();
  if (code === "closed") return leave();
  const wrong = placeOf(field, body);
  const section = sections.find((name) => field === name || field?.startsWith(`${name}.`));
  for (const name of section ? [section] : sections) held.set(name, text(sent[name]));
  const corrected = section && text(read(section)) !== text(sent[section]);
  if (!wrong || !at(wrong)) banner("bad", problem.message);
  else if (!corrected) mark(wrong, problem.message);
  notSaved("Not all of it is saved");
}

/** The id of the field that a refusal names; a line by its place in what was sent is its product's quantity. */
function placeOf(field, body) {
  if (!field || at(field)) return field === "coupons" ? "coupon" : field;
  const line = field.match(/^lines\.(\d+)\.quantity$/);
  return line && body?.lines?.[Number(line[1])] ? `lines.${body.lines[Number(line[1])].product}` : field.split(".")[0] === "coupons" ? "coupon" : field;
}

function signedOut(sections, sent) {
  for (const section of sections) held.set(section, text(sent[section]));
  keepDraft();
  const to = element("a", { href: `/sign-in?next=${encodeURIComponent(location.pathname)}` }, "Sign in again");
  banner("warn", "You were signed out. What you typed is kept, card details are not. ", [to]);
  notSaved("Signed out");
}

/** Somebody else changed the order. Other sections: take theirs, send ours again. The same section: the agent picks. */
function merge(theirs, mine) {
  const before = order;
  order = theirs;
  for (const section of SECTIONS) {
    const changed = text(before.values[section]) !== text(theirs.values[section]);
    if (!changed) continue;
    if (!mine.includes(section) && text(read(section)) === known[section]) {
      write(section, theirs.values[section]);
      settle(section, text(read(section)));
    } else {
      held.set(section, text(read(section)));
      choose(section, theirs.values[section]);
    }
  }
  if (order.stage === "submitted") return follow();
  draw(order);
}

function choose(section, theirs) {
  const keep = element("button", { type: "button", class: "button small" }, "Keep mine");
  const take = element("button", { type: "button", class: "button small" }, "Take theirs");
  const shown = shownAs(section, theirs);
  const box = banner("warn", `${NAMES[section]} was changed elsewhere at the same time, to: ${shown}. `, [keep, take], true);
  keep.addEventListener("click", () => { held.delete(section); box.remove(); save(); });
  take.addEventListener("click", () => { write(section, theirs); settle(section, text(read(section))); box.remove(); save(); });
}

/** What is typed and not saved outlives a reload, a crash and a sign-out; card details are never part of it. */
function keepDraft() {
  if (!order.order_id) return;
  const draft = Object.fromEntries(typedIn().map((section) => [section, read(section)]));
  if (Object.keys(draft).length) sessionStorage.setItem(`draft.${order.order_id}`, text(draft));
  else sessionStorage.removeItem(`draft.${order.order_id}`);
}

function wholeNumbers() {
  const wrong = rows().map((row) => row.querySelector(".stepper input")).filter((field) => !/^\d{0,7}$/.test(field.value.trim()));
  for (const field of wrong) mark(field.id, "A quantity is a whole number, 0 or more.");
  if (wrong.length) held.set("lines", text(read("lines")));
  return !wrong.length;
}

// --- Process ------------------------------------------------------------------------------------------------------------

async function process() {
  if (processing || !order.order_id) return;
  processing = true;
  at("process").disabled = true;
  for (const place of ["refusal", "panel", "banner"]) at(place).replaceChildren();
  try {
    await save();
    for (const product of withoutReason()) {
      mark(`lines.${product}.reason`, "Say why the price was changed.");
      held.set("lines", text(read("lines")));
    }
    const typed = held.size ? [...form.querySelectorAll('[aria-invalid="true"]')].map((field) => [field.id, at(`${field.id}-note`).textContent]) : [];
    if (held.size) refuse(typed.length ? typed : [["banner", "Some changes are not saved."]]);
    else await submit(document.querySelector('[name="method"]:checked').value);
  } finally {
    processing = false;
    at("process").disabled = false;
  }
}

async function submit(method) {
  const details = { number: card.digits(at("number")?.value ?? ""), expiry: card.digits(at("expiry")?.value ?? ""), cvv: card.digits(at("cvv")?.value ?? "") };
  const wrong = method === "card" && order.needs_payment ? card.problems(details.number, details.expiry, details.cvv) : [];
  try {
    const payment = method === "card" && order.needs_payment && !wrong.length ? (await answered("/api/v1/tokens", card.forVault(order.order_id, details))).token : "";
    order = await answered(`/order-entry/${order.order_id}/submit`, { method, payment });
    await follow();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    refusedProcess(problem, wrong);
  }
}

function refusedProcess(problem, wrong) {
  const { code, errors, field } = problem.body;
  if (problem.status === 401) return signedOut([], {});
  if (code === "being-charged") return follow();
  if (code === "closed") return leave();
  if (code === "stale") {
    merge(problem.body.order, []);
    return banner("warn", "The order was changed elsewhere. Look at the totals, then press Process again.");
  }
  if (field === "coupons") send([]); // a coupon that is gone has changed the total
  const named = (errors ?? [{ field, detail: problem.message }]).map((error) => [placeOf(error.field) ?? "banner", error.detail]);
  refuse([...named.filter(([id]) => id !== "payment" || !wrong.length).map(([id, words]) => [id === "payment" ? "number" : id, words]), ...wrong]);
}

/** Until the payment has an outcome; the page waits for what is told live, and asks now and then. */
async function follow() {
  processing = true;
  at("process").disabled = true;
  at("process-name").textContent = "Processing …";
  say("The order is being charged.");
  for (let told = false; ; ) {
    const status = await ask("GET", `/order-entry/${order.order_id}/status`).catch((problem) => ({ outcome: "waiting", status: problem.status }));
    if (status.status === 401) return signedOut([], {});
    if (status.outcome === "accepted") return leave();
    if (status.outcome === "open") return declined(status);
    if (status.outcome === "unknown" && !told) {
      banner("warn", "The bank has not answered yet. We keep asking; nothing is charged twice. ", [element("a", { href: `/orders/${order.order_id}` }, "Go to the order")]);
      told = true;
    }
    await Promise.race([wait(1500), heardOf(order.order_id)]);
  }
}

function declined(status) {
  order = status.order;
  processing = false;
  at("process").disabled = false;
  at("panel").innerHTML = status.panel; // made by our own template, which escapes
  at("banner").replaceChildren();
  if (at("cvv")) at("cvv").value = "";
  draw(order);
  at("panel").firstElementChild?.focus();
  window.scrollTo({ top: 0 });
}

function leave() {
  sessionStorage.removeItem("call");
  sessionStorage.removeItem(`draft.${order.order_id}`);
  location.assign(`/orders/${order.order_id}`);
}

// --- the call -----------------------------------------------------------------------------------------------------------

async function start() {
  const asked = new URLSearchParams(location.search);
  const kept = JSON.parse(sessionStorage.getItem("call") ?? "null");
  if (kept?.order_id && !asked.size) return location.replace(`/order-entry/${kept.order_id}`);
  const call = kept && !kept.order_id && kept.campaign === form.dataset.campaign ? kept : { key: crypto.randomUUID(), campaign: form.dataset.campaign };
  sessionStorage.setItem("call", text(call));
  const blank = Object.fromEntries(SECTIONS.map((section) => [section, text(read(section))]));
  try {
    order = await ask("POST", "/order-entry", { campaign: call.campaign, direction: read("direction") }, { "idempotency-key": call.key });
  } catch (problem) {
    return banner("bad", problem instanceof Problem ? problem.message : "No connection. Reload the page when it is back.");
  }
  Object.assign(known, asked.has("source") ? Object.fromEntries(SECTIONS.map((section) => [section, stored(section)])) : { ...blank, billing: stored("billing") });
  begin();
}

function begin() {
  sessionStorage.setItem("call", text({ order_id: order.order_id, campaign: form.dataset.campaign }));
  history.replaceState(null, "", `/order-entry/${order.order_id}`);
  document.title = `Order entry ${order.order_id} · Ringup`;
  const draft = JSON.parse(sessionStorage.getItem(`draft.${order.order_id}`) ?? "{}");
  for (const [section, value] of Object.entries(draft)) write(section, value);
  draw(order);
  form.removeAttribute("aria-busy");
  drawTime(order.started_at, ahead);
  setInterval(() => drawTime(order.started_at, ahead), 1000);
  tellPrices();
  if (form.dataset.newer !== undefined && order.stage === "open") offerPrices(updatePrices);
  if (order.stage === "submitted") follow();
  else save();
}

function newCall(source = "/order-entry") {
  sessionStorage.removeItem("call");
  location.assign(source);
}

// --- what people do -----------------------------------------------------------------------------------------------------

let later;
form.addEventListener("input", (event) => {
  const field = event.target;
  card.shape(field, at("brand"));
  clear(field.id);
  clearTimeout(later);
  keepDraft();
  if (field.matches("tr[data-product] input")) drawReasons();
  if (field.matches(".inline")) return; // an amount is whole when it is left
  later = setTimeout(save, field.closest("tr[data-product]") ? 0 : 400);
});

form.addEventListener("focusin", (event) => event.target.closest("tr[data-product]") && event.target.select?.());

form.addEventListener("change", async (event) => {
  const field = event.target;
  if (field.dataset.regions) await drawRegions(field);
  if (["shipping_same", "method"].includes(field.name)) drawBoxes();
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
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) process();
  const act = event.altKey && { KeyC: () => at("number")?.focus(), KeyP: () => (at("find") ?? rows()[0]?.querySelector(".stepper input"))?.focus(), KeyU: () => at("coupon")?.focus(), KeyN: () => newCall() }[event.code];
  if (act) {
    event.preventDefault();
    act();
  }
});
document.querySelector(".strip").addEventListener("change", (event) => {
  if (event.target.id === "campaign") newCall(`/order-entry?campaign=${encodeURIComponent(event.target.value)}&source=${order.order_id}`);
  if (event.target.name === "direction") save();
});
at("why").addEventListener("click", () => save().then(() => explain(order.order_id)));
at("new-call").addEventListener("click", () => sessionStorage.removeItem("call"));
window.addEventListener("pagehide", keepDraft);
/** On the newest version of the campaign; the page is then another one. */
async function updatePrices() {
  await save();
  const before = order.amounts.totals.total;
  try {
    order = await answered(`/order-entry/${order.order_id}/reprice`, {});
    updated(before, order);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    banner("bad", problem.message);
  }
}

onLive((notice) => {
  if (notice.subject === form.dataset.campaign && notice.type === "CampaignPublished" && order.stage === "open") offerPrices(updatePrices);
  if (notice.subject === order.order_id && notice.type === "CartUpdated" && notice.version > order.version && !saving) refresh();
});

/** Another tab or agent changed this order: their sections are shown, ours stay. */
async function refresh() {
  const status = await ask("GET", `/order-entry/${order.order_id}/status`).catch(() => null);
  if (status?.order && status.order.version > order.version && !saving) merge(status.order, typedIn());
}

try {
  await loaded();
  if (form.dataset.preview === undefined) {
    if (order.order_id) {
      if (at("products").dataset.from) write("lines", order.values.lines);
      write("coupons", order.values.coupons);
      for (const section of SECTIONS) known[section] = text(read(section));
      begin();
    } else start();
  } else {
    draw(order);
    form.removeAttribute("aria-busy");
  }
} catch (problem) {
  banner("bad", problem.message);
}

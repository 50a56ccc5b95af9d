// Payment: card and bank account stay in this module's memory, shown whole only while somebody is in the field; stored ones are charged by reference.
import * as card from "./card.js";
import { ask, element, icon, Problem } from "./core.js";
import { clear, mark } from "./entry-errors.js";
import { onUnsure, unsure } from "./entry-known.js";
import { onOrder, order, save, send } from "./entry-order.js";
import { rows } from "./entry-products.js";
import { at } from "./entry-values.js";

export const method = () => document.querySelector('[name="method"]:checked')?.value ?? "";
const instrument = () => document.querySelector('#instruments:not([hidden]) [name="instrument"]:checked')?.value ?? "";

/** The digits of a field that shows its last four alone once it is left. */
function secret(id, shape) {
  const field = at(id);
  let digits = "";
  field?.addEventListener("input", () => {
    const before = card.digits(field.value.slice(0, field.selectionStart)).length;
    digits = card.digits(field.value);
    field.value = shape(digits);
    field.setSelectionRange(...Array(2).fill(placeAfter(field.value, before)));
  });
  field?.addEventListener("focus", () => {
    field.value = shape(digits);
    field.select();
  });
  field?.addEventListener("blur", () => { field.value = card.masked(digits); });
  return { digits: () => digits, shown: () => document.activeElement === field };
}

/** Where the caret stands after so many digits. */
function placeAfter(text, count) {
  let place = 0;
  for (let seen = 0; place < text.length && seen < count; place++) if (/\d/.test(text[place])) seen += 1;
  return place;
}

const number = secret("number", card.spaced);
const account = secret("account", (digits) => digits.slice(0, 17));
at("number")?.addEventListener("input", () => { at("brand").textContent = card.brand(number.digits()); });
at("expiry")?.addEventListener("input", () => { at("expiry").value = card.expiry(at("expiry").value); });

const cardDetails = () => ({ number: number.digits(), expiry: card.digits(at("expiry").value), cvv: card.digits(at("cvv").value) });
const accountDetails = () => ({ routing: card.digits(at("routing").value), account: account.digits(), kind: at("kind").value, holder: at("holder").value.trim() });

const WRONG = {
  card: () => card.problems(...Object.values(cardDetails())),
  echeck: () => card.accountProblems(accountDetails()),
};

/** [field, words] of what is wrong with what is typed for a method. */
export function wrong() {
  const found = instrument() ? [] : WRONG[method()]?.() ?? [];
  if (unsure()) found.unshift(["customer.phone", `Say whether this is still ${unsure()}, or somebody else.`]);
  if (method() === "echeck" && !at("oral_authorisation").checked) found.push(["oral_authorisation", "Read the text aloud, and tick the box once the customer has agreed."]);
  return found;
}

// What is typed is checked as it is left, before anybody is asked.
for (const id of ["number", "expiry", "cvv", "routing", "account"])
  at(id)?.addEventListener("change", () => {
    const [, words] = WRONG[method()]?.().find(([field]) => field === id) ?? [];
    if (words && at(id).value) mark(id, words);
    else clear(id);
  });

/** What is charged: a token of the vault, made now, or the stored one that was chosen. Throws Problem. */
export async function payment(signal) {
  if (instrument()) return instrument();
  const id = order().order_id;
  if (method() === "card") return (await send("/api/v1/tokens", card.forVault(id, cardDetails()), { ifMatch: false, signal })).token;
  return (await send("/api/v1/tokens/account", { order_id: id, ...accountDetails() }, { ifMatch: false, signal })).token;
}

// --- what is offered ----------------------------------------------------------------------------------------------------

let stored = [];
let known = null;
let told = false;

/** eCheck only where every gateway of the order takes it. */
export function drawPayment() {
  const taken = rows().filter((row) => Number(row.querySelector(".stepper input").value) > 0);
  const aches = taken.length > 0 && taken.every((row) => row.dataset.ach !== undefined);
  const echeck = at("echeck-method");
  if (echeck) echeck.hidden = !aches && (method() !== "echeck" || !taken.length);
  const unfit = method() === "echeck" && !aches && taken.length > 0;
  if (told !== unfit) {
    told = unfit;
    if (unfit) mark("method", "Not every product here can be paid by eCheck: a gateway of theirs takes no bank accounts. Choose another method, or take them out.");
    else clear("method");
  }
  drawInstruments();
  for (const [box, name] of [["card-box", "card"], ["echeck-box", "echeck"], ["external-box", "external"]]) if (at(box)) at(box).hidden = method() !== name;
  for (const [fields, name] of [["card-fields", "card"], ["account-fields", "echeck"]]) if (at(fields)) at(fields).hidden = method() === name && instrument() !== "";
  if (at("pre-auth")) at("pre-auth").hidden = method() !== "card";
  for (const part of document.querySelectorAll("[data-oral]")) part.textContent = part.dataset.oral === "name" ? nameOf(order()) : order().amounts.totals.total;
}

const nameOf = ({ values: { customer } }) => [customer.first_name, customer.last_name].filter(Boolean).join(" ") || "the customer";
const KINDS = { card: "card", echeck: "account" };

function drawInstruments() {
  const before = document.querySelector('[name="instrument"]:checked')?.value;
  const fitting = unsure() ? [] : stored.filter(({ kind }) => kind === KINDS[method()]);
  at("instruments").hidden = !fitting.length;
  const choice = (value, words, checked) => element("label", {}, element("input", { type: "radio", name: "instrument", value, ...(checked ? { checked: "" } : {}) }), words);
  const first = fitting.some(({ id }) => id === before) ? before : before === "" ? "" : fitting[0]?.id;
  const boxes = fitting.map((each) => choice(each.id, `${each.brand} ending ${each.last4}${each.expiry ? `, expires ${each.expiry}` : ""}`, each.id === first));
  if (fitting.length) at("instruments").replaceChildren(element("div", { class: "choices", role: "radiogroup", "aria-label": "Stored payment methods" }, ...boxes, choice("", method() === "card" ? "Another card" : "Another account", first === "")));
  else at("instruments").replaceChildren();
}

async function loadInstruments(id) {
  const found = id ? await ask("GET", `/order-entry/${order().order_id}/instruments`).catch(() => ({ rows: [] })) : { rows: [] };
  if (id !== known) return;
  stored = found.rows;
  drawPayment();
}

onUnsure(drawPayment);
onOrder((view) => {
  if (view.order_id && view.values.customer_id !== known) {
    known = view.values.customer_id;
    loadInstruments(known);
  }
  drawPayment();
});

// --- pre-authorisation --------------------------------------------------------------------------------------------------

export async function preAuth() {
  if (method() !== "card" || at("pre-auth").disabled) return;
  const found = wrong();
  for (const [id, words] of found) mark(id, words);
  if (found.length) return at(found[0][0]).focus();
  at("pre-auth").disabled = true;
  answer("", "refresh", "Asking the gateway …");
  try {
    await save();
    tell(await send(`/order-entry/${order().order_id}/pre-auth`, { payment: await payment() }, { ifMatch: false }));
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    answer("bad", "x-circle", problem.message);
  } finally {
    at("pre-auth").disabled = false;
  }
}

function tell({ outcome, brand, last4, reason, say: words, try_next: next }) {
  const which = last4 ? `${brand} ending ${last4}` : "The card";
  if (outcome === "approved") answer("ok", "check", `${which}: approved, and given back`);
  else if (outcome === "declined") answer("bad", "x-circle", `${which}: declined, ${reason.replaceAll("-", " ")}. ${words ? `Say: “${words}” ` : ""}${next ? `Then ${next}.` : ""}`);
  else answer("warn", "alert", `${which}: no answer yet. Whatever was reserved is given back.`);
}

function answer(tone, name, words) {
  at("pre-auth-said").replaceChildren(element("span", { class: "verdict", ...(tone ? { "data-tone": tone } : {}) }, icon(name), element("span", {}, words)));
}

at("pre-auth")?.addEventListener("click", preAuth);

// The form of Order Entry as values, section by section, and back.
import * as coupons from "./entry-coupons.js";
import { rows } from "./entry-products.js";

export const form = document.getElementById("entry");
export const at = (id) => document.getElementById(id);
export const SECTIONS = [
  "customer", "customer_id", "billing", "shipping", "shipping_same", "lines", "coupons", "profile", "fields", "terms_agreed", "notes", "direction",
  "attribution", "particulars", "trial_override", "force_qa",
];
export const NAMES = {
  customer: "Customer", customer_id: "The known customer", billing: "Billing", shipping: "Shipping", shipping_same: "Same as billing", lines: "Products", coupons: "Coupons", profile: "Delivery",
  fields: "About the customer", terms_agreed: "Agrees to the terms", notes: "Agent notes", direction: "Direction",
  attribution: "Other information", particulars: "Other information", trial_override: "Override trial de-duping", force_qa: "Hold for review",
};

const fieldsOf = (section) => [...(at(section)?.querySelectorAll("[name]") ?? [])];
const chosen = (name) => document.querySelector(`[name="${name}"]:checked`);
const said = (field) => (field.type === "checkbox" ? (field.checked ? field.value : "") : field.value.trim());
/** A price as the list has it is no change. */
const changed = (field) => (field && field.value.trim() !== field.dataset.list ? field.value.trim() : "");

function readLine(row) {
  const id = `lines.${row.dataset.product}`;
  const [price, shipping] = [changed(at(`${id}.price`)), changed(at(`${id}.shipping_price`))];
  return { quantity: at(id).value.trim(), price, shipping_price: shipping, reason: price || shipping ? at(`${id}.reason`).value.trim() : "" };
}

function writeLine(row, line) {
  const id = `lines.${row.dataset.product}`;
  at(id).value = line?.quantity ?? 0;
  for (const name of ["price", "shipping_price"]) {
    const field = at(`${id}.${name}`);
    if (field) field.value = line?.[name] || field.dataset.list;
  }
  if (at(`${id}.reason`)) at(`${id}.reason`).value = line?.reason ?? "";
}

const READ = {
  shipping_same: () => at("shipping_same").checked,
  terms_agreed: () => at("terms_agreed")?.checked ?? false,
  trial_override: () => at("trial_override").checked,
  force_qa: () => at("force_qa").checked,
  customer_id: () => at("customer_id").value,
  notes: () => at("notes").value.trim(),
  direction: () => chosen("direction").value,
  profile: () => chosen("profile")?.value ?? "",
  coupons: () => coupons.codes(),
  lines: () => Object.fromEntries(rows().filter((row) => !["", "0"].includes(at(`lines.${row.dataset.product}`).value.trim())).map((row) => [row.dataset.product, readLine(row)])),
  fields: () => Object.fromEntries(fieldsOf("fields").map((field) => [field.name.split(".")[1], said(field)]).filter(([, value]) => value)),
};

/** A country that lacks a part of an address has it empty. */
const BLANK = { street: "", unit: "", city: "", postal: "", region: "", country: "" };
const plain = (field) => (field.type === "checkbox" ? field.checked : field.value.trim());

const ordered = (_, value) => (value && typeof value === "object" && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort()) : value);
/** The same for the same, in whichever order the server or the form names the parts. */
export const text = (value) => JSON.stringify(value, ordered);

export function read(section) {
  const blank = section === "billing" || section === "shipping" ? BLANK : {};
  return READ[section]?.() ?? { ...blank, ...Object.fromEntries(fieldsOf(section).map((field) => [field.name.split(".")[1], plain(field)])) };
}

/** Each section as text as the server rendered it, whatever somebody has typed or chosen since. */
export function rendered() {
  const fields = [...document.querySelectorAll("#entry :is(input, select, textarea), .strip [name]")].filter((field) => field.type !== "hidden" && !field.closest("#payment"));
  const typed = fields.map(stateOf);
  for (const field of fields) put(field, defaultOf(field));
  const found = Object.fromEntries(SECTIONS.map((section) => [section, text(read(section))]));
  for (const [place, field] of fields.entries()) put(field, typed[place]);
  return found;
}

const ticks = (field) => field.type === "checkbox" || field.type === "radio";
const stateOf = (field) => (ticks(field) ? field.checked : field.value);
export const defaultOf = (field) => {
  if (ticks(field)) return field.defaultChecked;
  return field.matches("select") ? ([...field.options].find((option) => option.defaultSelected) ?? field.options[0])?.value ?? "" : field.defaultValue;
};
/** What stays as it is keeps its caret. */
function put(field, state) {
  if (stateOf(field) === state) return;
  if (ticks(field)) field.checked = state;
  else field.value = state;
}

/** What the server's values of a section are when the form holds them. */
export const stored = (section, values) => (section === "lines" ? Object.fromEntries(rows().map((row) => row.dataset.product).filter((id) => values.lines[id]).map((id) => [id, values.lines[id]])) : values[section]);

const tick = (name, value) => {
  const radio = document.querySelector(`[name="${name}"][value="${CSS.escape(value)}"]`);
  if (radio) radio.checked = true;
};
const WRITE = {
  shipping_same: (value) => { at("shipping_same").checked = value; },
  trial_override: (value) => { at("trial_override").checked = value; },
  force_qa: (value) => { at("force_qa").checked = value; },
  customer_id: (value) => { at("customer_id").value = value; },
  terms_agreed: (value) => { if (at("terms_agreed")) at("terms_agreed").checked = value; },
  notes: (value) => { at("notes").value = value; },
  direction: (value) => tick("direction", value),
  profile: (value) => tick("profile", value),
  coupons: (value) => coupons.set(value),
  lines: (value) => { for (const row of rows()) writeLine(row, value[row.dataset.product]); },
};

export function write(section, value) {
  if (WRITE[section]) WRITE[section](value);
  else for (const field of fieldsOf(section)) {
    const typed = value[field.name.split(".")[1]] ?? "";
    if (field.type === "checkbox") field.checked = Boolean(typed);
    else field.value = typed;
  }
  drawBoxes();
}

/** As the server takes it. */
export function sent(section, value) {
  if (section === "lines") return Object.entries(value).map(([product, line]) => ({ product, ...line, quantity: Number(line.quantity) }));
  if (section === "fields") return Object.entries(value).map(([field, answer]) => ({ field, value: answer }));
  return value;
}

export function drawBoxes() {
  at("shipping-box").hidden = at("shipping_same").checked;
}

export const nameOf = (product) => rows().find((row) => row.dataset.product === product)?.dataset.name ?? product;

export function shownAs(section, value) {
  if (section === "lines") return Object.entries(value).map(([id, line]) => `${line.quantity} × ${nameOf(id)}`).join(", ") || "nothing";
  return (typeof value === "object" ? Object.values(value).filter(Boolean).join(", ") : String(value)) || "nothing";
}

// Who may be calling: customers with this phone number or e-mail address, told while somebody types. Nobody has to choose.
import { digits } from "./card.js";
import { ask, element, icon, Problem } from "./core.js";
import { banner } from "./entry-errors.js";
import { onOrder, order, save } from "./entry-order.js";
import { at, form, read, write } from "./entry-values.js";
import { say } from "./entry-view.js";

const PAUSE = 350;
const FILLED = ["customer", "billing", "shipping", "particulars"];
let later;
let asking;
let asked = "";

const wanted = () => {
  const { phone, email } = read("customer");
  return { phone: phone.replace(/\D/g, "").length >= 7 ? phone : "", email: /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email) ? email : "" };
};

async function look() {
  const query = new URLSearchParams(wanted()).toString();
  if (query === asked || !order().order_id) return;
  asked = query;
  asking?.abort();
  asking = new AbortController();
  const answer = await fetch(`/order-entry/${order().order_id}/matches?${query}`, { signal: asking.signal }).catch(() => null);
  if (!answer?.ok || query !== asked || read("customer_id")) return;
  at("known").innerHTML = await answer.text(); // made by our own template, which escapes
  const found = at("known").querySelectorAll("[data-known]").length;
  if (found) say(found === 1 ? "One known customer matches." : `${found} known customers match.`);
}

form.addEventListener("input", (event) => {
  if (!["customer.phone", "customer.email"].includes(event.target.id)) return;
  clearTimeout(later);
  later = setTimeout(look, PAUSE);
});

at("known").addEventListener("click", (event) => {
  const { use, complete } = event.target.closest("button")?.dataset ?? {};
  if (use) take(use);
  if (complete) completeOrder(complete);
});

/** Fills what is empty, and says whose order this is. */
async function take(id) {
  const before = Object.fromEntries([...FILLED, "shipping_same"].map((section) => [section, read(section)]));
  try {
    fill(await ask("GET", `/order-entry/${order().order_id}/known/${id}`));
  } catch (problem) {
    return banner("bad", problem instanceof Problem ? problem.message : "No connection. Try again when it is back.");
  }
  await save();
  taken(id, before);
}

// --- whether it is still them -------------------------------------------------------------------------------------------

let profile = null;
let agreed = "";
const listeners = [];

/** After each answer to whose order it is. */
export const onUnsure = (listener) => listeners.push(listener);
const tell = () => { for (const listener of listeners) listener(); };

const contact = () => { const { phone, email } = read("customer"); return `${digits(phone)} ${email.toLowerCase()}`; };
const samePhone = (one, other) => one.length >= 7 && other.length >= 7 && (one.endsWith(other) || other.endsWith(one));

/** The name of the customer whose order this is, while neither its phone number nor its e-mail address is theirs and nobody has said that it
 *  is still them; of a profile that cannot be read nothing is asked. */
export function unsure() {
  const { phone, email } = read("customer");
  if (!profile?.customer || profile.customer_id !== read("customer_id") || !(phone || email) || agreed === contact()) return "";
  const { customer: theirs } = profile;
  if (samePhone(digits(phone), digits(theirs.phone)) || (email && email.toLowerCase() === theirs.email.toLowerCase())) return "";
  return [theirs.first_name, theirs.last_name].filter(Boolean).join(" ") || "the known customer";
}

async function learn(id) {
  profile = { customer_id: id };
  const found = await ask("GET", `/order-entry/${order().order_id}/known/${id}`).catch(() => null);
  if (profile.customer_id !== id) return;
  profile = found;
  drawWho();
}

function drawWho() {
  const [name, asked] = [unsure(), at("known").querySelector("[data-unsure]") !== null];
  if (Boolean(name) === asked) return;
  if (name) askWho(name);
  else taken(read("customer_id"));
  tell();
}

function askWho(name) {
  const [keep, other] = ["Keep", "Somebody else"].map((words) => element("button", { type: "button", class: "button small" }, words));
  const words = `Is this still ${name}? Neither the phone number nor the e-mail address is theirs.`;
  at("known").replaceChildren(element("div", { class: "banner", "data-tone": "warn", "data-taken": read("customer_id"), "data-unsure": "", role: "alert" }, icon("alert"), element("p", {}, words), keep, other));
  keep.addEventListener("click", () => {
    agreed = contact();
    drawWho();
    at("customer.phone").focus();
  });
  other.addEventListener("click", () => forget({}));
}

form.addEventListener("change", (event) => {
  if (["customer.phone", "customer.email"].includes(event.target.id)) drawWho();
});

function fill(profile) {
  if (profile.shipping && !profile.shipping_same && !read("shipping").street) write("shipping_same", false);
  for (const section of FILLED) if (profile[section]) write(section, merged(read(section), profile[section]));
  write("customer_id", profile.customer_id);
}

/** An address is taken as a whole, or not at all. */
const merged = (typed, known) => ("street" in typed ? (typed.street || typed.city ? typed : { ...typed, ...known }) : { ...known, ...Object.fromEntries(Object.entries(typed).filter(([, value]) => value)) });

function taken(id, before) {
  const undo = element("button", { type: "button", class: "button small" }, before ? "Undo" : "Forget");
  undo.setAttribute("aria-label", before ? "Undo: not this customer" : "Not this customer");
  const name = Object.values(read("customer")).slice(0, 2).filter(Boolean).join(" ") || "A customer";
  const link = element("a", { href: `/customers/${id}`, target: "_blank" }, name);
  at("known").replaceChildren(element("p", { class: "row", "data-taken": id }, icon("tick"), element("span", { class: "grow" }, link, " is known: this order is theirs."), undo));
  say(`${name} is taken over.`);
  undo.addEventListener("click", () => forget(before ?? {}));
}

/** The order is nobody's known; `before` is what stood there before they were taken over. */
async function forget(before) {
  for (const [section, value] of Object.entries(before)) write(section, value);
  write("customer_id", "");
  at("known").replaceChildren();
  tell();
  asked = "";
  at("customer.phone").focus();
  await save();
  look();
}

onOrder((view) => {
  const id = view.values.customer_id;
  if (id && id === read("customer_id") && !at("known").querySelector("[data-taken]")) taken(id);
  if (id && profile?.customer_id !== id) learn(id);
  if (!id && at("known").querySelector("[data-taken]")) at("known").replaceChildren();
  if (id && id === read("customer_id")) drawWho();
});

/** The partial is gone on with; what is typed here stays with this order. */
async function completeOrder(id) {
  await save();
  const fields = { csrf: document.querySelector('meta[name="csrf"]').content, key: crypto.randomUUID(), direction: read("direction") };
  const sent = element("form", { method: "post", action: `/order-entry/${id}/complete`, hidden: "" }, ...Object.entries(fields).map(([name, value]) => element("input", { type: "hidden", name, value })));
  document.body.append(sent);
  sent.submit();
}

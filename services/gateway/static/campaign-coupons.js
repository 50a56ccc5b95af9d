// Coupons and custom fields: what a closed row says, and which fields an open one asks for.
import { element, icon } from "./core.js";
import { draft } from "./campaign-draft.js";
import { at, form, stamp } from "./campaign-form.js";
import { List } from "./campaign-list.js";

const FRESH = JSON.parse(form.dataset.fresh);

export function couponsList(changed) {
  const list = new List({
    table: at("coupons-table"), template: "coupon", items: () => draft.values.coupons, fresh: FRESH.coupon, draw: drawCoupon, changed,
    open: (row) => row.querySelector("[data-panel] > td").append(stamp("coupon-panel")),
  });
  at("add-coupon").addEventListener("click", () => list.add(structuredClone(FRESH.coupon)));
  return list;
}

const count = (number, one, many) => (number === 1 ? `1 ${one}` : `${number} ${many}`);

function takenOff({ kind, percent, amount, on }) {
  const size = kind === "percent" ? (percent ? `${percent} %` : "") : amount;
  return size && (on === "shipping" ? `${size} of shipping` : size);
}

function from({ target, products, tags, first_only, min_subtotal, min_quantity }) {
  const named = [products.length && count(products.length, "product", "products"), tags.length && count(tags.length, "tag", "tags")].filter(Boolean);
  const what = target === "order" ? "The order" : `${first_only ? "First of " : ""}${named.join(", ") || "every product"}`;
  return [what, min_subtotal && `from ${min_subtotal}`, min_quantity && `from ${min_quantity} units`].filter(Boolean).join(", ");
}

const day = (text) => (/^\d{4}-\d\d-\d\d$/.test(text) ? new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" }).format(new Date(`${text}T00:00Z`)) : text);

/** By the account's calendar: `data-today`. */
function state({ starts, ends }) {
  const { today } = form.dataset;
  if (ends && ends < today) return ["", "slash", "Ended"];
  return starts && starts > today ? ["", "clock", "Not yet"] : ["ok", "check", "Running"];
}

function drawCoupon(row, item) {
  const runs = item.starts || item.ends ? [item.starts && `from ${day(item.starts)}`, item.ends && `to ${day(item.ends)}`].filter(Boolean).join(" ") : "Always";
  const words = { code: item.code.toUpperCase() || "New coupon", off: takenOff(item) || "Nothing yet", from: from(item), runs };
  for (const cell of row.querySelectorAll("[data-say]")) cell.textContent = words[cell.dataset.say];
  row.querySelector("[data-tags]").replaceChildren(...(item.default ? [element("span", { class: "tag" }, "By itself")] : []));
  const [tone, image, word] = state(item);
  row.querySelector("[data-state]").replaceChildren(element("span", { class: "pill", "data-tone": tone || undefined }, icon(image), word));
  for (const part of row.querySelectorAll("[data-when]")) {
    const [name, value] = part.dataset.when.split("=");
    part.hidden = item[name] !== value;
  }
  const products = row.querySelector('chip-list[data-field="products"]');
  if (products) products.choices = draft.values.offers.filter((each) => each.id).map((each) => [each.id, each.name]);
}

export function fieldsList(changed) {
  const list = new List({ table: at("fields-table"), template: "field", items: () => draft.values.fields, fresh: FRESH.field, draw: drawField, changed });
  at("add-field").addEventListener("click", () => list.add(structuredClone(FRESH.field)));
  return list;
}

function drawField(row, item) {
  row.querySelector("[data-choices]").hidden = item.kind !== "choice";
}

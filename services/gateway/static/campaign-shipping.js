// Shipping profiles and their rules: where, what and how much.
import { ask, element } from "./core.js";
import { draft } from "./campaign-draft.js";
import { at, fieldOf, form, itemOf, stamp } from "./campaign-form.js";
import { List } from "./campaign-list.js";

const FRESH = JSON.parse(form.dataset.fresh);
const SCOPES = { any: "Any product", offers: "Offers", upsells: "Upsells" };
const PLACES = new Map([...at("where").content.querySelectorAll("option")].map((option) => [option.value, option.textContent]));

export function profilesList(changed) {
  const list = new List({
    table: at("profiles-table"),
    template: "profile",
    items: () => draft.values.profiles,
    fresh: FRESH.profile,
    draw: drawProfile,
    open: (row, item) => openProfile(row, item, list, changed),
    changed,
  });
  list.within = (item, inner, rest) => {
    const [n, name] = rest.split(".");
    const rule = inner === "rules" && item.rules[Number(n)];
    return rule ? { item: rule, outer: item, list, name: { country: "where", continent: "where", scope: "what", of: "what" }[name] ?? name ?? "price" } : null;
  };
  at("add-profile").addEventListener("click", () => list.add({ ...structuredClone(FRESH.profile), default: !draft.values.profiles.length }));
  return list;
}

function drawProfile(row, item) {
  row.querySelector('[data-say="name"]').textContent = item.name || "New profile";
  row.querySelector("[data-tags]").replaceChildren(...(item.default ? [element("span", { class: "tag" }, "Default")] : []));
  row.querySelector('[data-say="rules"]').textContent = item.rules.length || "None";
  row.querySelector('[data-say="charged"]').textContent = item.entire_order ? "Once an order" : item.dearest_only ? "Dearest line only" : "Each unit";
  row.querySelector('[data-say="free"]').textContent = Number(item.free_from.replaceAll(",", "")) ? `From ${item.free_from}${item.free_after_coupons ? ", after coupons" : ""}` : "Never";
}

function openProfile(row, item, list, changed) {
  row.querySelector("[data-panel] > td").append(stamp("profile-panel"));
  const rules = new List({
    table: row.querySelector("[data-rules]"), template: "rule", items: () => item.rules, fresh: FRESH.rule, draw: drawRule,
    changed: () => { list.redraw(item); changed(); },
  });
  rules.show();
  row.querySelector("[data-add-rule]").addEventListener("click", () => rules.add(structuredClone(FRESH.rule)));
  const table = row.querySelector("[data-rules]");
  table.addEventListener("focusin", (event) => event.target.matches("[data-where], [data-what]") && offer(event.target));
  table.addEventListener("pointerdown", (event) => event.target.matches("[data-where], [data-what]") && offer(event.target));
  table.addEventListener("change", (event) => choose(event.target, rules, list, item, changed));
}

// --- a rule: one choice says where, another what -----------------------------------------------------------------------

const whereOf = (rule) => (rule.country ? `country:${rule.country}` : rule.continent ? `continent:${rule.continent}` : "");
const whatOf = (rule) => (rule.of ? `${rule.scope}:${rule.of}` : rule.scope);
const productName = (id) => draft.values.offers.find((offer) => offer.id === id)?.name ?? `Product ${id}, not in this campaign`;
const whatName = (rule) => SCOPES[rule.scope] ?? (rule.scope === "product" ? productName(rule.of) : rule.of);

function drawRule(row, rule) {
  const said = `${PLACES.get(whereOf(rule)) ?? "Anywhere"}, ${whatName(rule)}`;
  only(row.querySelector("[data-where]"), whereOf(rule), PLACES.get(whereOf(rule)) ?? rule.country, `Where: ${said}`);
  only(row.querySelector("[data-what]"), whatOf(rule), whatName(rule), `What: ${said}`);
  for (const field of row.querySelectorAll("[data-name]")) field.setAttribute("aria-label", `${field.dataset.name}: ${said}`);
  row.querySelector("[data-remove]").setAttribute("aria-label", `Remove the rule for ${said}`);
  row.querySelector("[data-grip]").setAttribute("aria-label", `Move the rule for ${said}: Alt and arrow keys`);
  drawRegions(row.querySelector('[data-field="region"]'), rule);
}

/** Options are many and rules too, so a choice gets its options when somebody comes to it. */
function only(select, value, name, label) {
  select.setAttribute("aria-label", label);
  if (select.value === value && select.options.length > 1) return;
  if (select.options.length < 2) select.replaceChildren(new Option(name, value, true, true));
  else select.value = value;
}

function offer(select) {
  if (select.options.length > 1 && !("what" in select.dataset)) return;
  const chosen = select.value;
  if ("where" in select.dataset) select.replaceChildren(at("where").content.cloneNode(true));
  else select.replaceChildren(...Object.entries(SCOPES).map(([value, name]) => new Option(name, value)), ...products(), ...categories());
  if (![...select.options].some((option) => option.value === chosen)) select.append(new Option(whatName(itemOf(select)), chosen));
  select.value = chosen;
}

const group = (label, options) => (options.length ? [Object.assign(document.createElement("optgroup"), { label })].map((made) => (made.append(...options), made)) : []);
const products = () => group("Products", draft.values.offers.filter((each) => each.id).map((each) => new Option(each.name, `product:${each.id}`)));
const categories = () => group("Categories", [...new Set(draft.values.offers.flatMap((each) => each.categories))].sort().map((name) => new Option(name, `category:${name}`)));

function choose(select, rules, list, item, changed) {
  const rule = itemOf(select);
  const [kind, ...rest] = select.value.split(":");
  if ("where" in select.dataset) Object.assign(rule, { continent: kind === "continent" ? rest[0] : "", country: kind === "country" ? rest[0] : "", region: "" });
  else if ("what" in select.dataset) Object.assign(rule, { scope: kind, of: rest.join(":") });
  else return;
  rules.redraw(rule);
  list.redraw(item);
  changed();
}

const known = new Map();
const regionsOf = (country) => {
  if (!known.has(country)) known.set(country, ask("GET", `/campaigns/regions?country=${encodeURIComponent(country)}`).catch(() => known.delete(country) && []));
  return known.get(country);
};

async function drawRegions(select, rule) {
  const { country } = rule;
  const regions = country ? await regionsOf(country) : [];
  if (rule.country !== country) return;
  select.hidden = !regions.length && !rule.region;
  select.replaceChildren(new Option("All of it", ""), ...regions.map(([code, name]) => new Option(name, code)));
  if (rule.region && !regions.some(([code]) => code === rule.region)) select.append(new Option(rule.region, rule.region));
  select.value = rule.region;
}

export function ruleField(list, { item, outer, name }) {
  if (!outer) return list.field(item, name);
  const row = list.reveal(outer);
  const inner = [...row.querySelectorAll("[data-item]")].find((each) => itemOf(each) === item);
  return inner?.querySelector(`[data-${name}]:is(select)`) ?? fieldOf(inner, name) ?? inner.querySelector("input, select");
}

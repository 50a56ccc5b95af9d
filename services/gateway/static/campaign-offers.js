// Offers and upsells: their variants, made of options, their image, and what a closed row says of them.
import { ask, element, icon, Problem } from "./core.js";
import { draft } from "./campaign-draft.js";
import { at, clear, fieldOf, fill, form, hold, itemOf, mark, say, stamp } from "./campaign-form.js";
import { List } from "./campaign-list.js";

const FRESH = JSON.parse(form.dataset.fresh);
const MOST_VARIANTS = 200;
const MOST_BYTES = 2 * 1024 * 1024;

export function offersList(changed) {
  const search = at("offer-search");
  const list = new List({
    table: at("offers-table"),
    template: "offer",
    items: () => draft.values.offers,
    fresh: FRESH.offer,
    draw: drawOffer,
    open: (row, item) => openOffer(row, item, list, changed),
    found: (item) => {
      const wanted = search.value.trim().toLowerCase();
      return !wanted || [item.name, item.sku, item.id, ...item.tags, ...item.variants.map((each) => each.sku)].some((words) => words.toLowerCase().includes(wanted));
    },
    changed,
  });
  list.within = (item, inner, rest) => {
    const [n, name] = rest.split(".");
    const part = ["variants", "options"].includes(inner) && item[inner][Number(n)];
    if (part) return { item: part, outer: item, list, name: name ?? (inner === "options" ? "values" : "price") };
    return { item, list, name: inner };
  };
  search.addEventListener("input", (event) => {
    event.stopPropagation();
    list.shown = 40;
    list.show();
    say(`${list.matching().length} of ${draft.values.offers.length} found.`);
  });
  for (const kind of ["offer", "upsell"])
    at(`add-${kind}`).addEventListener("click", () => {
      search.value = "";
      list.add({ ...structuredClone(FRESH.offer), kind });
    });
  return list;
}

// --- what a row says --------------------------------------------------------------------------------------------------

const between = (low, high) => (low && high ? `${low} to ${high}` : low ? `from ${low}` : high ? `to ${high}` : "None");

function drawOffer(row, item) {
  const by = item.variants.length ? `by ${item.options.map((option) => option.name.toLowerCase() || "option").join(" and ")}` : "";
  const words = {
    name: item.name || (item.kind === "upsell" ? "New upsell" : "New offer"),
    sku: by || item.sku,
    quantity: `${item.min_quantity || 1} to ${item.max_quantity || "…"}`,
    limits: between(item.min_price, item.max_price),
    tax_class: item.tax_class,
    gateway: item.gateway,
  };
  for (const cell of row.querySelectorAll("[data-say]")) {
    cell.textContent = words[cell.dataset.say];
    cell.classList.toggle("muted", Boolean(by) && cell.dataset.say === "sku");
  }
  const tags = [item.kind === "upsell" && "Upsell", item.variants.length && (item.variants.length === 1 ? "1 variant" : `${item.variants.length} variants`), Number(item.trial_days) && `${item.trial_days}-day trial`];
  row.querySelector("[data-tags]").replaceChildren(...tags.filter(Boolean).map((words) => element("span", { class: "tag" }, words)));
  drawWas(row, item);
  if (row.dataset.filled) drawVariants(row, item);
}

function drawWas(row, item) {
  const changes = [item, ...item.variants].filter((each) => each.id && draft.before[each.id]).map((each) => `${each.values?.join(", ") ?? item.name} was ${draft.before[each.id]}`);
  let note = row.querySelector("[data-was]");
  if (!changes.length) return note?.remove();
  if (!note) row.querySelector("tr").after(note = element("tr", { class: "under", "data-was": "" }, element("td", { colspan: "10" })));
  note.firstChild.replaceChildren(element("p", { class: "hint" }, icon("pencil"), `${changes.join("; ")} in version ${draft.number}`));
}

function drawVariants(row, item) {
  const rows = [...row.querySelectorAll("tr[data-item]")];
  const panel = row.querySelector("tr[data-panel]");
  if (rows.length !== item.variants.length || rows.some((each, n) => itemOf(each) !== item.variants[n])) {
    for (const each of rows) each.remove();
    for (const variant of item.variants) {
      const made = stamp("variant");
      hold(made, variant);
      panel.before(made);
    }
  }
  for (const each of row.querySelectorAll("tr[data-item]")) {
    const variant = itemOf(each);
    each.querySelector("th").textContent = variant.values.join(", ");
    each.hidden = panel.hidden;
    for (const name of ["price", "shipping_price"]) each.querySelector(`[data-field="${name}"]`).placeholder = item[name];
    fill(each, variant);
  }
}

// --- an open row ------------------------------------------------------------------------------------------------------

function openOffer(row, item, list, changed) {
  row.querySelector("[data-panel] > td").append(stamp("offer-panel"));
  const options = new List({
    table: row.querySelector("[data-options]"), template: "option", items: () => item.options, fresh: FRESH.option,
    changed: () => recombine(row, item, list, changed),
  });
  options.show();
  row.querySelector("[data-add-option]").addEventListener("click", () => options.add(structuredClone(FRESH.option)));
  row.querySelector("[data-options]").addEventListener("input", () => recombine(row, item, list, changed));
  row.querySelector('[type="file"]').addEventListener("change", (event) => upload(event.target, row, item, changed));
  row.querySelector("[data-no-image]").addEventListener("click", () => { item.image = ""; drawImage(row, item); changed(); });
  drawImage(row, item);
}

const gone = new WeakMap();

/** Each combination of the options is a variant; one that is there already, or was before, keeps its id and prices. */
function recombine(row, item, list, changed) {
  const options = item.options.filter((option) => option.values.length);
  const before = [...item.variants, ...(gone.get(item) ?? [])];
  const wanted = options.length ? options.reduce((all, option) => all.flatMap((values) => option.values.map((value) => [...values, value])), [[]]) : [];
  if (wanted.length > MOST_VARIANTS) return say(`These options make ${wanted.length} variants; at most ${MOST_VARIANTS} can be sold.`);
  const left = new Set(before);
  const take = (fits) => {
    const found = [...left].find(fits);
    left.delete(found);
    return found;
  };
  const exact = new Map(wanted.map((values) => [values, take((each) => each.values.join("\n") === values.join("\n"))]));
  item.variants = wanted.map((values) => {
    const known = exact.get(values) ?? take((each) => each.values.length !== values.length && each.values.every((value, n) => n >= values.length || value === values[n]));
    return Object.assign(known ?? structuredClone(FRESH.variant), { values });
  });
  gone.set(item, [...left].filter((each) => each.id || each.sku || each.price));
  list.redraw(item);
  changed();
}

async function upload(input, row, item, changed) {
  const [file] = input.files;
  input.value = "";
  if (!file) return;
  clear(input);
  if (file.size > MOST_BYTES) return mark(input, "The image is larger than 2 MB. Save it smaller, or as JPEG.");
  try {
    item.image = (await ask("POST", "/images", file)).sha256;
    drawImage(row, item);
    changed();
    say("The image is uploaded.");
  } catch (problem) {
    mark(input, problem instanceof Problem ? problem.message : "No connection. Try again.");
  }
}

function drawImage(row, item) {
  const place = row.querySelector("[data-image]");
  place.replaceChildren(...(item.image ? [element("img", { src: `/images/${item.image}`, alt: item.name, class: "thumb", width: "64", height: "64" })] : []));
  place.hidden = row.querySelector("[data-no-image]").hidden = !item.image;
}

export const fieldWithin = (list, { item, outer, name }) => {
  if (!outer) return list.field(item, name);
  const row = list.reveal(outer);
  const inner = [...row.querySelectorAll("[data-item]")].find((each) => itemOf(each) === item);
  return fieldOf(inner, name) ?? inner.querySelector("input");
};

// Fields of the campaign's form and the values that they show: data-field names a key of the object whose row, or form, the field is in.
import { element, icon } from "./core.js";
import { draft } from "./campaign-draft.js";

export const at = (id) => document.getElementById(id);
export const form = at("campaign");
export const say = (words) => { at("said").textContent = words; };

const holders = new WeakMap();
/** What is wrong, by object and field: rows are drawn when they are looked at. */
const wrong = new Map();

export const hold = (row, item) => holders.set(row, item);
export const itemOf = (node) => holders.get(node.closest("[data-item]")) ?? draft.values;
const own = (scope) => [...scope.querySelectorAll("[data-field]")].filter((field) => field.closest("[data-item]") === scope.closest("[data-item]"));

export function valueOf(field) {
  if (field.type === "checkbox") return field.checked;
  if (field.dataset.several !== undefined) return [...field.querySelectorAll(":checked")].map((box) => box.value);
  return typeof field.value === "string" ? field.value.trim() : field.value;
}

function show(field, value) {
  if (field.type === "checkbox") field.checked = value;
  else if (field.dataset.several !== undefined) for (const box of field.querySelectorAll("input")) box.checked = value.includes(box.value);
  else if (field.type === "radio") field.checked = field.value === value;
  else if (field.matches("select") && value && ![...field.options].some((option) => option.value === value)) field.append(new Option(value, value, true, true));
  else if (field.matches("chip-list") ? JSON.stringify(field.value) !== JSON.stringify(value) : field.value.trim() !== value) field.value = value;
}

/** Shows an object in its row, or in the form. */
export function fill(scope, item) {
  for (const field of own(scope)) {
    show(field, item[field.dataset.field]);
    if (field.dataset.name) field.setAttribute("aria-label", `${field.dataset.name}: ${nameOf(item)}`);
    const words = wrong.get(item)?.[field.dataset.field];
    if (words) mark(field, words);
    else clear(field);
  }
}

export const nameOf = (item) => item.name || item.code || item.label || item.values?.join(", ") || "new";

let made = 0;
/** A template's content with ids of its own. */
export function stamp(id) {
  const copy = document.importNode(at(id).content.firstElementChild, true);
  const more = `-${++made}`;
  for (const node of [copy, ...copy.querySelectorAll("*")])
    for (const name of ["id", "for", "aria-describedby", "aria-controls", "aria-labelledby", "name"])
      if (node.hasAttribute(name)) node.setAttribute(name, node.getAttribute(name) + more);
  return copy;
}

// --- what is wrong, at its field --------------------------------------------------------------------------------------

export function mark(field, words) {
  clear(field, false);
  field.id ||= `field-${++made}`;
  const id = `${field.id}-wrong`;
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-errormessage", id);
  if (!field.matches("chip-list")) field.setAttribute("aria-describedby", [field.getAttribute("aria-describedby"), id].filter(Boolean).join(" "));
  const note = element("p", { class: "error", id }, icon("alert"), words);
  const row = field.closest(".field") ? null : field.closest("tr");
  if (row) row.after(element("tr", { class: "under", "data-wrong": "" }, element("td", { colspan: "12" }, note)));
  else (field.closest(".field") ?? field.parentElement).append(note);
}

export function clear(field, forget = true) {
  if (forget) delete wrong.get(itemOf(field))?.[field.dataset.field];
  const id = field.getAttribute("aria-errormessage");
  if (!id) return;
  const note = at(id);
  (note?.closest("tr[data-wrong]") ?? note)?.remove();
  const described = (field.getAttribute("aria-describedby") ?? "").split(" ").filter((each) => each && each !== id).join(" ");
  if (described) field.setAttribute("aria-describedby", described);
  else field.removeAttribute("aria-describedby");
  field.removeAttribute("aria-invalid");
  field.removeAttribute("aria-errormessage");
}

export function remember(item, name, words) {
  wrong.set(item, { ...wrong.get(item), [name]: words });
}

export function forgetAll() {
  wrong.clear();
  for (const field of form.querySelectorAll("[aria-errormessage]")) clear(field, false);
}

/** The field of an object within its row, or of the campaign, if nothing in there hides it. */
export const fieldOf = (scope, name) =>
  own(scope).find((field) => {
    const hidden = field.closest("[hidden]");
    return field.dataset.field === name && (!hidden || hidden.contains(scope));
  });

// --- shape, on leaving a field: the server's words, and the server decides ---------------------------------------------

const COUNTS = { 0: "no decimals", 2: "two decimals", 3: "three decimals" };
const places = () => JSON.parse(form.dataset.decimals)[draft.values.currency] ?? 2;

function amount(typed) {
  const found = /^(?:\d{1,15}|\d{1,3}(?:,\d{3}){1,4})(?:\.(\d{1,15}))?$/.exec(typed);
  if (!found) return `Enter an amount, such as ${{ 0: "50", 3: "4.995" }[places()] ?? "49.95"}.`;
  return (found[1]?.length ?? 0) > places() ? `${draft.values.currency} has ${COUNTS[places()] ?? places()}.` : "";
}

const CHECKS = {
  amount,
  whole: (typed) => (/^\d{1,9}$/.test(typed) ? "" : "Enter a whole number, such as 10."),
  minutes: (typed) => (/^\d{1,4}:[0-5]\d$/.test(typed) ? "" : "Enter minutes and seconds, such as 06:00."),
  percent: (typed) => (/^\d{1,3}(\.\d{1,6})?$/.test(typed) && Number(typed) > 0 && Number(typed) <= 100 ? "" : "A percentage is above 0 and at most 100, with at most six decimals, such as 12.5."),
};

export function check(field) {
  const typed = typeof field.value === "string" ? field.value.trim() : "";
  const words = typed || field.dataset.needed === "" ? CHECKS[field.dataset.check]?.(typed) : field.dataset.needed;
  if (!words) return;
  remember(itemOf(field), field.dataset.field, words);
  mark(field, words);
}

// What is wrong, at its field, in a summary that links to the fields, and across the form.
import { digits } from "./card.js";
import { element, icon } from "./core.js";
import { at } from "./entry-values.js";

/** `more` are buttons that help. */
export function mark(id, words, ...more) {
  const field = at(id);
  clear(id);
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", `${id}-note`);
  const note = element("p", { class: "error", id: `${id}-note` }, icon("alert"), element("span", {}, words, ...more));
  const row = field.closest("tr");
  const under = row?.nextElementSibling?.dataset.reason ? row.nextElementSibling : row;
  if (row) under.after(element("tr", { class: "under" }, element("td", { colspan: "5" }, note)));
  else (field.closest(".field") ?? field.parentElement).append(note);
}

export function clear(id) {
  const note = at(`${id}-note`);
  (note?.closest("tr.under") ?? note)?.remove();
  at(id)?.removeAttribute("aria-invalid");
  at(id)?.removeAttribute("aria-describedby");
}

export function refuse(errors) {
  for (const [id, words] of errors) if (at(id)?.matches("input, select, textarea")) mark(id, words);
  const count = errors.length === 1 ? "One thing to fix" : `${errors.length} things to fix`;
  const links = errors.map(([id, words]) => element("li", {}, element("a", { href: `#${id}`, "data-to": id }, words)));
  const box = element("section", { class: "refusal", "data-tone": "bad", role: "alert", "aria-labelledby": "to-fix", tabindex: "-1" },
    element("h2", { id: "to-fix" }, icon("alert"), `${count} before this order can be placed`), element("ul", {}, ...links));
  at("refusal").replaceChildren(box);
  box.focus();
  box.scrollIntoView({ block: "center" });
}

const CHECKS = {
  "customer.email": (typed) => !typed || /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(typed) || "Enter the whole address, like name@example.com.",
  "customer.phone": (typed) => !typed || /^[0-9 +()\-./]+$/.test(typed) && digits(typed).length >= 7 && digits(typed).length <= 15 || "Enter the whole phone number.",
};

/** An amount as the list writes them; whether it may be is the server's to say. */
function isAmount(typed, list) {
  const decimals = list.split(".")[1]?.length ?? 0;
  return new RegExp(`^[0-9,]+${decimals ? `([.][0-9]{1,${decimals}})?` : ""}$`).test(typed) || `Enter an amount, such as ${list}.`;
}

function fits(typed, { pattern, label, example }) {
  return !typed || new RegExp(pattern, "i").test(typed) || `This is no ${label} of this country, such as ${example}.`;
}

export function checkField(field) {
  const typed = field.value.trim();
  const verdict = field.dataset.list ? isAmount(typed, field.dataset.list) : field.dataset.pattern ? fits(typed, field.dataset) : CHECKS[field.id]?.(typed) ?? true;
  if (verdict !== true) mark(field.id, verdict);
}

/** One across the form, in the place of the one before; `beside` it where both must stay. */
export function banner(tone, words, more = [], beside = false) {
  const box = element("div", { class: "banner", "data-tone": tone, role: "alert" }, icon(tone === "ok" ? "tick" : "alert"), element("p", {}, words), ...more);
  if (!beside) at("banner").replaceChildren();
  at("banner").append(box);
  return box;
}

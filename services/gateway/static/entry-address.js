// Addresses: the fields of the country that was chosen, and a whole address pasted into Street.
import { ask, element, icon, Problem } from "./core.js";
import { clear, mark } from "./entry-errors.js";
import { order, save } from "./entry-order.js";
import { at, form, read, write } from "./entry-values.js";
import { say } from "./entry-view.js";

/** What fits the other country's fields stays. */
export async function drawParts(section) {
  const typed = read(section);
  const answer = await fetch(`/order-entry/regions?section=${section}&country=${encodeURIComponent(typed.country)}`).catch(() => null);
  if (!answer?.ok) return mark(`${section}.country`, "The fields of this country did not come. Choose it again.");
  const now = read(section);
  if (now.country !== typed.country) return;
  at(`${section}-parts`).innerHTML = await answer.text(); // made by our own template, which escapes
  write(section, now);
}

const LOOKS_WHOLE = /\d.*[\s,]\d{5}(-?\d{4})?[\s,]*(USA?|United States)?$/is;
const isAlone = (typed) => !typed.unit && !typed.city && !typed.postal;

async function readLine(section, text) {
  const street = at(`${section}.street`);
  const typed = read(section);
  if (!["", "US"].includes(typed.country) || !LOOKS_WHOLE.test(text.trim()) || !isAlone(typed)) return;
  let found;
  try {
    found = await ask("POST", "/order-entry/address", { text, country: typed.country });
  } catch (problem) {
    if (problem instanceof Problem && problem.body.code === "unreadable") told(street, problem.message);
    return;
  }
  if (read(section).street !== typed.street) return;
  write(section, { ...typed, ...found, country: "US" });
  for (const name of Object.keys(found)) clear(`${section}.${name}`);
  save();
  const undo = element("button", { type: "button", class: "link" }, "Undo");
  told(street, `Read as ${[found.street, found.unit, found.city, found.region, found.postal].filter(Boolean).join(", ")}. `, undo);
  undo.addEventListener("click", () => {
    write(section, typed);
    street.parentElement.querySelector(".hint")?.remove();
    street.focus();
    save();
  });
}

function told(street, words, ...more) {
  street.parentElement.querySelector(".hint")?.remove();
  street.parentElement.append(element("p", { class: "hint" }, icon("info"), element("span", {}, words, ...more)));
  say(words);
}

const sectionOf = (field) => field.id.match(/^(billing|shipping)\.street$/)?.[1];

// A field of one line takes line breaks out, so that what is pasted is put in with commas for them.
form.addEventListener("paste", (event) => {
  const section = sectionOf(event.target);
  const text = event.clipboardData?.getData("text") ?? "";
  if (!section || !LOOKS_WHOLE.test(text.trim())) return;
  event.preventDefault();
  event.target.setRangeText(text.trim().replace(/\s*[\r\n]+\s*/g, ", ").slice(0, 255), event.target.selectionStart, event.target.selectionEnd, "end");
  event.target.dispatchEvent(new Event("input", { bubbles: true }));
  readLine(section, event.target.value);
});
form.addEventListener("change", (event) => {
  const section = sectionOf(event.target);
  if (section && order().order_id) readLine(section, event.target.value);
});
form.addEventListener("input", (event) => {
  if (sectionOf(event.target)) event.target.parentElement.querySelector(".hint")?.remove();
});

// What is typed against what the server has of each section, and what of it outlives this page.
import { holdsCard } from "./card.js";
import { form, read, SECTIONS, text, write } from "./entry-values.js";

/** What the server has of each section, as text: as it was sent, so that its tidying never looks like a change. */
const known = {};
/** Sections that the server refused, or that others changed too, and the text for which that holds. */
const held = new Map();

export const typedIn = () => SECTIONS.filter((section) => text(read(section)) !== known[section]);
export const unsent = () => typedIn().filter((section) => held.get(section) !== text(read(section)));
export const untouched = (section) => text(read(section)) === known[section];

export function settle(section, value = text(read(section))) {
  known[section] = value;
  held.delete(section);
}

/** Not sent again until it is typed anew. */
export const hold = (section, value = text(read(section))) => held.set(section, value);
export const letGo = (section) => held.delete(section);
/** Whether something that was refused, or changed elsewhere too, still stands as it was typed. */
export const heldBack = () => typedIn().some((section) => held.has(section));

// What is typed and not saved outlives the page, the tab and the browser, for whoever typed it, some days long. Card details are never part of it,
// wherever they are typed.
const DAYS = 3;
const nameOf = (id) => `draft.${form.dataset.user}.${id}`;
const isDraft = (name) => name.startsWith("draft.");
/** Whether the draft is this tab's to take away: another tab on the same order may have left one. */
let left = false;

let shown = {};
/** What the server has, as it says it: so that a draft knows over what it was typed. */
export const seen = (values) => { shown = values; };

export function keepDraft(id) {
  if (!id) return;
  const typed = Object.fromEntries(typedIn().map((section) => [section, read(section)]).filter(([, value]) => !holdsCard(text(value))));
  if (!Object.keys(typed).length) return left && forgetDraft(id);
  left = true;
  const over = Object.fromEntries(Object.keys(typed).map((section) => [section, text(shown[section])]));
  localStorage.setItem(nameOf(id), text({ at: Date.now(), typed, over }));
}

const draftOf = (name) => JSON.parse(localStorage.getItem(name) ?? "{}");

export function forgetDraft(id) {
  left = false;
  localStorage.removeItem(nameOf(id));
}

for (const name of Object.keys(localStorage).filter(isDraft)) if (!(Date.now() - draftOf(name).at < DAYS * 86_400_000)) localStorage.removeItem(name);

/** `values` are the server's; the sections are given that somebody has saved otherwise since it was typed. */
export function takeUpDraft(id, values) {
  const { typed = {}, over = {} } = draftOf(nameOf(id));
  left = Object.keys(typed).length > 0;
  for (const [section, value] of Object.entries(typed)) write(section, untouched(section) ? value : typedOver(section, value));
  if (left && !typedIn().length) forgetDraft(id); // it was saved, and nobody heard of that
  return Object.keys(over).filter((section) => over[section] !== text(values[section]) && !untouched(section));
}

/** What has been typed on this page already stays. */
function typedOver(section, kept) {
  const now = read(section);
  if (typeof now !== "object" || Array.isArray(now)) return now;
  const before = JSON.parse(known[section]);
  return { ...kept, ...Object.fromEntries(Object.entries(now).filter(([name, value]) => text(value) !== text(before[name]))) };
}

/** The call that this tab is in: its order, or the key under which one is being started. */
export const call = {
  get: () => JSON.parse(sessionStorage.getItem("call") ?? "null"),
  set: (value) => sessionStorage.setItem("call", text({ campaign: form.dataset.campaign, ...value })),
  end: () => sessionStorage.removeItem("call"),
};

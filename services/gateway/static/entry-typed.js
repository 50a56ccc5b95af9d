// What is typed against what the server has of each section, and what of it outlives this page.
import { holdsCard } from "./card.js";
import { form, read, SECTIONS, write } from "./entry-values.js";

export const text = (value) => JSON.stringify(value);

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

/** What is typed and not saved outlives a reload, a crash and a sign-out; card details are never part of it, wherever they are typed. */
export function keepDraft(id) {
  if (!id) return;
  const draft = Object.fromEntries(typedIn().map((section) => [section, read(section)]).filter(([, value]) => !holdsCard(text(value))));
  if (Object.keys(draft).length) sessionStorage.setItem(`draft.${id}`, text(draft));
  else forgetDraft(id);
}

export function takeUpDraft(id) {
  for (const [section, value] of Object.entries(JSON.parse(sessionStorage.getItem(`draft.${id}`) ?? "{}"))) write(section, value);
}

export const forgetDraft = (id) => sessionStorage.removeItem(`draft.${id}`);

/** The call that this tab is in: its order, or the key under which one is being started. */
export const call = {
  get: () => JSON.parse(sessionStorage.getItem("call") ?? "null"),
  set: (value) => sessionStorage.setItem("call", text({ campaign: form.dataset.campaign, ...value })),
  end: () => sessionStorage.removeItem("call"),
};

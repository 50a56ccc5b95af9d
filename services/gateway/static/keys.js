// Every key that does something, in one table: the listener, the sheet of shortcuts, the buttons and the palette read it.
import { element } from "./core.js";

const table = new Map();
const TOGETHER = 1500;
const typing = (target) => target.closest?.('input:not([type="checkbox"]), select, textarea, [contenteditable="true"]');
const isChord = (keys) => /^(Ctrl|Alt)[+]/.test(keys);
const mac = /Mac|iPhone|iPad/.test(navigator.platform);
const SHOWN = { Enter: "↵", ArrowUp: "↑", ArrowDown: "↓", ...(mac ? { Ctrl: "⌘", Alt: "⌥" } : {}) };

/**
 * Each has ``keys`` ("Alt+C", "Ctrl+Enter", "J", "?", or "G O", one after the other), what it ``does``, ``where`` it holds, and ``act`` or ``href``;
 * without either it is only told; the palette has it only while it ``can`` be done, where that is asked. Ctrl is Cmd, too. A letter alone is never taken from somebody who types, and nothing is taken from a dialog
 * except what acts ``over`` it. What ``charges`` is done by its own keys alone, never by Enter in the palette. ``button`` is the selector of one that shows the keys. Whoever registers the same keys later has them.
 */
export function register(entries) {
  for (const entry of entries) {
    table.set(entry.keys, entry);
    if (entry.button) showOn(document.querySelector(entry.button), entry.keys);
  }
}

export const all = () => [...table.values()];

export const run = (entry) => (entry.act ? entry.act() : location.assign(entry.href));

/** As people read them: "Alt+C" is two caps, "G O" are two, too. */
export const caps = (keys) => keys.split(/[+ ]/).map((key) => SHOWN[key] ?? key);

function showOn(button, keys) {
  if (!button) return;
  const shown = button.querySelector("kbd") ?? button.appendChild(element("kbd"));
  shown.textContent = caps(keys).join(" ");
  shown.setAttribute("aria-hidden", "true");
  shown.before(" ");
  button.setAttribute("aria-keyshortcuts", keys.replace("Ctrl", mac ? "Meta" : "Control"));
}

/** The letter on the key cap, also where Alt or another alphabet makes something else of it. */
function capOf({ key, code }) {
  if (/^[!-~]$/.test(key)) return key.toUpperCase();
  return /^(Key|Digit)/.test(code) ? code.replace(/^(Key|Digit)/, "") : key;
}

function pressed(event) {
  const held = [event.ctrlKey || event.metaKey ? "Ctrl" : "", event.altKey ? "Alt" : ""].filter(Boolean);
  if (held.length && event.shiftKey) held.push("Shift");
  return [...held, capOf(event)].join("+");
}

let first = { keys: "", at: 0 };
export function followKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || ["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
    const keys = pressed(event);
    if (!isChord(keys) && typing(event.target)) return;
    const sequence = event.timeStamp - first.at < TOGETHER ? table.get(`${first.keys} ${keys}`) : undefined;
    const entry = sequence ?? table.get(keys);
    first = sequence ? { keys: "", at: 0 } : { keys, at: event.timeStamp };
    if (!entry || !(entry.act || entry.href) || (document.querySelector("dialog[open]") && !entry.over)) return;
    event.preventDefault();
    if (!event.repeat || !isChord(keys)) run(entry);
  });
}

/** The sheet, by where the keys hold. */
export function drawSheet(place) {
  const groups = Map.groupBy(all(), (entry) => entry.where);
  place.replaceChildren(...[...groups].map(([where, entries]) =>
    element("section", { class: "stack tight" }, element("h3", {}, where), element("dl", { class: "pairs" }, ...entries.map(row)))));
}

function row({ keys, does }) {
  const shown = caps(keys).flatMap((cap, place) => [...(place ? [" "] : []), element("kbd", {}, cap)]);
  return element("div", {}, element("dt", {}, does), element("dd", {}, ...shown));
}

// Somebody else changed the order. Other sections: theirs are taken over. The same section: the agent picks.
import { element } from "./core.js";
import { banner } from "./entry-errors.js";
import { hold, letGo, settle, untouched } from "./entry-typed.js";
import { NAMES, SECTIONS, shownAs, text, write } from "./entry-values.js";

/** `mine` are sections that are being sent. */
export function merge(before, theirs, mine, save) {
  for (const section of SECTIONS) {
    if (text(before.values[section]) === text(theirs.values[section])) continue;
    if (!mine.includes(section) && untouched(section)) {
      write(section, theirs.values[section]);
      settle(section);
    } else choose(section, theirs.values[section], save);
  }
}

/** Between what is typed and what the server has. */
export function choose(section, theirs, save) {
  hold(section);
  const keep = element("button", { type: "button", class: "button small" }, "Keep mine");
  const take = element("button", { type: "button", class: "button small" }, "Take theirs");
  const box = banner("warn", `${NAMES[section]} was changed elsewhere at the same time, to: ${shownAs(section, theirs)}. `, [keep, take], true);
  keep.addEventListener("click", () => { letGo(section); box.remove(); save(); });
  take.addEventListener("click", () => { write(section, theirs); settle(section); box.remove(); save(); });
}

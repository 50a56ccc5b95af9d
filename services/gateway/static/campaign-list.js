// A list of rows in a table: searched, drawn as far as it is looked at, added to, copied, taken out and put back, and ordered by drag or keys.
import { element, icon } from "./core.js";
import { fieldOf, fill, hold, nameOf, say, stamp } from "./campaign-form.js";

const AT_ONCE = 40;

/**
 * `table` is where the rows are put, each a tbody stamped from `template`; `items()` the array that they show.
 * `draw(row, item)` says what is not a field; `open(row, item)` fills the panel when it is opened first.
 */
export class List {
  constructor({ table, template, items, fresh, draw = () => {}, open = () => {}, found = () => true, changed }) {
    Object.assign(this, { table, template, items, fresh, draw, open, found, changed });
    this.rows = new Map();
    this.shown = AT_ONCE;
    this.sentinel = element("p", { class: "row" }, element("button", { type: "button", class: "button small" }, "Show more"));
    (table.parentElement.matches(".scroll") ? table.parentElement : table).after(this.sentinel);
    this.sentinel.firstChild.addEventListener("click", () => this.more());
    new IntersectionObserver(([entry]) => entry.isIntersecting && this.more(), { rootMargin: "400px" }).observe(this.sentinel);
    table.addEventListener("click", (event) => this.clicked(event));
    table.addEventListener("keydown", (event) => this.key(event));
    table.addEventListener("pointerdown", (event) => this.drag(event));
  }

  mine = (node) => (node.closest("table") === this.table ? node.closest("[data-item]") : null);
  itemAt = (node) => [...this.rows].find(([, row]) => row === this.mine(node))?.[0];
  matching = () => this.items().filter(this.found);

  more() {
    if (this.shown >= this.matching().length) return;
    this.shown += AT_ONCE;
    this.show();
  }

  /** Draws what is there; rows that are drawn already keep the focus and what is typed in them. */
  show() {
    const items = this.matching();
    const all = new Set(this.items());
    const seen = new Set(items.slice(0, this.shown).map((item) => this.row(item)));
    for (const [item, row] of this.rows) {
      if (!seen.has(row)) row.remove();
      if (!all.has(item)) this.rows.delete(item);
    }
    let next = this.table.querySelector(":scope > [data-item]");
    for (const row of seen) {
      if (row === next) next = next.nextElementSibling;
      else if (row.isConnected && this.table.moveBefore) this.table.moveBefore(row, next);
      else this.table.insertBefore(row, next);
    }
    this.sentinel.hidden = this.shown >= items.length;
    this.table.hidden = !items.length;
  }

  row(item) {
    let row = this.rows.get(item);
    if (!row) {
      row = stamp(this.template);
      hold(row, item);
      this.rows.set(item, row);
      this.redraw(item);
    }
    return row;
  }

  redraw(item) {
    const row = this.rows.get(item);
    if (!row) return;
    fill(row, item);
    row.querySelector("[data-grip]")?.setAttribute("aria-label", `Move ${nameOf(item)}: Alt and arrow keys`);
    row.querySelector("[data-remove]")?.setAttribute("aria-label", `Remove ${nameOf(item)}`);
    this.draw(row, item);
  }

  redrawAll() {
    for (const item of this.rows.keys()) this.redraw(item);
    this.show();
  }

  /** Makes the row visible, whatever is searched for and however far down it is. */
  reveal(item, opened = true) {
    const at = this.matching().indexOf(item);
    this.shown = Math.max(this.shown, at + 1);
    this.show();
    const row = this.row(item);
    if (opened) this.unfold(row, item, true);
    return row;
  }

  unfold(row, item, opened) {
    const opener = row.querySelector("[data-open]");
    if (!opener || (opener.getAttribute("aria-expanded") === "true") === opened) return;
    opener.setAttribute("aria-expanded", String(opened));
    if (opened && !row.dataset.filled) {
      row.dataset.filled = "yes";
      this.open(row, item);
    }
    for (const part of row.querySelectorAll("[data-panel]")) part.hidden = !opened;
    this.redraw(item);
  }

  add(item, after) {
    const items = this.items();
    const place = after === undefined ? items.length : items.indexOf(after) + 1;
    items.splice(place, 0, item);
    const row = this.reveal(item);
    row.querySelector("[data-first]")?.focus();
    row.scrollIntoView({ block: "nearest" });
    say(`${place + 1} of ${items.length} added.`);
    this.changed();
    return row;
  }

  duplicate(item) {
    const copy = structuredClone(item);
    (function anew(each) {
      each.id = "";
      for (const part of Object.values(each)) if (Array.isArray(part)) for (const inner of part) if (inner && typeof inner === "object" && "id" in inner) anew(inner);
    })(copy);
    for (const key of ["name", "label"]) if (copy[key]) copy[key] = `${copy[key]} (copy)`;
    if (copy.code) copy.code = "";
    return this.add(copy, item);
  }

  remove(item) {
    const items = this.items();
    const at = items.indexOf(item);
    const next = items[at + 1] ?? items[at - 1];
    items.splice(at, 1);
    this.show();
    this.changed();
    const undo = element("button", { type: "button", class: "button small" }, icon("undo"), "Undo");
    const toast = element("div", { class: "float toast", role: "status" }, element("span", {}, `${nameOf(item)} is removed.`), undo);
    document.getElementById("toasts").replaceChildren(toast);
    undo.addEventListener("click", () => {
      this.items().splice(Math.min(at, this.items().length), 0, item);
      toast.remove();
      this.reveal(item, false).querySelector("button, input")?.focus();
      this.changed();
    });
    (next && this.rows.get(next)?.querySelector("button, input"))?.focus();
  }

  clicked(event) {
    const item = this.itemAt(event.target);
    if (!item) return;
    const row = this.rows.get(item);
    const opener = event.target.closest("[data-open]");
    if (opener && this.mine(opener)) this.unfold(row, item, opener.getAttribute("aria-expanded") !== "true");
    else if (event.target.closest("[data-remove]") && this.mine(event.target)) this.remove(item);
    else if (event.target.closest("[data-copy]")) this.duplicate(item);
  }

  /** To where another row is, in the list as it is searched. */
  move(item, target, after) {
    const items = this.items();
    if (!target || target === item) return false;
    items.splice(items.indexOf(item), 1);
    items.splice(items.indexOf(target) + (after ? 1 : 0), 0, item);
    this.show();
    this.changed();
    return true;
  }

  key(event) {
    if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    const item = this.itemAt(event.target);
    if (!item || !this.rows.get(item).querySelector("[data-grip]")) return;
    event.preventDefault();
    event.stopPropagation();
    const seen = this.matching();
    const down = event.key === "ArrowDown";
    const focused = document.activeElement;
    if (!this.move(item, seen[seen.indexOf(item) + (down ? 1 : -1)], down)) return;
    focused.focus();
    say(`${nameOf(item)} is now ${this.items().indexOf(item) + 1} of ${this.items().length}.`);
  }

  drag(event) {
    const grip = event.target.closest("[data-grip]");
    const item = grip && this.itemAt(grip);
    if (!item || event.button) return;
    const row = this.rows.get(item);
    row.classList.add("dragged");
    const over = (moved) => {
      const target = document.elementFromPoint(moved.clientX, moved.clientY)?.closest("[data-item]");
      const other = target && this.itemAt(target);
      if (!other || other === item) return;
      const box = this.rows.get(other).getBoundingClientRect();
      const items = this.items();
      const after = items.indexOf(other) > items.indexOf(item);
      if (after ? moved.clientY > box.top + box.height / 2 : moved.clientY < box.top + box.height / 2) this.move(item, other, after);
    };
    const done = new AbortController();
    const end = () => {
      done.abort();
      row.classList.remove("dragged");
      document.removeEventListener("pointermove", over);
      say(`${nameOf(item)} is now ${this.items().indexOf(item) + 1} of ${this.items().length}.`);
    };
    document.addEventListener("pointermove", over);
    for (const name of ["pointerup", "pointercancel"]) document.addEventListener(name, end, { once: true, signal: done.signal });
  }

  /** The field that a path within this list means, such as 3.variants.0.price. */
  find(path) {
    const [place, ...rest] = path.split(".");
    const item = this.items()[Number(place)];
    if (!item) return null;
    if (rest.length <= 1) return { item, list: this, name: rest[0] ?? "" };
    const [inner, ...deeper] = rest;
    return this.within?.(item, inner, deeper.join(".")) ?? { item, list: this, name: inner };
  }

  /** A field of a row, which is opened only where that is needed. */
  field(item, name) {
    return fieldOf(this.reveal(item, false), name) ?? fieldOf(this.reveal(item), name) ?? this.row(item).querySelector("[data-first], input, button");
  }
}

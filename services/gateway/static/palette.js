// Ctrl K: search and commands, from anywhere. What is typed stays in the field; arrows move through what is found, Enter takes it.
import { ask, element, Problem, wait } from "./core.js";
import { all, caps, register, run } from "./keys.js";

const dialog = document.getElementById("palette");
const field = document.getElementById("palette-q");
const list = document.getElementById("palette-hits");
const said = document.getElementById("palette-said");
const images = document.getElementById("palette-icons");
const GROUPS = { call: "Now", command: "Commands", page: "Pages", order: "Orders", customer: "Customers", campaign: "Catalog", offer: "Catalog" };
const SILENT = { call: "your calls", order: "orders", customer: "customers", campaign: "the catalog" };
const QUIET = 120;
const MOST = 8;

let hits = [];
let chosen = 0;
let asked = 0;
let entered = false;

const pages = JSON.parse(dialog.dataset.pages).map(([href, title]) => ({ kind: "page", title, href }));
const words = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);

/** What this page can do by keys, and where its menus lead. */
function commands(typed) {
  const entries = all().filter((entry) => (entry.act || entry.href) && !entry.over && !entry.charges && (entry.can?.() ?? true));
  const known = [...entries.map((entry) => ({ kind: "command", title: entry.href ? `Go to ${entry.does}` : entry.does, sub: entry.where, keys: entry.keys, entry })), ...pages];
  return known.filter((hit) => words(typed).every((word) => `${hit.title} ${hit.sub ?? ""}`.toLowerCase().includes(word)));
}

const prefixOf = (typed) => (">#@$".includes(typed[0]) ? typed[0] : "");

async function look() {
  const mine = ++asked;
  entered = false;
  const typed = field.value.trim();
  const prefix = typed ? prefixOf(typed) : "";
  const own = prefix && prefix !== ">" ? [] : commands(typed.replace(/^>/, ""));
  const local = prefix === ">" ? own : own.slice(0, MOST);
  if (prefix === ">") return show(local);
  list.setAttribute("aria-busy", "true");
  await wait(typed ? QUIET : 0);
  if (mine !== asked) return;
  try {
    const answer = await ask("GET", `/palette?q=${encodeURIComponent(typed)}`);
    if (mine === asked) show(ordered(answer.rows, local), answer.silent.map((kind) => SILENT[kind]));
  } catch (problem) {
    if (mine !== asked) return;
    const failed = problem instanceof Problem ? problem.message : "No connection: only commands are found.";
    show(local, [], problem.status === 401 ? "You were signed out. Sign in again." : failed);
  }
}

const ordered = (rows, local) => [...rows.filter((row) => row.kind === "call"), ...local, ...rows.filter((row) => row.kind !== "call")];

function show(found, silent = [], failed = "") {
  hits = found;
  list.removeAttribute("aria-busy");
  list.hidden = !hits.length;
  field.setAttribute("aria-expanded", String(Boolean(hits.length)));
  const groups = Map.groupBy(hits, (hit) => GROUPS[hit.kind]);
  list.replaceChildren(...[...groups].map(([name, members]) =>
    element("div", { role: "group", "aria-label": name }, element("div", { class: "meta", role: "presentation" }, name), ...members.map(option))));
  const missing = silent.length ? `Not everything answers: ${silent.join(", ")} could not be searched.` : "";
  said.textContent = failed || missing || (hits.length ? "" : field.value.trim() ? "Nothing is found." : "Type what you look for.");
  choose(0);
  if (entered && hits.length && !failed && dialog.open) take(hits[0]);
}

function option(hit) {
  const place = hits.indexOf(hit);
  const image = images.content.querySelector(`[data-kind="${hit.kind}"]`).firstElementChild.cloneNode(true);
  const sub = hit.kind === "call" ? `since ${new Date(hit.sub).toTimeString().slice(0, 5)}` : hit.sub;
  const named = [image, element("span", {}, hit.title), ...(hit.id ? [" ", element("span", { class: "id muted" }, hit.id)] : [])];
  const end = hit.keys ? element("span", { "aria-hidden": "true" }, ...caps(hit.keys).flatMap((cap) => [element("kbd", {}, cap), " "])) : element("span", { class: "meta" }, sub ?? "");
  return element("div", { role: "option", id: `hit-${place}`, "aria-selected": "false", "data-place": place }, ...named, " ", end);
}

function choose(place) {
  document.getElementById(`hit-${chosen}`)?.setAttribute("aria-selected", "false");
  chosen = hits.length ? (place + hits.length) % hits.length : 0;
  const row = document.getElementById(`hit-${chosen}`);
  if (row) field.setAttribute("aria-activedescendant", row.id);
  else field.removeAttribute("aria-activedescendant");
  row?.setAttribute("aria-selected", "true");
  row?.scrollIntoView({ block: "nearest" });
}

/** Focus goes back to where it was before anything else happens: a command may move it. */
function take(hit) {
  dialog.close();
  if (hit.entry) run(hit.entry);
  else location.assign(hit.href);
}

const STEPS = { ArrowDown: () => chosen + 1, ArrowUp: () => chosen - 1, Home: () => 0, End: () => hits.length - 1, PageDown: () => Math.min(chosen + 8, hits.length - 1), PageUp: () => Math.max(chosen - 8, 0) };
field.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const step = ["Home", "End"].includes(event.key) && field.value ? undefined : STEPS[event.key];
  if (!step && event.key !== "Enter") return;
  event.preventDefault();
  if (step) choose(step());
  else if (list.hasAttribute("aria-busy")) entered = true; // what is listed was found for less than what is typed
  else if (hits[chosen]) take(hits[chosen]);
});
field.addEventListener("input", look);
list.addEventListener("mousemove", (event) => {
  const row = event.target.closest("[data-place]");
  if (row && Number(row.dataset.place) !== chosen) choose(Number(row.dataset.place));
});
list.addEventListener("click", (event) => {
  const row = event.target.closest("[data-place]");
  if (row) take(hits[Number(row.dataset.place)]);
});
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());

function open() {
  if (dialog.open) return dialog.close();
  field.value = "";
  dialog.showModal();
  look();
}

register([{ keys: "Ctrl+K", does: "Search and commands", where: "Everywhere", act: open, over: true, button: "#search" }]);
document.getElementById("search").addEventListener("click", open);

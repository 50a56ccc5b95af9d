// A campaign's form: what is typed stays in the page until it is saved as a draft; publishing saves first, and shows what it changes.
import "./chips.js";
import { ask, element, icon, onLive, Problem } from "./core.js";
import { couponsList, fieldsList } from "./campaign-coupons.js";
import { disputed, draft, keep, load, merge, NAMES, settle, takeTheirs, takeUp, toSend, unsaved } from "./campaign-draft.js";
import { csvDialog, scripts } from "./campaign-files.js";
import { at, check, clear, fieldOf, fill, forgetAll, form, itemOf, remember, say, valueOf } from "./campaign-form.js";
import { fieldWithin, offersList } from "./campaign-offers.js";
import { profilesList, ruleField } from "./campaign-shipping.js";
import { lettersPart } from "./campaign-letters.js";
import { register } from "./keys.js";

const path = `/campaigns/${form.dataset.id}`;
const bar = at("save-bar");
const lists = { offers: offersList(changed), profiles: profilesList(changed), coupons: couponsList(changed), fields: fieldsList(changed), letters: lettersPart(path) };
const drawScripts = scripts(path);
let busy = null;
let leaving = false;

// --- what is shown ----------------------------------------------------------------------------------------------------

function drawAll() {
  fill(form, draft.values);
  for (const list of Object.values(lists)) list.redrawAll();
  drawScripts();
  drawState();
}

function drawState() {
  at("title").textContent = draft.values.name || "New campaign";
  const version = draft.number ? `, version ${draft.number}` : "";
  const [tone, image, words] = {
    draft: ["", "pencil", "Draft"], published: ["ok", "check", `Published${version}`], changed: ["live", "half", `Changed since version ${draft.number}`], retired: ["", "slash", "Retired"],
  }[draft.status];
  at("status").replaceChildren(element("span", { class: "pill", "data-tone": tone || undefined }, icon(image), words));
  for (const button of document.querySelectorAll("[data-publish]")) button.querySelector("span").textContent = `Publish version ${draft.number + 1}…`;
  at("discard-draft").hidden = !draft.number || draft.status === "published";
  at("retire-open").hidden = !draft.number || draft.retired;
  changed.now();
}

let later;
function changed() {
  clearTimeout(later);
  later = setTimeout(changed.now, 60);
}
changed.now = () => {
  clearTimeout(later);
  const names = unsaved().map((section) => NAMES[section]);
  bar.hidden = !names.length;
  at("unsaved").textContent = names.join(", ");
  at("head-publish").hidden = Boolean(names.length) || draft.status === "published";
  for (const [name, items] of Object.entries({ offers: draft.values.offers, profiles: draft.values.profiles, coupons: draft.values.coupons, fields: draft.values.fields })) {
    at(`count-${name}`).textContent = items.length;
    at(`count-${name}`).hidden = !items.length;
    at(`${name}-none`).hidden = Boolean(items.length);
  }
  at("offer-search-box").hidden = draft.values.offers.length < 10;
  for (const amounts of document.querySelectorAll("[data-currency]")) amounts.textContent = draft.values.currency;
};

// --- tabs: the address keeps which ------------------------------------------------------------------------------------

const tabs = [...document.querySelectorAll("#parts a")];
function openTab(name, push = true) {
  const wanted = tabs.some((tab) => tab.hash === `#${name}`) ? name : "details";
  for (const tab of tabs) {
    const here = tab.hash === `#${wanted}`;
    if (here) tab.setAttribute("aria-current", "true");
    else tab.removeAttribute("aria-current");
    at(`part-${tab.hash.slice(1)}`).hidden = !here;
  }
  if (push && location.hash !== `#${wanted}`) history.replaceState(null, "", `#${wanted}`);
  if (wanted === "versions") at("versions").dispatchEvent(new CustomEvent("opened"));
  tabs.find((tab) => tab.hash === `#${wanted}`).scrollIntoView({ block: "nearest", inline: "nearest" });
}
at("parts").addEventListener("click", (event) => {
  const tab = event.target.closest("a");
  if (!tab) return;
  event.preventDefault();
  openTab(tab.hash.slice(1));
});
window.addEventListener("hashchange", () => openTab(location.hash.slice(1), false));

// --- what is wrong ----------------------------------------------------------------------------------------------------

/** Where a field's path leads: the object and the name of its field, or a field of the campaign itself. */
function found(field) {
  const [section, ...rest] = (field ?? "").split(".");
  if (lists[section] && rest.length) return lists[section].find(rest.join("."));
  return section in draft.values ? { item: draft.values, name: section } : null;
}

function fieldAt(place) {
  const { list, item, name } = place;
  const field = !list ? fieldOf(form, name) : list === lists.offers ? fieldWithin(list, place) : list === lists.profiles ? ruleField(list, place) : list.field(item, name);
  return field ?? at(`add-${{ offers: "offer", profiles: "profile", coupons: "coupon", fields: "field" }[name]}`);
}

function goTo(place) {
  const target = fieldAt(place);
  const part = target?.closest("[data-part]");
  if (part) openTab(part.id.slice(5));
  const field = fieldAt(place);
  const control = field?.matches("chip-list, [data-several]") ? field.querySelector("input") : field;
  control?.focus();
  control?.scrollIntoView({ block: "center" });
}

/** A list of what is wrong, each a link to its field, which says so too. */
function problems(errors, before = () => {}) {
  return element("ul", {}, ...errors.map(({ field, detail }) => {
    const place = found(field);
    if (!place) return element("li", {}, detail);
    if (place.name && place.name in place.item) remember(place.item, place.name, detail);
    const link = element("a", { href: "#" }, `${where(place)}${detail}`);
    link.addEventListener("click", (event) => {
      event.preventDefault();
      before();
      goTo(place);
    });
    return element("li", {}, link);
  }));
}

const where = ({ item, outer }) => {
  const names = [outer, item].filter((each) => each && each !== draft.values).map((each) => each.name || each.code || each.label || each.values?.join(", ") || (each.template && lists.letters.titleOf(each))).filter(Boolean);
  return names.length ? `${names.join(", ")}: ` : "";
};

function refuse(errors, title) {
  const list = problems(errors);
  for (const each of Object.values(lists)) each.redrawAll();
  fill(form, draft.values);
  const box = element("section", { class: "refusal", "data-tone": "bad", role: "alert", tabindex: "-1", "aria-labelledby": "to-fix" },
    element("h2", { id: "to-fix" }, icon("alert"), title(errors.length === 1 ? "One thing to fix" : `${errors.length} things to fix`)), list);
  at("refusal").replaceChildren(box);
  box.focus();
  box.scrollIntoView({ block: "center" });
}

function banner(tone, words, ...more) {
  const box = element("div", { class: "banner", "data-tone": tone, role: "alert" }, icon("alert"), element("p", {}, words), ...more);
  at("banner").append(box);
  return box;
}

// --- saving -----------------------------------------------------------------------------------------------------------

/** One thing at a time; whether it went well. */
function once(work) {
  busy ??= work().finally(() => {
    busy = null;
    for (const button of document.querySelectorAll("[data-waits]")) button.disabled = false;
  });
  for (const button of document.querySelectorAll("[data-waits]")) button.disabled = true;
  return busy;
}

const headers = () => ({ "idempotency-key": crypto.randomUUID(), "if-match": `"${draft.version}"` });

const save = () => once(() => {
  if (!disputed.size) at("banner").replaceChildren();
  at("refusal").replaceChildren();
  return saved();
});

async function saved() {
  if (disputed.size) {
    at("banner").querySelector("button")?.focus();
    return false;
  }
  const sent = toSend();
  if (!Object.keys(sent).length) return true;
  try {
    const answer = await ask("PATCH", `${path}/draft`, sent, headers());
    forgetAll();
    settle(sent, answer);
    drawAll();
    say("Saved as draft.");
    return true;
  } catch (problem) {
    return failed(problem, saved);
  }
}

/** What to do about a refusal; `again` where nothing stands in the way any more. */
async function failed(problem, again) {
  if (!(problem instanceof Problem || problem instanceof TypeError)) throw problem;
  if (!(problem instanceof Problem)) banner("bad", "No connection. What you typed is kept; save again when it is back.");
  else if (problem.body.code === "stale" && problem.body.draft) {
    const taken = merge(problem.body.draft);
    drawAll();
    if (!disputed.size) {
      banner("warn", `Somebody else saved this campaign in between. What they changed is taken over: ${taken.map((section) => NAMES[section]).join(", ") || "nothing you see"}.`);
      return again();
    }
    for (const section of disputed.keys()) choose(section);
  } else if (problem.status === 401) {
    keep();
    leaving = true;
    banner("warn", "You were signed out. What you typed is kept.", element("a", { href: `/sign-in?next=${encodeURIComponent(path)}` }, "Sign in again"));
  } else refuse(problem.body.errors ?? [{ field: problem.body.field, detail: problem.message }], (count) => `${count} before this can be saved`);
  return false;
}

/** Both changed it: whoever is here picks. */
function choose(section) {
  const keep = element("button", { type: "button", class: "button small" }, "Keep mine");
  const take = element("button", { type: "button", class: "button small" }, "Take theirs");
  const box = banner("warn", `${NAMES[section]}: somebody else changed this at the same time.`, keep, take);
  const done = (theirs) => {
    if (theirs) takeTheirs(section);
    else disputed.delete(section);
    box.remove();
    drawAll();
    say(disputed.size ? "" : "Save again.");
    (at("banner").querySelector("button") ?? at("save")).focus();
  };
  keep.addEventListener("click", () => done(false));
  take.addEventListener("click", () => done(true));
  keep.focus();
}

async function fresh() {
  load(await ask("GET", `${path}/draft`));
  forgetAll();
  at("refusal").replaceChildren();
  at("banner").replaceChildren();
  drawAll();
}

// --- publishing -------------------------------------------------------------------------------------------------------

async function openPublish() {
  if (!(await save())) return;
  const dialog = at("publish");
  const wrong = draft.problems;
  at("publish-h").textContent = wrong.length ? `Not ready for version ${draft.number + 1}` : `Publish version ${draft.number + 1}`;
  at("publish-said").textContent = "";
  const list = wrong.length ? problems(wrong, () => dialog.close()) : element("ul", {}, ...draft.changes.map(({ what }) => element("li", {}, what)));
  at("publish-list").replaceChildren(
    element("p", {}, wrong.length ? `${wrong.length === 1 ? "One thing keeps" : `${wrong.length} things keep`} it from being published:` : draft.number ? `Against version ${draft.number}:` : "Nothing of it was published before:"),
    list, ...(draft.retired ? [element("p", { class: "muted" }, "The campaign is retired; publishing brings it back.")] : []));
  if (wrong.length) for (const each of Object.values(lists)) each.redrawAll();
  if (wrong.length) fill(form, draft.values);
  at("publish-go").hidden = Boolean(wrong.length);
  dialog.showModal();
}

const publish = () => once(async () => {
  try {
    const answer = await ask("POST", `${path}/publish`, undefined, headers());
    at("publish").close();
    load(answer);
    forgetAll();
    drawAll();
    at("banner").replaceChildren(element("div", { class: "banner", "data-tone": "ok", role: "status" }, icon("check"), element("p", {}, `Version ${draft.number} is published. Orders that are rung up from now on follow it.`)));
    return true;
  } catch (problem) {
    at("publish").close();
    if (problem instanceof Problem && problem.body.errors) refuse(problem.body.errors, (count) => `${count} before this can be published`);
    else await failed(problem, async () => false);
    return false;
  }
});

// --- what people do ---------------------------------------------------------------------------------------------------

// Captured, so that whoever listens further down finds it in the draft already.
form.addEventListener("input", (event) => {
  const field = event.target.closest("[data-field]");
  if (!field || !draft.values || (field.matches("chip-list") && event.target !== field)) return;
  const item = itemOf(field);
  item[field.dataset.field] = valueOf(field);
  clear(field);
  const list = Object.values(lists).find((each) => each.rows.has(item)) ?? Object.values(lists).find((each) => each.table.contains(field));
  if (list) list.redraw(list.rows.has(item) ? item : list.itemAt(field.closest("table").closest("[data-item]") ?? field) ?? item);
  changed();
}, true);
form.addEventListener("change", (event) => {
  const field = event.target.closest("[data-field]");
  if (field) check(field);
});
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("input, select")) event.preventDefault();
});
register([
  { keys: "Ctrl+S", does: "Save as draft", where: "Campaign", act: save, over: true },
  { keys: "Alt+ArrowUp", does: "Move a row up", where: "Campaign" },
  { keys: "Alt+ArrowDown", does: "Move a row down", where: "Campaign" },
]);
at("save").addEventListener("click", save);
at("discard").addEventListener("click", async () => {
  await fresh();
  say("What was typed is discarded.");
});
for (const button of document.querySelectorAll("[data-publish]")) button.addEventListener("click", openPublish);
at("try").addEventListener("click", async (event) => {
  event.preventDefault();
  if (await save()) location.assign(event.target.closest("a").href);
});
at("publish-go").addEventListener("click", publish);
at("discard-go").addEventListener("click", () => once(async () => {
  at("discard-dialog").close();
  try {
    await ask("POST", `${path}/discard`, undefined, headers());
    await fresh();
    return true;
  } catch (problem) {
    return failed(problem, async () => false);
  }
}));
document.addEventListener("htmx:afterRequest", (event) => { leaving ||= Boolean(event.detail.xhr?.getResponseHeader("hx-redirect")); });
window.addEventListener("beforeunload", (event) => {
  if (!leaving && unsaved().length) event.preventDefault();
});
csvDialog(path, save, fresh);

/** Somebody else saved: shown at once where nothing is typed here. */
onLive(async (notice) => {
  if (notice.stream !== `campaign-${form.dataset.id}` || notice.version <= draft.version || busy || unsaved().length) return;
  const now = await ask("GET", `${path}/draft`).catch(() => null);
  if (now && now.version > draft.version && !busy && !unsaved().length) {
    load(now);
    drawAll();
  }
});

window.addEventListener("pagehide", keep);

await fresh();
if (takeUp()) {
  drawAll();
  banner("live", "What you typed before and did not save is here again.");
  for (const section of disputed.keys()) choose(section);
}
openTab(location.hash.slice(1));
form.removeAttribute("aria-busy");

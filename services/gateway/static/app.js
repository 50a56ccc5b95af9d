// Every page: theme and density, keys, relative times, lists that follow what happens.
import { element, followLive, onLive, wait } from "./core.js";
import { focusAt, keepFocus } from "./focus.js";
import { drawSheet, followKeys, register } from "./keys.js";

const root = document.documentElement;
const signedIn = Boolean(document.querySelector('meta[name="csrf"]'));

for (const radio of document.querySelectorAll('[name="theme"], [name="density"]')) {
  radio.checked = radio.value === (localStorage.getItem(radio.name) ?? radio.value) && (root.dataset[radio.name] ?? radio.value) === radio.value;
  radio.addEventListener("change", () => {
    localStorage.setItem(radio.name, radio.value);
    root.dataset[radio.name] = radio.value;
  });
}

// What a page asks by itself, following what happens or polling, says so, since it is not somebody at work; and what it has heard of.
document.addEventListener("htmx:configRequest", (event) => {
  const { headers, parameters, triggeringEvent: cause } = event.detail;
  headers["x-csrf-token"] = document.querySelector('meta[name="csrf"]').content;
  if (!cause || cause.type === "live") headers["x-follows"] = "true";
  if (cause?.type === "live" && cause.detail.seen) parameters.set("seen", cause.detail.seen);
});

// What the menu counts is never worth a message, or leaving the page that somebody is signed out of.
document.addEventListener("htmx:beforeOnLoad", (event) => event.detail.elt.closest("#nav") && event.detail.xhr.status >= 400 && event.preventDefault());

document.addEventListener("htmx:responseError", (event) => {
  let told = {};
  try {
    told = JSON.parse(event.detail.xhr.responseText);
  } catch { /* not JSON: the plain words stand */ }
  const detail = told.detail ?? "That did not work. Try again.";
  const dialog = event.detail.elt.closest("dialog");
  const place = dialog?.querySelector("[data-refusal]");
  if (!place) return toast(detail, "bad");
  const atFields = saidAtFields(dialog, told.errors ?? (told.field ? [told] : []));
  place.textContent = atFields ? "" : detail;
  if (!atFields) focusAt(place);
});
// What is wrong with a dialog's field is said there, and gone as soon as somebody changes it. False where a field has no place for it.
function saidAtFields(dialog, errors) {
  const found = errors.map(({ field, detail }) => [dialog.querySelector(`[name="${CSS.escape(field)}"]`), dialog.querySelector(`[data-at="${CSS.escape(field)}"]`), detail]);
  if (!found.length || found.some(([field, note]) => !field || !note)) return false;
  for (const [field, note, detail] of found) {
    note.textContent = detail;
    field.setAttribute("aria-invalid", "true");
    dialog.addEventListener("input", () => clear(field, note), { once: true });
  }
  found[0][0].focus();
  return true;
}
function clear(field, note) {
  note.textContent = "";
  field.removeAttribute("aria-invalid");
}
// A dialog's form is done with once it was accepted.
document.addEventListener("htmx:afterRequest", (event) => {
  const dialog = event.detail.elt.closest("dialog");
  if (event.detail.successful && event.detail.elt.matches("dialog form[hx-post]:not([data-stays])")) dialog.close();
});
document.addEventListener("close", (event) => {
  for (const place of event.target.querySelectorAll?.("[data-refusal], [data-at]") ?? []) place.textContent = "";
  for (const field of event.target.querySelectorAll?.("[aria-invalid]") ?? []) field.removeAttribute("aria-invalid");
  if (stale.size) refreshSoon();
}, true);
document.addEventListener("htmx:sendError", () => toast("The server does not answer. Try again.", "bad"));

/** Shows words at the bottom for a while. */
function toast(text, tone = "ok") {
  const shown = element("div", { class: "float toast", role: "status", "data-tone": tone }, element("span", {}, text));
  document.getElementById("toasts")?.replaceChildren(shown);
  wait(6000).then(() => shown.remove());
}

document.addEventListener("toast", (event) => toast(event.detail.words));

// Demo accounts fill the sign-in form and send it.
for (const button of document.querySelectorAll("[data-use]"))
  button.addEventListener("click", () => {
    document.getElementById("user").value = button.dataset.use;
    document.getElementById("password").value = button.dataset.password;
    document.getElementById("user").form.requestSubmit();
  });

// What is shown once, or long, can be copied; also of what was fetched after the page.
document.addEventListener("click", async (event) => {
  const button = event.target.closest('[data-copy]:not([data-copy=""])');
  if (!button) return;
  try {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    toast("Copied.");
  } catch {
    toast("It cannot be copied here. Select it, and copy it yourself.", "bad");
  }
});

// Where there are more tabs than fit, the one that is shown is among them; also when they are fetched again.
function showTab(part) {
  for (const tab of part.querySelectorAll(".tabs [aria-current]")) tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.offsetLeft - 48;
}
showTab(document);
document.addEventListener("htmx:afterSettle", ({ target }) => showTab(target.parentElement?.matches("#queue") ? target.parentElement : target));

// What a search refuses is marked in its form, which stays when what was found is fetched again.
function markRefused() {
  const refused = document.querySelector("[data-refuses]")?.dataset.refuses.split(" ") ?? [];
  for (const field of document.querySelectorAll('form[role="search"] [name]'))
    if (refused.includes(field.name)) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
}
markRefused();
document.addEventListener("htmx:afterSettle", markRefused);

// What was refused is read first.
document.querySelector("[data-focus]")?.focus();

// Info bubbles open on hover and on focus, too; also of what was fetched after the page.
const bubbleOf = (button) => document.getElementById(button.getAttribute("popovertarget"));
const open = (button) => bubbleOf(button).matches(":popover-open") || bubbleOf(button).showPopover({ source: button });
const close = (button) => bubbleOf(button).matches(":popover-open") && bubbleOf(button).hidePopover();
for (const [happening, act] of [["mouseover", open], ["mouseout", close], ["focusin", (button) => button.matches(":focus-visible") && open(button)], ["focusout", close]])
  document.addEventListener(happening, (event) => {
    const button = event.target.closest?.("[data-bubble]");
    if (button && !button.contains(event.relatedTarget)) act(button);
  });

// Keys that hold on every page: to where the menu leads, the palette, and the sheet of all that this page has.
const sheet = document.getElementById("shortcuts");
if (sheet) {
  for (const link of document.querySelectorAll("[data-go]"))
    register([{ keys: `G ${link.dataset.go}`, does: link.firstChild.textContent.trim(), where: "Go to", href: link.href }]);
  register([{ keys: "?", does: "Shortcuts", where: "Everywhere", act: () => sheet.showModal() }]);
  sheet.addEventListener("beforetoggle", (event) => event.newState === "open" && drawSheet(document.getElementById("keys")));
  followKeys();
}

// Relative times keep going; the exact one is in the title.
const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const words = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
function tellTimes(scope = document) {
  for (const time of scope.querySelectorAll("time[data-ago]")) {
    const seconds = Math.round((Date.parse(time.dateTime) - Date.now()) / 1000);
    const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
    time.textContent = words.format(Math.round(seconds / size), unit);
  }
}
tellTimes();
setInterval(tellTimes, 10_000);
document.addEventListener("htmx:afterSettle", () => tellTimes());
document.addEventListener("htmx:afterRequest", () => stale.size && refreshSoon());
document.addEventListener("htmx:afterSettle", () => stale.size && refreshSoon());

// A part with data-live is fetched again when something it names happens: "*" is everything, else event types, or what is no event and is asked for by name. Not under an open dialog, nor
// while an answer is on its way, which may be older: then whatever has taken its place is.
const BUSY = ".htmx-request";
/** What each part has heard of since it was asked for: the newest version of each stream. */
const stale = new Map();
const MOST_HEARD = 10;
function makeStale(part, seen = "") {
  const heard = stale.get(part) ?? new Map();
  for (const each of seen.split(",").filter(Boolean)) {
    const [stream, version] = each.split("@");
    if (!(heard.get(stream) >= Number(version))) heard.set(stream, Number(version));
  }
  stale.set(part, heard);
}
onLive((notice) => {
  for (const part of document.querySelectorAll("[data-live]")) {
    const wanted = part.dataset.live.split(" ");
    const about = part.dataset.subject ?? notice.subject;
    const again = notice.type === "connected" || notice.type === "missed";
    if (again || (notice.subject === about && ((wanted.includes("*") && notice.stream) || wanted.includes(notice.type)))) makeStale(part, notice.stream && `${notice.stream}@${notice.version}`);
  }
  if (stale.size) refreshSoon();
});
// What happens first after a while is seen almost at once; what happens close upon it, together.
const TOGETHER = 150;
const AT_FIRST = 15;
let soon;
let refreshed = -Infinity;
function refreshSoon() {
  soon ??= setTimeout(() => {
    soon = undefined;
    refreshed = performance.now();
    for (const [before, heard] of stale) {
      const part = before.isConnected ? before : document.getElementById(before.id);
      if (part?.matches(BUSY) || part?.querySelector(`dialog[open], ${BUSY}`)) continue;
      stale.delete(before);
      const seen = [...heard].slice(-MOST_HEARD).map((each) => each.join("@")).join(",");
      part?.dispatchEvent(new CustomEvent("live", { bubbles: false, detail: { seen } }));
    }
  }, performance.now() - refreshed > TOGETHER ? AT_FIRST : TOGETHER);
}

// The server waits two seconds for its views to have seen what was heard of, then answers with what is there: that is asked for again, later each time.
const IN_VAIN = 1900;
const AGAIN = [1000, 2000, 4000, 8000, 16_000, 32_000];
const askedAt = new WeakMap();
const late = new Map();
document.addEventListener("htmx:beforeSend", (event) => askedAt.set(event.detail.xhr, performance.now()));
document.addEventListener("htmx:afterRequest", (event) => {
  const { xhr, target, requestConfig } = event.detail;
  const seen = requestConfig.triggeringEvent?.type === "live" && requestConfig.triggeringEvent.detail.seen;
  if (!seen || !target.id || performance.now() - askedAt.get(xhr) < IN_VAIN) return;
  const before = late.get(target.id);
  const tries = before?.seen === seen ? before.tries + 1 : 0;
  late.set(target.id, { seen, tries });
  if (tries < AGAIN.length) setTimeout(() => {
    const part = document.getElementById(target.id);
    if (!part) return;
    makeStale(part, seen);
    refreshSoon();
  }, AGAIN[tries]);
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, requestConfig } = event.detail;
  if (requestConfig.triggeringEvent?.type !== "live" || !target.querySelector("dialog[open]")) return;
  event.detail.shouldSwap = false;
  makeStale(target, requestConfig.triggeringEvent.detail.seen);
});

// An answer that takes its place by its button is brought into the window.
document.addEventListener("htmx:afterSettle", ({ detail }) => detail.target.matches("[data-answer]") && detail.target.scrollIntoView({ block: "nearest", inline: "nearest" }));

// What somebody has opened stays open when the part around it is fetched again.
let opened = [];
document.addEventListener("htmx:beforeSwap", (event) => {
  opened = [...event.detail.target.querySelectorAll("details[open][id]")].map((each) => each.id);
});
document.addEventListener("htmx:afterSettle", () => {
  for (const id of opened.splice(0)) document.getElementById(id)?.setAttribute("open", "");
});

keepFocus();
if (signedIn) followLive();

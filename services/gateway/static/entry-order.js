// The order of this page. One command at a time, each on the version that was seen; what is typed is saved section by section.
import { ask, element, heardOf, Problem, wait } from "./core.js";
import { banner, mark } from "./entry-errors.js";
import { merge } from "./entry-merge.js";
import { rows, withoutReason } from "./entry-products.js";
import { call, forgetDraft, heldBack, hold, keepDraft, letGo, seen, settle, typedIn, unsent } from "./entry-typed.js";
import { notSaved, processing, saidSaved, say, stalled } from "./entry-view.js";
import { at, form, read, sent as asSent, text } from "./entry-values.js";

const NOT_ALL = "Not all of it is saved";
const MONEY = new Set(["billing", "shipping", "shipping_same", "lines", "coupons", "profile"]);

let current = JSON.parse(form.dataset.order);
let saving = null;
let changing = false;
let following = null;
let last = Promise.resolve();
const listeners = [];
let help = () => [];

/** As the server showed it last. */
export const order = () => current;

/** `listener(order)` after each new view. */
export const onOrder = (listener) => listeners.push(listener);

/** `offer(problem, id)` gives what helps beside the words of a refused change, at the field with that id. */
export const onRefused = (offer) => { help = offer; };

/** Takes over a view that the server answered with. */
export function adopt(view) {
  if (view.order_id === current.order_id && view.version < current.version) return; // an older answer
  current = view;
  seen(view.values);
  for (const listener of listeners) listener(view);
}

/** After every command before it. */
function queued(act) {
  const run = last.then(act);
  last = run.catch(() => {});
  return run;
}

/** The answer to a command of this order. It is asked under one key until somebody answers. Throws Problem for a refusal, which is told
 *  where it says that somebody signed out, or that the order was changed, charged or finished meanwhile; the reason of `signal` once that is
 *  aborted, but never while an answer may still come. */
export function send(path, body, { method = "POST", ifMatch = true, signal } = {}) {
  let begun = false;
  const run = queued(async () => {
    begun = true;
    for (;;) {
      try {
        return await answered(method, path, body, ifMatch, crypto.randomUUID(), signal);
      } catch (problem) {
        if (problem instanceof Problem && problem.body.code === "stale" && looksTheSame(problem.body.order)) adopt(problem.body.order);
        else {
          if (problem instanceof Problem) told(problem, []);
          throw problem;
        }
      }
    }
  });
  if (!signal) return run;
  const unbegun = aborted(signal).then(() => {
    if (begun) return run;
    throw signal.reason; // it waits behind another command, which may wait for the line
  });
  return Promise.race([run, unbegun]);
}

/** Newer by something that nobody sees here, such as a pause of the recording. */
const looksTheSame = (theirs) => theirs.version > current.version && SHOWN.every((part) => text(theirs[part]) === text(current[part]));
const SHOWN = ["stage", "of", "values", "amounts", "coupons", "trials", "overrides"];

/** Under one key until somebody answers. Throws Problem for a refusal. */
export async function answered(method, path, body, ifMatch = true, key = crypto.randomUUID(), signal = undefined) {
  const headers = { "idempotency-key": key, ...(ifMatch ? { "if-match": `"${current.version}"` } : {}) };
  for (let tries = 0; ; tries++) {
    signal?.throwIfAborted();
    try {
      const answer = await ask(method, path, body, headers);
      stalled(false);
      return answer;
    } catch (problem) {
      if (problem instanceof Problem && problem.status < 500) throw problem;
      stalled(true);
      notSaved(problem instanceof Problem ? problem.message : "No connection. What you type is kept.");
      await Promise.race([wait(Math.min(500 * 2 ** tries, 8000)), online(), aborted(signal)]);
    }
  }
}

export const aborted = (signal) => new Promise((done) => signal?.addEventListener("abort", done, { once: true }));
const online = () => new Promise((done) => addEventListener("online", () => done(), { once: true }));

/** Whether a refusal was about the order as a whole, and has been dealt with. */
function told(problem, sections) {
  const { code } = problem.body;
  if (problem.status === 401) signedOut(sections);
  else if (code === "stale") overtaken(problem.body.order, sections);
  else if (code === "being-charged") follow();
  else if (code === "closed") leave();
  else return false;
  return true;
}

// --- saving -------------------------------------------------------------------------------------------------------------

/** Resolves when what is typed is saved, or held back. */
export function save() {
  saving ??= queued(saveAll).finally(() => { saving = null; });
  return saving;
}

/** Whether a change is on its way, whose answer brings what others changed. */
export const isSaving = () => changing;

async function saveAll() {
  while (current.order_id && current.stage === "open" && unsent().length) {
    const sections = unsent().filter((section) => section !== "lines" || (wholeNumbers() && !withoutReason().length));
    if (!sections.length) return;
    await change(sections);
  }
  if (at("saved").dataset.tone && current.stage === "open" && !typedIn().length) saidSaved(); // what was refused has been taken back
}

/** Priced anew, though nothing was typed. */
export const requote = () => queued(() => change([]));

async function change(sections) {
  const sent = Object.fromEntries(sections.map((section) => [section, read(section)]));
  const body = Object.fromEntries(sections.map((section) => [section, asSent(section, sent[section])]));
  at("totals").setAttribute("aria-busy", String(sections.some((section) => MONEY.has(section))));
  changing = true;
  try {
    const view = await answered("POST", `/order-entry/${current.order_id}/changes`, body);
    for (const section of sections) settle(section, text(sent[section]));
    adopt(view);
    if (heldBack()) notSaved(NOT_ALL);
    else saidSaved();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    refusedChange(problem, sections, sent, body);
  } finally {
    changing = false;
    at("totals").removeAttribute("aria-busy");
    keepDraft(current.order_id);
  }
}

function refusedChange(problem, sections, sent, body) {
  if (told(problem, sections)) return;
  const { field } = problem.body;
  const wrong = placeOf(field, body);
  const section = sections.find((name) => field === name || field?.startsWith(`${name}.`));
  for (const name of section ? [section] : sections) hold(name, text(sent[name]));
  const corrected = section && text(read(section)) !== text(sent[section]);
  if (!wrong || !at(wrong)) banner("bad", problem.message);
  else if (!corrected) mark(wrong, problem.message, ...help(problem, wrong));
  notSaved(NOT_ALL);
}

/** The id of the field that a refusal names; a line by its place in what was sent is its product's quantity. */
export function placeOf(field, body) {
  if (!field || at(field)) return field === "coupons" ? "coupon" : field;
  const line = field.match(/^lines\.(\d+)\.quantity$/);
  return line && body?.lines?.[Number(line[1])] ? `lines.${body.lines[Number(line[1])].product}` : field.split(".")[0] === "coupons" ? "coupon" : field;
}

function wholeNumbers() {
  const wrong = rows().map((row) => row.querySelector(".stepper input")).filter((field) => !/^\d{0,7}$/.test(field.value.trim()));
  for (const field of wrong) mark(field.id, "A quantity is a whole number, 0 or more.");
  if (wrong.length) hold("lines");
  return !wrong.length;
}

let refusedOut = [];

function signedOut(sections) {
  for (const section of sections) hold(section);
  refusedOut.push(...sections);
  keepDraft(current.order_id);
  const to = element("a", { href: `/sign-in?next=${encodeURIComponent(location.pathname)}` }, "Sign in again");
  banner("warn", "You were signed out. What you typed is kept, card details are not. ", [to]);
  notSaved("Signed out");
  processing(false);
}

/** What was held back since somebody was signed out is sent again: they may have signed in elsewhere. */
export function tryAgain() {
  for (const section of refusedOut.splice(0)) letGo(section);
}

/** Another tab or agent changed this order: their sections are shown, ours are sent again on top. */
function overtaken(theirs, sections) {
  const before = current;
  current = theirs;
  merge(before, theirs, sections, save);
  if (theirs.stage === "submitted") return follow();
  adopt(theirs);
}

/** Looks whether somebody changed it; whether its campaign has a newer version by now. */
export async function refresh() {
  const status = await ask("GET", `/order-entry/${current.order_id}/status`, undefined, { "x-follows": "true" }).catch(() => null);
  if (status?.order && status.order.version > current.version && !changing) changed(status);
  return Boolean(status?.newer);
}

function changed(status) {
  const waited = current.blocked && !status.order.blocked;
  overtaken(status.order, typedIn());
  if (!waited) return;
  at("panel").innerHTML = status.panel; // made by our own template, which escapes
  banner("ok", "A supervisor allowed more attempts.");
}

// --- the outcome --------------------------------------------------------------------------------------------------------

/** Until the payment has an outcome; the page waits for what is told live, and asks now and then. */
export function follow() {
  following ??= outcome().finally(() => { following = null; });
  return following;
}

async function outcome() {
  processing(true, "Processing …");
  say("The order is being charged.");
  for (let told = false; ; ) {
    const status = await ask("GET", `/order-entry/${current.order_id}/status`).catch((problem) => ({ outcome: "waiting", status: problem.status }));
    if (status.status === 401) return signedOut([]);
    if (status.outcome === "accepted") return leave();
    if (status.outcome === "open") return declined(status);
    if (status.outcome === "unknown" && !told) {
      banner("warn", "The bank has not answered yet. We keep asking; nothing is charged twice. ", [element("a", { href: `/orders/${current.order_id}` }, "Go to the order")]);
      told = true;
    }
    await Promise.race([wait(1500), heardOf(current.order_id)]);
  }
}

function declined(status) {
  processing(false);
  at("panel").innerHTML = status.panel; // made by our own template, which escapes
  at("banner").replaceChildren();
  if (at("cvv")) at("cvv").value = ""; // the rest stays, to be tried again
  adopt(status.order);
  at("panel").firstElementChild?.focus();
  window.scrollTo({ top: 0 });
}

function leave() {
  call.end();
  forgetDraft(current.order_id);
  location.assign(`/orders/${current.order_id}`);
}

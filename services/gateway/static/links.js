// Links by which customers finish orders: made, copied, taken back, and what became of each, as it happens. On any page that includes the dialog.
import { ask, element, onLive, Problem, wait } from "./core.js";

const at = (id) => document.getElementById(id);
const dialog = at("links");
const form = at("links-form");
const fresh = () => crypto.randomUUID();
const AGAIN = 1000;
const PATIENCE = 60_000; // then it is told when it happens, or when somebody looks
const time = (text) => new Date(text).toTimeString().slice(0, 5);
const day = (text) => new Date(text).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
const HOW = { copy: "", email: "by e-mail ", sms: "by SMS " };
const SEND = { copy: "Make the link", email: "Send the mail", sms: "Send the SMS" };
const STATUS = {
  issued: ["Made", "link", "live"], opened: ["Opened", "eye", "live"], expired: ["Expired", "clock", ""], revoked: ["Taken back", "slash", ""],
  Processing: ["Being charged", "refresh", "live"], Pending: ["Paid, in review", "check", "ok"], Complete: ["Paid", "check", "ok"],
  Declined: ["Declined", "x-circle", "bad"], Cancelled: ["Cancelled", "slash", ""],
};

let about = "";
let key = fresh(); // of the link that is being made, until somebody has answered
let there = { rows: [], order: "", stage: "", email: "", sms: "", server: "", plugin: "" };
let commands = {};

/** `issue(path, body)` makes the link, `before()` says whether it may be, `made(view)` hears of the order as it is then, `refused(problem)` whether it told why not. */
export function linksOf(id, given = {}) {
  about = id;
  commands = { issue: (path, body) => ask("POST", path, body, { "idempotency-key": key }), before: async () => true, made: () => {}, refused: () => false, ...given };
}

const path = () => `/order-entry/${about}/links`;
const channel = () => form.elements["link-channel"].value;

export async function openLinks() {
  if (dialog.open) return;
  if (!(await commands.before())) return;
  for (const place of ["links-said", "links-told", "link-subject", "link-text"]) at(place).textContent = "";
  at("link-made").hidden = true;
  await loadLinks(); // before anybody can type: what is known of the order fills the form
  if (dialog.open) return;
  dialog.showModal();
  drawForm(true);
}

let asking = 0;
let answered = 0;

/** `follows`: asked by the page itself, which is not somebody at work. */
export async function loadLinks(seen = "", follows = false) {
  const mine = ++asking;
  try {
    const found = await ask("GET", `${path()}?seen=${seen}`, undefined, follows ? { "x-follows": "true" } : {});
    if (mine < answered) return; // what was asked later is shown already
    answered = mine;
    there = found;
  } catch (problem) {
    at("links-said").textContent = problem instanceof Problem ? problem.message : "No connection. The links are shown when it is back.";
  }
  drawLists();
  clearTimeout(again);
  if (there.rows.some(isOnItsWay)) again = setTimeout(() => loadLinks("", true), AGAIN);
}

let again;
const isOnItsWay = (row) => row.status === "issued" && row.channel !== "copy" && !row.message?.reason && row.message?.status !== "Sent" && Date.now() - Date.parse(row.issued_at) < PATIENCE;

function drawForm(anew) {
  const to = channel();
  at("link-to-box").hidden = to === "copy";
  if (anew || to !== at("link-to").dataset.channel) at("link-to").value = there[to] ?? "";
  at("link-to").type = to === "email" ? "email" : "tel";
  at("link-to").dataset.channel = to;
  const none = to === "sms" && !there.plugin ? "No SMS plugin is installed, so that nothing can be sent this way." : "";
  at("link-by").textContent = none || (to === "email" && there.server === "outbox" ? "No mail server is set: the mail lies in the outbox until somebody sends it." : "");
  at("link-send").disabled = Boolean(none);
  at("links-ends").hidden = at("link-why-box").hidden = there.stage !== "open";
  at("link-send").textContent = SEND[to];
  preview();
}

let asked = 0;
async function preview() {
  const mine = ++asked;
  if (!at("link-preview").open) return;
  await wait(120);
  if (mine !== asked) return;
  const query = new URLSearchParams({ channel: channel(), hours: at("link-hours").value, price_lock: at("link-lock").checked });
  const letter = await ask("GET", `${path()}/preview?${query}`).catch((problem) => ({ subject: "", text: problem instanceof Problem ? problem.message : "No connection." }));
  if (mine !== asked) return;
  at("link-subject").textContent = letter.subject ?? "";
  at("link-text").textContent = letter.text;
}

// --- those that there are -----------------------------------------------------------------------------------------------

function drawLists() {
  for (const list of document.querySelectorAll("[data-links-list]")) {
    list.hidden = !there.rows.length;
    list.replaceChildren(...there.rows.map((row) => element("li", { class: "row wide" }, said(row), ...acts(row))));
  }
}

/** Of one that nobody has opened yet, what became of the mail or SMS. */
function statusOf(row) {
  if (row.status === "completed") return STATUS[there.order] ?? [there.order || "Finished", "check", "ok"];
  if (row.status !== "issued" || row.channel === "copy") return STATUS[row.status];
  const sent = row.message?.status;
  if (sent === "Sent") return row.channel === "email" && there.server === "outbox" ? ["In the outbox", "clock", "live"] : ["Sent", "link", "live"];
  return sent === "Failed" || sent === "Stopped" ? ["Not sent", "x-circle", "bad"] : ["On its way", "refresh", "live"];
}

function said(row) {
  const [word, image, tone] = statusOf(row);
  const icon = at("links-icons").content.querySelector(`[data-name="${image}"]`).firstElementChild.cloneNode(true);
  const until = row.status === "issued" || row.status === "opened" ? `, works until ${day(row.expires_at)}` : "";
  const words = `${HOW[row.channel]}${row.to ? `to ${row.to} ` : ""}at ${time(row.issued_at)}${row.opened_at ? `, opened at ${time(row.opened_at)}` : ""}${row.price_lock ? ", prices kept" : ""}${until}`;
  const unsent = row.message?.reason && row.message.status !== "Sent" ? [element("span", { class: "error" }, row.message.reason)] : [];
  return element("span", {}, element("span", { class: "pill", ...(tone ? { "data-tone": tone } : {}) }, icon, word), " ", element("span", { class: "muted" }, words), ...unsent);
}

function acts(row) {
  if (!row.address) return [];
  const called = `made at ${time(row.issued_at)}`;
  const copy = element("button", { class: "button small", type: "button", "data-address": row.address, "aria-label": `Copy the link ${called}` }, "Copy");
  const revoke = element("button", { class: "button small danger", type: "button", "data-revoke": row.link_id, "aria-label": `Take back the link ${called}` }, "Take back");
  return [element("span", { class: "row" }, copy, revoke)];
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-links]")) openLinks();
  const address = event.target.closest("[data-address]")?.dataset.address;
  if (address) copy(address);
  const link = event.target.closest("[data-revoke]")?.dataset.revoke;
  if (link) revoke(link);
});

async function revoke(link) {
  try {
    await ask("DELETE", `${path()}/${link}`, undefined, { "idempotency-key": fresh() });
    tell("The link does not work any more.");
  } catch (problem) {
    tell(problem instanceof Problem ? problem.message : "No connection. Try again.");
  }
  await loadLinks();
}

async function copy(address) {
  try {
    await navigator.clipboard.writeText(address);
    tell("Copied.");
  } catch {
    at("link-made").hidden = false;
    at("link-address").value = address;
    at("link-address").select();
    tell("It cannot be copied here. It is selected: copy it yourself.");
  }
}

/** What lies behind an open dialog is not read out. */
function tell(words) {
  if (dialog.open) at("links-told").textContent = words;
  else document.dispatchEvent(new CustomEvent("toast", { detail: { words } }));
}

// --- a new one ----------------------------------------------------------------------------------------------------------

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const to = channel();
  for (const place of ["links-said", "links-told"]) at(place).textContent = "";
  at("link-to").removeAttribute("aria-invalid");
  at("link-send").disabled = true;
  try {
    const wanted = { channel: to, hours: Number(at("link-hours").value), price_lock: at("link-lock").checked, to: to === "copy" ? "" : at("link-to").value.trim() };
    if (there.stage === "open") wanted.disposition = at("link-why").value;
    const view = await commands.issue(path(), wanted);
    at("link-address").value = view.link.address;
    at("link-made").hidden = false;
    tell(to === "copy" ? "The link is made." : `It is on its way to ${view.link.to}.`);
    key = fresh();
    at("link-preview").open = false;
    commands.made(view);
    await loadLinks();
    at("link-copy").focus();
  } catch (problem) {
    refused(problem, to);
  } finally {
    drawForm(false);
  }
});

function refused(problem, to) {
  if (problem instanceof Problem) key = fresh();
  if (problem instanceof Problem && commands.refused(problem)) return dialog.close();
  at("links-said").textContent = problem instanceof Problem ? problem.message : "No connection. Nothing was sent: try again.";
  if (to === "copy" || !/^(to|customer\.(email|phone))$/.test(problem.body?.field ?? "")) return;
  at("link-to").setAttribute("aria-invalid", "true");
  at("link-to").setAttribute("aria-describedby", "links-said");
  at("link-to").focus();
}

form.addEventListener("change", () => {
  key = fresh();
  drawForm(false);
});
at("link-preview").addEventListener("toggle", preview);
at("link-copy").addEventListener("click", () => copy(at("link-address").value));

// --- what becomes of them -----------------------------------------------------------------------------------------------

const NEWS = { DraftLinkOpened: "The customer has opened the link.", PaymentAuthorized: "The customer has paid.", OrderDeclined: "The customer’s payment was declined." };
const MESSAGES = new Set(["MessageSent", "MessageFailed"]);
const SEEN = new Set(["DraftLinkIssued", "DraftLinkOpened", "DraftLinkRevoked", "OrderSubmitted", "OrderReopened", "PaymentAuthorized", "ExternalPaymentPending", "OrderApproved", "OrderDeclined"]);

/** Whether it may be about the links that are shown; a message has an id of its own. */
function concerns({ type, subject }) {
  if (type === "connected" || type === "missed") return true;
  if (MESSAGES.has(type)) return there.rows.some((row) => row.channel !== "copy" && row.message?.status !== "Sent");
  return subject === about && SEEN.has(type);
}

onLive(async (notice) => {
  if (!about || !there.rows.length || !concerns(notice)) return;
  const held = there.rows.some((row) => row.address);
  await loadLinks(notice.stream ? `${notice.stream}@${notice.version}` : "", true);
  if (held && NEWS[notice.type] && notice.subject === about) tell(NEWS[notice.type]);
});

// The customer's page. Everything up to the card works without this; with it totals follow what is chosen, and a lost line loses nothing.

import { ask, element, icon, wait } from "./core.js";
import { digits, forVault, problems, shape } from "./card.js";

const AWAY = "We cannot be reached at the moment. What you typed is still here: try again in a minute.";
const UNHEARD = "We cannot be reached at the moment. What you typed is still here: press the button again in a minute. You are charged once at most.";
const CARD = ["number", "expiry", "cvv"];
const MARKED = [...CARD, "terms_agreed"];
const PATIENCE = [1000, 1000, 2000, 3000, 5000];

begin();
// What comes back by the back button is asked for anew: it may have been paid meanwhile.
if (document.getElementById("payment")) addEventListener("pageshow", (event) => event.persisted && location.reload());

function begin() {
  const [details, pays, waiting] = ["details", "pay", "waiting"].map((id) => document.getElementById(id));
  document.querySelector("[data-focus]")?.focus();
  if (details) follow(details);
  if (pays) pay(pays.form);
  if (pays && "waits" in pays.dataset) pays.disabled = false; // a card that is typed before goes nowhere
  if (waiting) watch(waiting);
}

/** The form's answers take the place of its parts; what is typed meanwhile stays. */
function follow(form) {
  form.noValidate = true; // the page's own words, and those of the server
  let sending = null;
  let again = false;
  let later = 0;
  form.addEventListener("change", (event) => {
    if (event.target.hasAttribute("data-prices")) send("update");
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const pressed = event.submitter;
    if (pressed?.name.startsWith("remove.")) form.append(element("input", { type: "hidden", name: pressed.name, value: pressed.value }));
    send(pressed?.value === "continue" ? "continue" : "update");
  });

  async function send(act) {
    if (sending) {
      again = act === "continue" || again !== "continue" ? act : again;
      return;
    }
    later = clearTimeout(later);
    const body = new URLSearchParams(new FormData(form));
    body.set("act", act);
    const typed = new Map([...form.elements].filter(isTyped).map((each) => [each.id, value(each)]));
    document.getElementById("sums").setAttribute("aria-busy", "true");
    sending = posted(form, body);
    try {
      const answer = await sending;
      if (!answer) return;
      if (answer.status === 429) later = setTimeout(send, Number(answer.headers.get("retry-after")) * 1000, act);
      adopt(await parsed(answer), typed, act);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      told(AWAY);
    } finally {
      sending = null;
      document.getElementById("sums").removeAttribute("aria-busy");
    }
    if (again) {
      const next = again;
      again = false;
      form = document.getElementById("details");
      await send(next);
    }
  }

  function adopt(page, typed, act) {
    const fresh = page.getElementById("details");
    if (!fresh) {
      stopped(page, later && "It is sent once more by itself then.");
      return;
    }
    const focus = document.activeElement;
    const place = [focus?.id || (focus?.closest("#coupons") && "coupon"), focus?.selectionStart];
    for (const each of [...form.elements].filter(isTyped)) {
      const now = fresh.querySelector(`[id="${CSS.escape(each.id)}"]`) ?? fresh.ownerDocument.getElementById(each.id);
      if (now && value(each) !== typed.get(each.id)) put(now, value(each));
    }
    for (const box of form.querySelectorAll("details[id]")) fresh.querySelector(`#${box.id}`)?.toggleAttribute("open", box.open);
    form.replaceChildren(...fresh.childNodes);
    const total = form.querySelector("#sums .strong");
    if (total) document.getElementById("said").textContent = total.innerText.replace(/\s+/g, " ");
    if (act === "continue" && form.querySelector("[data-focus]")) form.querySelector("[data-focus]").focus();
    else restore(place);
  }
}

const isTyped = (field) => field.id && field.matches("input:not([type=hidden]), select, textarea");
const value = (field) => (field.type === "checkbox" ? field.checked : field.value);

function put(field, kept) {
  if (field.type === "checkbox") field.checked = kept;
  else field.value = kept;
}

function restore([id, caret]) {
  const field = id && document.getElementById(id);
  if (!field) return;
  field.focus();
  if (caret !== null && caret !== undefined && field.setSelectionRange && field.type !== "number") field.setSelectionRange(caret, caret);
}

/** Sent as the form itself would be. Null when the browser goes on to where it leads; throws TypeError when nobody answered. */
async function posted(form, body) {
  const answer = await fetch(form.getAttribute("action"), { method: "POST", body, headers: { accept: "text/html" } });
  if (answer.status >= 500) throw new TypeError();
  if (!answer.redirected) return answer;
  location.assign(answer.url);
  return null;
}

const parsed = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html");

/** A page that is only a message is said above the form, which stays. */
function stopped(page, more) {
  const said = page.querySelector("#main .empty");
  const what = said.querySelector("p").textContent;
  told(said.querySelector("h1").textContent, [], [what, "What you typed is still here.", more].filter(Boolean).join(" "));
}

/** Something that is at no field, or at fields of the card. */
function told(words, fields = [], more = "") {
  const place = document.getElementById("refusal") ?? document.getElementById("details").insertAdjacentElement("afterbegin", element("div", { id: "refusal", role: "alert" }));
  const list = fields.map(([id, said]) => element("li", {}, element("a", { href: `#${id}` }, said)));
  const box = element("section", { class: "refusal", "data-tone": "bad", tabindex: "-1" }, element("h2", {}, fields.length ? "Look at this once more" : words));
  if (list.length) box.append(element("ul", {}, ...list));
  if (more) box.append(element("p", {}, more));
  place.replaceChildren(box);
  box.focus();
}

/** The card goes to the vault and comes back as a token; only that is sent with the form. Pressed again after a lost line, both are as before. */
function pay(form) {
  const field = (name) => document.getElementById(name);
  const button = field("pay");
  const token = field("payment-token");
  form.noValidate = true;
  form.addEventListener("input", (event) => {
    shape(event.target, field("brand"));
    if (CARD.includes(event.target.id)) token.value = "";
    mark(event.target, "");
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    const pays = form.hasAttribute("data-pays");
    const card = pays && { number: digits(field("number").value), expiry: digits(field("expiry").value), cvv: field("cvv").value.trim() };
    const wrong = pays ? problems(card.number, card.expiry, card.cvv) : [];
    if (field("terms_agreed")?.validity.valueMissing) wrong.push(["terms_agreed", "Read the terms, and tick that you agree."]);
    show(wrong);
    if (wrong.length) return;
    button.disabled = true;
    try {
      if (pays) token.value ||= await kept(card);
      const answer = await posted(form, new URLSearchParams(new FormData(form)));
      if (!answer) return;
      if (shown(await parsed(answer))) return;
    } catch (error) {
      if (error instanceof TypeError) told(UNHEARD);
      else if (error.body?.errors) show(error.body.errors.map((each) => [each.field, each.detail]));
      else told(error.message);
    }
    button.disabled = false;
  });

  async function kept(card) {
    const { order_id, ...sent } = forVault("", card);
    return (await ask("POST", form.dataset.token, sent, { "idempotency-key": crypto.randomUUID().replaceAll("-", "") })).token;
  }

  /** The same page with what was refused, or the one before, takes this one's place; the card stays typed. */
  function shown(page) {
    if (!page.querySelector("#payment, #details")) return stopped(page);
    const typed = CARD.map((name) => field(name)?.value);
    document.getElementById("main").replaceWith(page.getElementById("main"));
    CARD.forEach((name, n) => {
      const now = field(name);
      if (!now) return;
      now.value = typed[n];
      shape(now, field("brand"));
    });
    begin();
    return true;
  }

  function show(wrong) {
    for (const name of MARKED) mark(field(name), wrong.find(([id]) => id === name)?.[1] ?? "");
    if (wrong.length) told("", wrong);
    else field("refusal").replaceChildren();
  }
}

function mark(input, words) {
  const box = input?.closest(".field");
  if (!box || !MARKED.includes(input.id)) return;
  box.querySelector(".error")?.remove();
  input.toggleAttribute("aria-invalid", false);
  input.removeAttribute("aria-describedby");
  if (!words) return;
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", `${input.id}-note`);
  box.append(element("p", { class: "error", id: `${input.id}-note` }, icon("alert"), words));
}

/** Until the outcome is there. */
async function watch(box) {
  for (let n = 0; ; n++) {
    await wait(PATIENCE[Math.min(n, PATIENCE.length - 1)]);
    const answer = await ask("GET", box.dataset.status).catch(() => null);
    if (answer && answer.outcome !== box.dataset.outcome) {
      location.reload();
      return;
    }
  }
}

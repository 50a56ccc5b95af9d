// The customer's page. Everything up to the card works without this; with it totals follow what is chosen, and a lost line loses nothing.

import { ask, element, icon, wait } from "./core.js";
import { digits, forVault, problems, shape } from "./card.js";

const AWAY = "We cannot be reached at the moment. What you typed is still here: try again in a minute.";
const MARKED = ["number", "expiry", "cvv", "terms_agreed"];
const PATIENCE = [1000, 1000, 2000, 3000, 5000];

document.querySelector("[data-focus]")?.focus();

const details = document.getElementById("details");
const payment = document.getElementById("payment");
const waiting = document.getElementById("waiting");
if (details) follow(details);
if (payment?.hasAttribute("data-pays")) pay(payment);
else if (payment) payment.addEventListener("submit", () => setTimeout(() => (document.getElementById("pay").disabled = true)));
if (waiting) watch(waiting);

/** The form's answers take the place of its parts; what is typed meanwhile stays. */
function follow(form) {
  form.noValidate = true; // the page's own words, and those of the server
  let sending = null;
  let again = false;
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
    const body = new URLSearchParams(new FormData(form));
    body.set("act", act);
    const typed = new Map([...form.elements].filter(isTyped).map((each) => [each.id, value(each)]));
    document.getElementById("sums").setAttribute("aria-busy", "true");
    sending = fetch(form.getAttribute("action"), { method: "POST", body, headers: { accept: "text/html" } });
    try {
      const answer = await sending;
      if (answer.redirected) {
        location.assign(answer.url);
        return;
      }
      if (answer.status >= 500) throw new TypeError();
      adopt(new DOMParser().parseFromString(await answer.text(), "text/html"), typed, act);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      told(AWAY);
    } finally {
      sending = null;
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
      document.getElementById("main").replaceWith(page.getElementById("main"));
      return;
    }
    const focus = document.activeElement;
    const place = [focus?.id, focus?.selectionStart];
    for (const each of [...form.elements].filter(isTyped)) {
      const now = fresh.querySelector(`[id="${CSS.escape(each.id)}"]`) ?? fresh.ownerDocument.getElementById(each.id);
      if (now && value(each) !== typed.get(each.id)) put(now, value(each));
    }
    form.replaceChildren(...fresh.childNodes);
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

/** Something that is at no field, or at fields of the card. */
function told(words, fields = []) {
  const place = document.getElementById("refusal") ?? details.insertBefore(element("div", { id: "refusal", role: "alert" }), details.firstChild);
  const list = fields.map(([id, said]) => element("li", {}, element("a", { href: `#${id}` }, said)));
  const box = element("section", { class: "refusal", "data-tone": "bad", tabindex: "-1" }, element("h2", {}, fields.length ? "Look at this once more" : words));
  if (list.length) box.append(element("ul", {}, ...list));
  place.replaceChildren(box);
  box.focus();
}

/** The card goes to the vault and comes back as a token; only that is sent with the form. */
function pay(form) {
  const field = (name) => document.getElementById(name);
  const button = field("pay");
  form.noValidate = true;
  form.addEventListener("input", (event) => {
    shape(event.target, field("brand"));
    mark(event.target, "");
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    const card = { number: digits(field("number").value), expiry: digits(field("expiry").value), cvv: field("cvv").value.trim() };
    const wrong = problems(card.number, card.expiry, card.cvv);
    if (field("terms_agreed")?.validity.valueMissing) wrong.push(["terms_agreed", "Read the terms, and tick that you agree."]);
    show(wrong);
    if (wrong.length) return;
    button.disabled = true;
    try {
      const { order_id, ...sent } = forVault("", card);
      const { token } = await ask("POST", form.dataset.token, sent, { "idempotency-key": crypto.randomUUID().replaceAll("-", "") });
      field("payment-token").value = token;
      form.submit();
    } catch (error) {
      button.disabled = false;
      if (error instanceof TypeError) told(AWAY);
      else if (error.body?.errors) show(error.body.errors.map((each) => [each.field, each.detail]));
      else told(error.message);
    }
  });
  // What comes back by the back button is asked for anew: it may have been paid meanwhile.
  addEventListener("pageshow", (event) => event.persisted && location.reload());

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

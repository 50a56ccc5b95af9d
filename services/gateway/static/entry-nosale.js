// No Sale: why the call ends is asked, everything but the payment is kept, and the page says what can be done next.
import { Problem } from "./core.js";
import { banner, clear, mark } from "./entry-errors.js";
import { adopt, onOrder, order, save, send } from "./entry-order.js";
import { underway } from "./entry-process.js";
import { call, heldBack } from "./entry-typed.js";
import { say } from "./entry-view.js";
import { register } from "./keys.js";

const at = (id) => document.getElementById(id);
const dialog = at("nosale");
const form = at("nosale-form");

const NEEDS = [
  ["customer.first_name", "Enter the first name.", () => typed("first_name")],
  ["customer.last_name", "Enter the last name.", () => typed("last_name")],
  ["customer.phone", "Enter a phone number or an e-mail address.", () => typed("phone") || typed("email")],
];
const typed = (name) => at(`customer.${name}`).value.trim();

/** Whether something is missing without which nothing can be kept; told at its field. */
export function missing() {
  for (const [id, words] of NEEDS) if (at(`${id}-note`)?.textContent === words) clear(id);
  needed?.remove();
  const wrong = NEEDS.filter(([, , said]) => !said());
  if (wrong.length) tell(wrong);
  return wrong.length > 0;
}

let needed;
function tell(wrong) {
  for (const [id, words] of wrong) mark(id, words);
  needed = banner("warn", "To keep this order, a name is needed, and a phone number or an e-mail address. Is there nothing to keep? Then begin a new call.");
  at(wrong[0][0]).focus();
}

/** What the server misses, told as what the page misses. */
export function refused(problem) {
  const errors = problem.body.errors ?? [{ field: problem.body.field, detail: problem.message }];
  const here = errors.filter(({ field }) => at(field)).map(({ field, detail }) => [field, detail]);
  if (here.length) tell(here);
  else banner("bad", problem.message);
  return true;
}

async function openNoSale() {
  if (dialog.open || order().stage !== "open" || underway() || missing()) return;
  at("nosale-said").textContent = "";
  dialog.showModal();
  (form.elements.disposition.value ? form.querySelector(":checked") : form.elements.disposition[0]).focus();
}

// A digit chooses, in any of the answers; Enter ends the call.
form.addEventListener("keydown", (event) => {
  if (event.target.matches("textarea") || event.ctrlKey || event.altKey || event.metaKey || !/^\d$/.test(event.key)) return;
  const answers = [...form.querySelectorAll('[name="disposition"]')];
  const chosen = answers[(Number(event.key) + 9) % 10];
  if (!chosen) return;
  chosen.checked = true;
  chosen.focus();
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const disposition = form.elements.disposition.value;
  at("nosale-said").textContent = "";
  if (!disposition) {
    at("nosale-said").textContent = "Choose why there is no sale.";
    return form.elements.disposition[0].focus();
  }
  at("nosale-end").disabled = true;
  try {
    await end({ disposition, note: at("nosale-note").value.trim() });
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (["stale", "incomplete", "being-charged", "closed"].includes(problem.body.code) || problem.status === 401) dialog.close();
    if (problem.body.code === "incomplete") refused(problem);
    else at("nosale-said").textContent = problem.message;
  } finally {
    at("nosale-end").disabled = false;
  }
});

async function end(why) {
  await save();
  if (heldBack()) {
    at("nosale-said").textContent = "Some of what was typed cannot be saved. Go back, and correct or clear it.";
    return;
  }
  const view = await send(`/order-entry/${order().order_id}/no-sale`, why);
  dialog.close();
  adopt(view);
}

// --- the call is over ---------------------------------------------------------------------------------------------------

onOrder((view) => {
  const over = view.stage === "partial" || (view.stage === "open" && view.of === "customer");
  for (const part of document.querySelectorAll("#entry fieldset.section")) part.disabled = over;
  if (!over) return;
  at("no-sale").disabled = true;
  ended(view);
});

function ended(view) {
  call.end();
  if (at("ended-h")) return;
  const panel = at("ended").content.firstElementChild.cloneNode(true);
  const name = [view.values.customer.first_name, view.values.customer.last_name].filter(Boolean).join(" ");
  panel.querySelector("[data-name]").textContent = name || "the customer";
  panel.querySelector("[data-order]").href = `/orders/${view.order_id}`;
  at("banner").replaceChildren();
  at("refusal").replaceChildren();
  at("panel").replaceChildren(panel);
  panel.focus();
  window.scrollTo({ top: 0 });
  say("The call is over, without a sale.");
}

register([{ keys: "Alt+S", does: "No sale", where: "Order entry", act: openNoSale, button: "#no-sale" }]);
at("no-sale")?.addEventListener("click", openNoSale);

// A call that is ended from elsewhere.
if (location.hash === "#no-sale") {
  let asked = false;
  onOrder((view) => {
    if (asked || view.stage !== "open") return;
    asked = true;
    queueMicrotask(openNoSale);
  });
}

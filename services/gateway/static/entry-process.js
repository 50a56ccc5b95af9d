// Process: what is typed is saved first, a card goes to the vault, and a refusal is told at its fields.
import { element, icon, Problem } from "./core.js";
import { banner, mark, refuse } from "./entry-errors.js";
import { aborted, adopt, follow, order, placeOf, requote, save, send, tryAgain } from "./entry-order.js";
import { method, payment, wrong } from "./entry-payment.js";
import { withoutReason } from "./entry-products.js";
import { heldBack, hold } from "./entry-typed.js";
import { at, form } from "./entry-values.js";
import { isProcessing, isStalled, onStalled, processing, say } from "./entry-view.js";

/** While Process is pressed and not answered: what takes it back, and whether the order itself may have gone out. */
let pressed = null;

export async function process() {
  if (isProcessing() || !order().order_id || at("process").dataset.blocked !== undefined) return;
  processing(true);
  const { total } = order(); // what is charged is what stood there when it was pressed
  for (const place of ["refusal", "panel"]) at(place).replaceChildren();
  for (const box of [...at("banner").children]) if (!box.querySelector("a, button")) box.remove(); // what asks for something stays
  tryAgain();
  pressed = { takes: new AbortController(), sent: false };
  if (isStalled()) drawWaiting(true);
  let follows = false;
  try {
    follows = await charged(total, pressed.takes.signal);
  } catch (problem) {
    if (problem !== TAKEN_BACK) throw problem;
    follows = await takenBack(pressed.sent);
  } finally {
    pressed = null;
    drawWaiting(false);
    if (!follows) processing(false);
  }
  if (follows) await follow();
}

/** Whether it is being charged. Throws TAKEN_BACK. */
async function charged(total, signal) {
  await Promise.race([save(), aborted(signal)]);
  signal.throwIfAborted();
  for (const product of withoutReason()) {
    mark(`lines.${product}.reason`, "Say why the price was changed.");
    hold("lines");
  }
  const typed = heldBack() ? [...form.querySelectorAll('[aria-invalid="true"]')].map((field) => [field.id, at(`${field.id}-note`).textContent]) : [];
  if (!heldBack()) return submit(total, signal);
  refuse(typed.length ? typed : [["banner", "Some changes are not saved."]]);
  return false;
}

/** Whether it is being charged. */
async function submit(total, signal) {
  const charges = ["card", "echeck"].includes(method()) && order().needs_payment;
  const found = charges ? wrong() : [];
  try {
    const body = { method: method(), payment: charges && !found.length ? await payment(signal) : "", total };
    if (method() === "echeck") body.oral_authorisation = at("oral_authorisation").checked;
    signal.throwIfAborted();
    pressed.sent = true;
    adopt(await send(`/order-entry/${order().order_id}/submit`, body, { signal }));
    return true;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    return refused(problem, found);
  }
}

/** What the vault and the order call it, as the page has it. */
const FIELDS = { payment: () => (method() === "echeck" ? "routing" : "number"), payment_method: () => "method" };

/** Whether it is being charged already. */
function refused(problem, wrong) {
  const { code, errors, field } = problem.body;
  if (code === "being-charged") return true;
  if (problem.status === 401 || code === "closed") return false;
  if (code === "stale") {
    banner("warn", "The order was changed elsewhere. Look at the totals, then press Process again.");
    return false;
  }
  if (code === "repriced") {
    banner("warn", `The total is ${order().amounts.totals.total}, which is not what stood there when Process was pressed. Nothing is charged. Look at it, then press Process again.`);
    at("banner").scrollIntoView({ block: "center" });
    return false;
  }
  if (field === "coupons") requote(); // a coupon that is gone has changed the total
  const named = (errors ?? [{ field, detail: problem.message }]).map((error) => [FIELDS[error.field]?.() ?? placeOf(error.field) ?? "banner", error.detail, error.field]);
  const theirs = named.filter(([id, , name]) => !wrong.length || (name !== "payment" && !wrong.some(([mine]) => mine === id)));
  refuse([...theirs.map(([id, words]) => [id, words]), ...wrong]);
  return false;
}

// --- without a line -----------------------------------------------------------------------------------------------------

const TAKEN_BACK = new Error("Process was taken back.");

onStalled((on) => pressed && drawWaiting(on));

/** Beside the totals, which never leave the screen. */
function drawWaiting(on) {
  const shown = at("waiting");
  if (Boolean(shown) === on) return;
  if (!on) return shown.remove();
  const back = element("button", { type: "button", class: "button small", id: "take-back" }, "Take it back");
  back.addEventListener("click", () => {
    back.disabled = true;
    shownWords("Process is taken back …");
    pressed.takes.abort(TAKEN_BACK);
  });
  at("process").before(element("div", { class: "banner", "data-tone": "warn", role: "alert", id: "waiting" }, icon("clock"), element("p", {}, "Process waits for the line, and goes on when it is back."), back));
}

function shownWords(words) {
  if (at("waiting")) at("waiting").querySelector("p").textContent = words;
}

/** Whether it has been charged before it could be taken back: asked where it may have gone out. */
async function takenBack(sent) {
  if (!sent) {
    banner("ok", "Process is taken back. Nothing was charged.");
    say("Process is taken back.");
    stands().catch(() => {}); // so that the page hears when the line is back
    return false;
  }
  shownWords("Process may have gone out before it was taken back. That is asked as soon as the line is back.");
  if (await stands()) return true;
  banner("ok", "Process is taken back. Nothing was charged.");
  return false;
}

/** Whether the order is with the bank, or beyond. */
async function stands() {
  try {
    const { outcome } = await send(`/order-entry/${order().order_id}/status`, undefined, { method: "GET", ifMatch: false });
    return outcome !== "open" && outcome !== "partial";
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    return false;
  }
}

/** Whether Process is still on its way, told to somebody who would end the call: it is one or the other. */
export function underway() {
  if (!pressed) return false;
  if (at("waiting")) {
    shownWords("Process waits for the line. Take it back before the call is ended otherwise.");
    at("take-back").focus();
  } else banner("warn", "Process was pressed, and is on its way. Wait for its outcome.");
  return true;
}

// Process: what is typed is saved first, a card goes to the vault, and a refusal is told at its fields.
import * as card from "./card.js";
import { Problem } from "./core.js";
import { banner, mark, refuse } from "./entry-errors.js";
import { adopt, follow, order, placeOf, requote, save, send } from "./entry-order.js";
import { withoutReason } from "./entry-products.js";
import { heldBack, hold } from "./entry-typed.js";
import { at, form } from "./entry-values.js";
import { isProcessing, processing } from "./entry-view.js";

export async function process() {
  if (isProcessing() || !order().order_id) return;
  processing(true);
  for (const place of ["refusal", "panel", "banner"]) at(place).replaceChildren();
  let follows = false;
  try {
    await save();
    for (const product of withoutReason()) {
      mark(`lines.${product}.reason`, "Say why the price was changed.");
      hold("lines");
    }
    const typed = heldBack() ? [...form.querySelectorAll('[aria-invalid="true"]')].map((field) => [field.id, at(`${field.id}-note`).textContent]) : [];
    if (heldBack()) refuse(typed.length ? typed : [["banner", "Some changes are not saved."]]);
    else follows = await submit(document.querySelector('[name="method"]:checked').value);
  } finally {
    if (!follows) processing(false);
  }
  if (follows) await follow();
}

/** Whether it is being charged. */
async function submit(method) {
  const details = { number: card.digits(at("number")?.value ?? ""), expiry: card.digits(at("expiry")?.value ?? ""), cvv: card.digits(at("cvv")?.value ?? "") };
  const charges = method === "card" && order().needs_payment;
  const wrong = charges ? card.problems(details.number, details.expiry, details.cvv) : [];
  const path = `/order-entry/${order().order_id}`;
  try {
    const payment = charges && !wrong.length ? (await send("/api/v1/tokens", card.forVault(order().order_id, details))).token : "";
    adopt(await send(`${path}/submit`, { method, payment }));
    return true;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    return refused(problem, wrong);
  }
}

/** Whether it is being charged already. */
function refused(problem, wrong) {
  const { code, errors, field } = problem.body;
  if (code === "being-charged") return true;
  if (problem.status === 401 || code === "closed") return false;
  if (code === "stale") {
    banner("warn", "The order was changed elsewhere. Look at the totals, then press Process again.");
    return false;
  }
  if (field === "coupons") requote(); // a coupon that is gone has changed the total
  const named = (errors ?? [{ field, detail: problem.message }]).map((error) => [placeOf(error.field) ?? "banner", error.detail]);
  refuse([...named.filter(([id]) => id !== "payment" || !wrong.length).map(([id, words]) => [id === "payment" ? "number" : id, words]), ...wrong]);
  return false;
}

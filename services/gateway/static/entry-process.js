// Process: what is typed is saved first, a card goes to the vault, and a refusal is told at its fields.
import { Problem } from "./core.js";
import { banner, mark, refuse } from "./entry-errors.js";
import { adopt, follow, order, placeOf, requote, save, send } from "./entry-order.js";
import { method, payment, wrong } from "./entry-payment.js";
import { withoutReason } from "./entry-products.js";
import { heldBack, hold } from "./entry-typed.js";
import { at, form } from "./entry-values.js";
import { isProcessing, processing } from "./entry-view.js";

export async function process() {
  if (isProcessing() || !order().order_id || at("process").dataset.blocked !== undefined) return;
  processing(true);
  const { total } = order(); // what is charged is what stood there when it was pressed
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
    else follows = await submit(total);
  } finally {
    if (!follows) processing(false);
  }
  if (follows) await follow();
}

/** Whether it is being charged. */
async function submit(total) {
  const charges = ["card", "echeck"].includes(method()) && order().needs_payment;
  const found = charges ? wrong() : [];
  try {
    const body = { method: method(), payment: charges && !found.length ? await payment() : "", total };
    if (method() === "echeck") body.oral_authorisation = at("oral_authorisation").checked;
    adopt(await send(`/order-entry/${order().order_id}/submit`, body));
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

// What is said under a product's row: a price that waits for a supervisor, and an earlier trial.
import { element, icon, Problem } from "./core.js";
import { banner, clear, mark } from "./entry-errors.js";
import { adopt, onOrder, onRefused, order, save, send } from "./entry-order.js";
import { rows } from "./entry-products.js";
import { letGo } from "./entry-typed.js";
import { at, write } from "./entry-values.js";
import { say } from "./entry-view.js";

const rowOf = (product) => rows().find((row) => row.dataset.product === product);

function under(product, kind, tone, name, words, ...more) {
  const row = rowOf(product);
  if (!row) return;
  const box = element("div", { class: "banner", "data-tone": tone }, icon(name), element("p", {}, ...words), ...more);
  const last = row.nextElementSibling?.dataset.reason ? row.nextElementSibling : row;
  last.after(element("tr", { class: "under", "data-mark": kind }, element("td", { colspan: "5" }, box)));
}

// --- trials -------------------------------------------------------------------------------------------------------------

const day = (text) => new Date(text).toLocaleDateString("en", { day: "numeric", month: "long", year: "numeric" });

function drawTrial({ product, name, order_id: id, ordered_at: when }, overridden) {
  const link = element("a", { href: `/orders/${id}`, target: "_blank", class: "id" }, id);
  const words = [`This customer had the ${name} trial on ${day(when)}, order `, link, overridden ? ". It is sold again all the same." : "."];
  const button = element("button", { type: "button", class: "button small", "aria-label": `Override trial de-duping: ${name}` }, "Override");
  button.addEventListener("click", () => {
    write("trial_override", true);
    at("trial_override").dispatchEvent(new Event("change", { bubbles: true }));
  });
  under(product, "trial", overridden ? "ok" : "warn", "flag", words, ...(overridden ? [] : [button]));
}

// --- prices beyond the limits -------------------------------------------------------------------------------------------

const PRICES = ["price", "shipping_price"];
const typedPrices = (product) => Object.fromEntries(PRICES.map((name) => [name, at(`lines.${product}.${name}`)]).filter(([, field]) => field && field.value.trim() !== field.dataset.list).map(([name, field]) => [name, field.value.trim()]));

/** The way out of a price that is refused. */
onRefused(({ body }, id) => {
  const product = body.code === "price" && id.match(/^lines\.(.+)\.(shipping_)?price$/)?.[1];
  if (!product) return [];
  const button = element("button", { type: "button", class: "link" }, "Ask a supervisor");
  button.addEventListener("click", () => askFor(product));
  return [" ", button];
});

async function askFor(product) {
  const reason = at(`lines.${product}.reason`);
  const body = { product, ...typedPrices(product), reason: reason.value.trim() };
  if (!body.reason) {
    mark(reason.id, "Say why the price is to be changed: the supervisor reads it.");
    return reason.focus();
  }
  for (const name of PRICES) {
    const field = at(`lines.${product}.${name}`);
    if (field) field.value = order().values.lines[product]?.[name] || field.dataset.list;
    clear(`lines.${product}.${name}`);
  }
  letGo("lines");
  await save(); // the line has to be in the order before its price is asked for
  try {
    adopt(await send(`/order-entry/${order().order_id}/overrides`, body));
    say("A supervisor is asked.");
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    for (const name of PRICES) if (body[name]) at(`lines.${product}.${name}`).value = body[name];
    const field = at(problem.body.field)?.matches("input") ? problem.body.field : `lines.${product}.${body.price ? "price" : "shipping_price"}`;
    mark(field, problem.message);
  }
}

function drawWaiting({ product, price, shipping_price: shipping, reason }) {
  const asked = [price && `a price of ${price}`, shipping && `shipping of ${shipping}`].filter(Boolean).join(" and ");
  under(product, "waiting", "live", "clock", [`A supervisor is asked for ${asked}: ${reason} `, element("small", {}, "Changing the line takes it back.")]);
}

/** What was decided since, by what the order costs now. */
function tellDecided(before, view) {
  for (const asked of before.filter((each) => !view.overrides.some(({ line }) => line === each.line))) {
    const line = view.values.lines[asked.product];
    const refused = view.refused.find((each) => each.line === asked.line);
    const given = line && (!asked.price || line.price === asked.price) && (!asked.shipping_price || line.shipping_price === asked.shipping_price);
    if (given) banner("ok", `A supervisor approved the price of ${asked.name}.`, [], true);
    else if (refused) banner("warn", `A supervisor refused the price of ${asked.name}${refused.reason && `: ${refused.reason}`} The order keeps the price that it had.`, [], true);
    else say(`The price of ${asked.name} is not asked for any more.`);
  }
}

let before = [];
onOrder((view) => {
  for (const mark of document.querySelectorAll("#products [data-mark]")) mark.remove();
  for (const trial of view.trials) drawTrial(trial, view.values.trial_override);
  for (const asked of view.overrides) drawWaiting(asked);
  tellDecided(before, view);
  before = view.overrides;
});

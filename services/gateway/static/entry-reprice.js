// A newer version of the campaign: an order keeps the prices of its own version until the agent asks for the new ones.
import { element } from "./core.js";
import { banner } from "./entry-errors.js";
import { at, nameOf } from "./entry-values.js";

const KEPT = "prices-updated";

export function offerPrices(update) {
  if (at("update-prices")) return;
  const button = element("button", { type: "button", class: "button small", id: "update-prices" }, "Update prices");
  banner("live", "A newer version of this campaign is published. This order keeps its prices until you update them. ", [button], true);
  button.addEventListener("click", () => {
    button.disabled = true;
    update().finally(() => { button.disabled = false; });
  });
}

/** The products may be others now, so that the page is fetched anew; what changed is told there. */
export function updated(before, order) {
  const gone = [...document.querySelectorAll("tr[data-product]:not(.off)")].map((row) => row.dataset.product).filter((id) => !order.values.lines[id]).map(nameOf);
  const delivery = order.delivery_gone ? (document.querySelector('[name="profile"]:checked')?.closest("label").firstElementChild.nextSibling.textContent ?? "") : "";
  sessionStorage.setItem(KEPT, JSON.stringify({ before, after: order.amounts.totals.total, gone, delivery }));
  location.reload();
}

export function tellPrices() {
  const told = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  sessionStorage.removeItem(KEPT);
  if (!told) return;
  const gone = told.gone.length ? ` Not sold any more: ${told.gone.join(", ")}.` : "";
  const delivery = told.delivery ? ` The delivery ${told.delivery} is gone: ask which one the customer wants.` : "";
  banner("ok", `${told.before === told.after ? `The total stays ${told.after}` : `The total was ${told.before} and is ${told.after}`}, by the newest version of the campaign.${gone}${delivery}`);
}

// The products of a campaign: many are fetched after the page; found by typing; variants open under their offer.
const box = document.getElementById("products");
const find = document.getElementById("find");
const only = document.getElementById("chosen-only");
let known = null;

export const rows = () => (known ??= [...box.querySelectorAll("tr[data-product]")]);
const quantity = (row) => Number(row.querySelector(".stepper input").value) || 0;

/** Resolves when the rows are there. Throws where they can't be had. */
export async function loaded() {
  if (!box.dataset.from) return;
  const answer = await fetch(box.dataset.from);
  if (!answer.ok) throw new Error("The products did not come. Reload the page.");
  box.innerHTML = await answer.text(); // made by our own template, which escapes
  known = null;
}

const isOpen = (parent) => parent.querySelector("[data-variants]").getAttribute("aria-expanded") === "true";

function variantsOf(parent) {
  const found = [];
  for (let row = parent.nextElementSibling; row && (row.matches(".sub, .under")); row = row.nextElementSibling) if (row.dataset.product) found.push(row);
  return found;
}

function show(row, shown) {
  row.hidden = !shown;
  const under = row.nextElementSibling;
  if (under?.dataset.reason && !shown) under.hidden = true;
}

/** Rows that fit what is looked for; a variant that fits or is in the order shows without its offer being opened. */
function drawShelf() {
  const wanted = (find?.value ?? "").trim().toLowerCase().split(/\s+/).filter(Boolean);
  const asked = wanted.length > 0 || Boolean(only?.checked);
  const fits = (row) => wanted.every((word) => row.dataset.words.includes(word)) && (!only?.checked || quantity(row));
  let count = 0;
  for (const group of box.querySelectorAll("tbody")) {
    let any = false;
    for (const row of group.querySelectorAll("tr[data-product]:not(.sub)")) {
      const shown = fits(row);
      show(row, shown);
      any ||= shown;
      count += shown;
    }
    for (const parent of group.querySelectorAll("tr.parent")) {
      const fitting = variantsOf(parent).filter((row) => { const fit = fits(row); show(row, fit && (asked || isOpen(parent) || quantity(row) > 0)); return fit; });
      parent.hidden = !fitting.length;
      any ||= fitting.length > 0;
      count += fitting.length;
    }
    group.hidden = !any;
  }
  const found = document.getElementById("found");
  if (found) found.textContent = asked ? `${count} of ${rows().length}` : "";
}

box.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-variants]");
  if (!opener) return;
  opener.setAttribute("aria-expanded", String(opener.getAttribute("aria-expanded") !== "true"));
  drawShelf();
});
find?.addEventListener("input", drawShelf);
only?.addEventListener("change", drawShelf);

/** Amounts of what is in the order; the rest costs nothing. */
export function drawLines(lines, zero) {
  for (const row of rows()) {
    const now = lines[row.dataset.product];
    if (!now && row.classList.contains("off")) continue;
    row.querySelector('[data-step="-1"]').disabled = !quantity(row);
    row.classList.toggle("off", !now);
    const shipping = row.querySelector('[data-amount="shipping"]');
    shipping.textContent = now ? now.shipping : shipping.matches("small") ? "" : row.dataset.shipping;
    row.querySelector('[data-amount="total"]').textContent = now ? now.total : zero;
    if (now && row.hidden && !find?.value) row.hidden = false;
  }
}

/** The reason is asked for where a price is not the list's. */
export function drawReasons() {
  for (const row of rows()) {
    const under = row.nextElementSibling;
    if (under?.dataset.reason !== row.dataset.product) continue;
    const said = ["price", "shipping_price"].map((name) => [name, document.getElementById(`lines.${row.dataset.product}.${name}`)])
      .filter(([, field]) => field && field.value.trim() !== field.dataset.list)
      .map(([name, field]) => `${name === "price" ? "List price" : "Shipping by list"} ${field.dataset.list}, changed to ${field.value.trim()}. ${row.dataset[`${name}Bounds`] ?? ""}`);
    if (!said.length && under.hidden) continue;
    under.hidden = !said.length || !quantity(row);
    if (said.length) under.querySelector("[data-changed]").textContent = said.join(" ");
  }
}

/** Products whose price was changed and nobody said why. */
export const withoutReason = () => rows().map((row) => row.nextElementSibling)
  .filter((under) => under?.dataset.reason && !under.hidden && !under.querySelector("input").value.trim())
  .map((under) => under.dataset.reason);

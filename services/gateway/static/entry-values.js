// The form of Order Entry as values, section by section, and back.
export const form = document.getElementById("entry");
export const at = (id) => document.getElementById(id);
export const SECTIONS = ["customer", "billing", "shipping", "shipping_same", "lines", "notes", "direction"];
export const NAMES = { customer: "Customer", billing: "Billing", shipping: "Shipping", shipping_same: "Same as billing", lines: "Products", notes: "Agent notes", direction: "Direction" };

export const rows = () => [...form.querySelectorAll("tr[data-product]")];
const fieldsOf = (section) => [...at(section).querySelectorAll("[name]")];

export function read(section) {
  if (section === "shipping_same") return at("shipping_same").checked;
  if (section === "notes") return at("notes").value.trim();
  if (section === "direction") return document.querySelector('[name="direction"]:checked').value;
  if (section === "lines")
    return Object.fromEntries(rows().map((row) => [row.dataset.product, row.querySelector("input").value.trim()]).filter(([, typed]) => typed !== "0" && typed !== ""));
  return Object.fromEntries(fieldsOf(section).map((field) => [field.name.split(".")[1], field.value.trim()]));
}

export function write(section, value) {
  if (section === "shipping_same") at("shipping_same").checked = value;
  else if (section === "notes") at("notes").value = value;
  else if (section === "direction") document.querySelector(`[name="direction"][value="${value}"]`).checked = true;
  else if (section === "lines") for (const row of rows()) row.querySelector("input").value = value[row.dataset.product] ?? 0;
  else for (const field of fieldsOf(section)) field.value = value[field.name.split(".")[1]] ?? "";
  drawBoxes();
}

export function drawBoxes() {
  at("shipping-box").hidden = at("shipping_same").checked;
  const method = document.querySelector('[name="method"]:checked')?.value;
  if (at("card-box")) at("card-box").hidden = method !== "card";
  at("external-box").hidden = method !== "external";
}

export const shownAs = (value) => (typeof value === "object" ? Object.values(value).filter(Boolean).join(", ") : String(value)) || "nothing";
export const nameOf = (product) => form.querySelector(`tr[data-product="${CSS.escape(product)}"] th`)?.firstChild.textContent ?? product;


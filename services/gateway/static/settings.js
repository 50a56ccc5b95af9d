// Account settings: rows of tax rates.
import "./chips.js";
import { saveBar } from "./save-bar.js";

const form = document.getElementById("settings");
const draw = saveBar(form);

form.addEventListener("input", (event) => {
  const row = event.target.closest("[data-rate]");
  if (event.target.id === "everywhere") document.getElementById("nexus-box").hidden = event.target.checked;
  if (event.target.name === "place") row.querySelector('[name="shipping"]').value = event.target.value;
  draw();
});

document.getElementById("add-rate").addEventListener("click", () => {
  const row = document.getElementById("rate").content.firstElementChild.cloneNode(true);
  for (const field of row.querySelectorAll("[id]")) field.id += `-${crypto.randomUUID()}`;
  document.getElementById("rates").append(row);
  row.querySelector('[name="place"]').focus();
  draw();
});

form.addEventListener("click", (event) => {
  const remove = event.target.closest("[data-remove]");
  if (!remove) return;
  remove.closest("tr").remove();
  draw();
});

form.querySelector(".refusal")?.focus();

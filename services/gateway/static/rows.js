// A form of tables whose rows are added and removed.
import { saveBar } from "./save-bar.js";

const form = document.querySelector("form[data-dirty]");
const draw = saveBar(form);
let added = 0;

form.addEventListener("click", (event) => {
  const part = event.target.closest("[data-rows]");
  if (event.target.closest("[data-remove]")) {
    event.target.closest("[data-row]").remove();
    draw();
  }
  if (!event.target.closest("[data-add]")) return;
  const row = part.querySelector("template").content.firstElementChild.cloneNode(true);
  added += 1;
  for (const field of row.querySelectorAll("[id]")) field.id += `-${added}`;
  for (const choice of row.querySelectorAll("[data-centers]")) offerCenters(choice);
  part.querySelector("tbody").append(row);
  row.querySelector("input").focus();
  draw();
});

// A call centre that was just typed can have a team at once.
function offerCenters(choice) {
  const there = new Set([...choice.options].map((option) => option.value));
  for (const { value } of form.querySelectorAll('[name="call_centers.name"]'))
    if (value.trim() && !there.has(value.trim())) choice.add(new Option(value.trim()));
}

// A form of tables whose rows are added and removed, and a save bar only while something is not saved.
const form = document.querySelector("form[data-dirty]");
const bar = document.getElementById("save-bar");
const state = () => new URLSearchParams(new FormData(form)).toString();
const saved = bar.hidden ? state() : "";
let leaving = false;
let added = 0;

function draw() {
  bar.hidden = state() === saved;
}

form.addEventListener("input", draw);
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

form.addEventListener("submit", () => { leaving = true; });
bar.querySelector("a").addEventListener("click", () => { leaving = true; });
window.addEventListener("beforeunload", (event) => {
  if (!leaving && state() !== saved) event.preventDefault();
});

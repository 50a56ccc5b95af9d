// Hold rules: sections that are added and removed, and a save bar only while something is not saved.
const form = document.getElementById("rules");
const bar = document.getElementById("save-bar");
const state = () => new URLSearchParams(new FormData(form)).toString();
const saved = bar.hidden ? state() : "";
let leaving = false;
let next = form.querySelectorAll("[data-rule]").length;

function draw() {
  bar.hidden = state() === saved;
}

/** A new section has a number of its own in all its names. */
function add(kind) {
  const made = document.querySelector(`template[data-kind="${kind}"]`).content.firstElementChild.cloneNode(true);
  for (const each of made.querySelectorAll("*"))
    for (const name of ["id", "name", "for", "value", "aria-labelledby", "hx-vals"])
      if (each.hasAttribute(name)) each.setAttribute(name, each.getAttribute(name).replace(/^new(?=[.]|$)|(?<=")new(?=")/, next));
  next += 1;
  document.getElementById("add").before(made);
  window.htmx.process(made);
  made.querySelector('[type="checkbox"]').click();
  made.querySelector('[type="checkbox"]').focus();
}

form.addEventListener("input", draw);
form.addEventListener("click", (event) => {
  const kind = event.target.closest("[data-add]")?.dataset.add;
  if (kind) add(kind);
  const section = event.target.closest("[data-remove]")?.closest("[data-rule]");
  if (section) {
    section.remove();
    document.querySelector("#add button").focus();
  }
  draw();
});
form.addEventListener("submit", () => { leaving = true; });
bar.querySelector("a").addEventListener("click", () => { leaving = true; });
window.addEventListener("beforeunload", (event) => {
  if (!leaving && state() !== saved) event.preventDefault();
});

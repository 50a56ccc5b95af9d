// Hold rules: sections that are added and removed.
import { saveBar } from "./save-bar.js";

const form = document.getElementById("rules");
const draw = saveBar(form);
let next = form.querySelectorAll("[data-rule]").length;

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

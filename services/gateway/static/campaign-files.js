// What comes from files, and the scripts: CSV of offers and coupons, merge fields, and how a script will be read.
import { ask, element, icon } from "./core.js";
import { base64, refused } from "./files.js";
import { draft } from "./campaign-draft.js";
import { at } from "./campaign-form.js";

// --- CSV --------------------------------------------------------------------------------------------------------------

/** A dialog that says what a file would change before it does. `ready` saves what is typed first; `loaded` takes over the draft. */
export function csvDialog(path, ready, loaded) {
  const dialog = at("csv");
  const said = at("csv-said");
  const button = at("csv-start");
  let table = "";
  let text = "";

  for (const opener of document.querySelectorAll("[data-csv]"))
    opener.addEventListener("click", async () => {
      if (!(await ready())) return;
      table = opener.dataset.csv;
      at("csv-h").textContent = table === "offers" ? "Import offers from CSV" : "Import coupons from CSV";
      at("csv-file").value = "";
      said.replaceChildren();
      button.hidden = true;
      dialog.showModal();
    });

  const post = (dry_run) =>
    ask("POST", `${path}/${table}.csv`, { text, dry_run }, { "idempotency-key": crypto.randomUUID(), "if-match": `"${draft.version}"` });

  at("csv-file").addEventListener("change", async (event) => {
    const [file] = event.target.files;
    button.hidden = true;
    if (!file) return;
    text = await base64(file);
    try {
      const found = await post(true);
      const parts = [[found.added, "added"], [found.changed, "changed"], [found.unchanged, "as they were"]].filter(([number]) => number).map(([number, word]) => `${number} ${word}`);
      said.replaceChildren(element("p", {}, `${found.rows} rows: ${parts.join(", ") || "nothing to do"}. Nothing is taken out.`));
      button.hidden = !(found.added || found.changed);
    } catch (problem) {
      refused(said, problem);
    }
  });

  button.addEventListener("click", async () => {
    try {
      await post(false);
      dialog.close();
      await loaded();
    } catch (problem) {
      refused(said, problem);
    }
  });
}

// --- scripts ----------------------------------------------------------------------------------------------------------

/** The same words as in Order Entry: the server merges them. */
export function scripts(path) {
  const asked = new Map();
  const preview = async (field) => {
    const { value, id } = field;
    asked.set(id, value);
    const drawn = await ask("POST", `${path}/script`, { text: value }).catch(() => null);
    if (drawn && asked.get(id) === value) draw(at(`${id}-preview`), drawn);
  };
  for (const field of document.querySelectorAll("[data-script]")) {
    let later;
    field.addEventListener("input", () => {
      clearTimeout(later);
      later = setTimeout(preview, 200, field);
    });
  }
  for (const button of document.querySelectorAll("[data-merge]"))
    button.addEventListener("click", () => {
      const field = at(button.dataset.for);
      field.focus();
      field.setRangeText(button.dataset.merge, field.selectionStart, field.selectionEnd, "end");
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
  return () => { for (const field of document.querySelectorAll("[data-script]")) preview(field); };
}

function draw(place, script) {
  if (!script.length) return place.replaceChildren(element("p", { class: "muted" }, "Nothing is read aloud."));
  place.replaceChildren(...script.map(([cue, segments]) => {
    const words = segments.map(([part, merged]) => (merged ? element("em", { class: "merge" }, part) : part));
    return cue ? element("p", { class: "cue" }, icon("cue"), element("span", {}, ...words)) : element("p", {}, ...words);
  }));
}

// Tracking and returns from a file: what would be taken is said before it is, and what is not right can be put right and come again.
import { ask, element, icon, Problem } from "./core.js";
import { focusAgain } from "./focus.js";
import { base64 } from "./files.js";

const at = (id) => document.getElementById(id);
const MOST = 4 * 1024 * 1024;
const MOST_SHOWN = 200;
let checked = null;

const number = (count) => count.toLocaleString("en");
const rows = (count) => (count === 1 ? "1 row" : `${number(count)} rows`);
const are = (count) => (count === 1 ? "is" : "are");
const tell = (words) => at("import-said").replaceChildren(element("p", { class: "error", role: "alert" }, icon("alert"), words));

/** What is wrong with the file is said at once, and the way back to it is short. */
function refuse(words) {
  tell(words);
  at("file").setAttribute("aria-invalid", "true");
  at("file").focus();
}

function unchecked() {
  at("file").removeAttribute("aria-invalid");
  checked = null;
  at("import-go").hidden = true;
  at("import-said").replaceChildren();
}

function outcome({ taken, known, bad: { length: bad }, rows: all, written }, { dry_run: dry, whole }) {
  const others = `${known ? ` ${rows(known)} ${are(known)} known already.` : ""}${bad ? ` ${rows(bad)} ${are(bad)} not right${written ? ", and left out" : ""}.` : ""}`;
  if (written) return `${rows(taken)} of ${number(all)} imported.${others}`;
  if (whole && bad) return `Nothing is imported: ${number(bad)} of ${rows(all)} ${are(bad)} not right.`;
  if (!taken) return `${known ? "Nothing in it is new." : "Nothing in it can be imported."}${others}`;
  return `${rows(taken)} of ${number(all)} can be imported.${others}${dry ? " Nothing has been written yet." : ""}`;
}

function wrong(found) {
  if (!found.bad.length) return [];
  const file = new Blob([found.rejected], { type: "text/csv" });
  const save = element("a", { class: "button", href: URL.createObjectURL(file), download: "rejected.csv" }, icon("download"), "Save these rows");
  const shown = found.bad.slice(0, MOST_SHOWN).map(({ row, field, problem }) =>
    element("li", {}, element("strong", {}, `Row ${number(row)}${field ? `, ${field}` : ""}`), ` ${problem}`));
  const more = found.bad.length - shown.length;
  return [
    element("div", { class: "row" }, element("p", { class: "error" }, icon("alert"), `${rows(found.bad.length)} ${are(found.bad.length)} not right. Save ${found.bad.length === 1 ? "it" : "them"} as a file, correct it, and import that.`), save),
    element("ul", { class: "stack tight" }, ...shown),
    ...(more ? [element("p", { class: "muted" }, `${number(more)} more are in the file to save.`)] : []),
  ];
}

async function sent(body, button) {
  button.disabled = true;
  try {
    const found = await ask("POST", "/fulfillment/import", body, { "idempotency-key": crypto.randomUUID() });
    const tone = found.written || found.taken ? "ok" : "warn";
    at("import-said").replaceChildren(
      element("div", { class: "banner", "data-tone": tone }, icon(tone === "ok" ? "check" : "alert"), element("p", {}, outcome(found, body))), ...wrong(found));
    return found;
  } catch (problem) {
    tell(problem instanceof Problem ? problem.message : "No connection. Try again: what was imported already stays as it is.");
    return null;
  } finally {
    button.disabled = false;
    focusAgain(button);
  }
}

at("import-form").addEventListener("input", unchecked);

at("import-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  unchecked();
  const [file] = at("file").files;
  if (!file) return refuse("Choose the file.");
  if (file.size > MOST) return refuse("A file may have 4 MB. Split it.");
  const first = document.querySelector('[name="first"]:checked').value;
  const body = { text: await base64(file), first, whole: at("whole").checked };
  const found = await sent({ ...body, dry_run: true }, at("import-check"));
  if (!found?.taken || (body.whole && found.bad.length)) return;
  checked = body;
  at("import-go").hidden = false;
});

at("import-go").addEventListener("click", async () => {
  const found = await sent({ ...checked, dry_run: false }, at("import-go"));
  if (!found) return;
  at("import-go").hidden = true;
  at("import-said").focus();
});

at("import-check").disabled = false; // not before somebody hears of it

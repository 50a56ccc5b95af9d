// A tax table from a file: what would be in it is said before it is.
import { ask, element, icon } from "./core.js";
import { base64, refused } from "./files.js";

const at = (id) => document.getElementById(id);
const MOST = 20 * 1024 * 1024;
let checked = null;

function unchecked() {
  checked = null;
  at("import-go").hidden = true;
  at("import-said").replaceChildren();
}

const kind = () => document.querySelector('[name="kind"]:checked').value;
const tell = (words) => at("import-said").replaceChildren(element("p", { class: "error", role: "alert" }, icon("alert"), words));

at("import-form").addEventListener("input", () => {
  unchecked();
  at("sst-box").hidden = kind() !== "sst";
  at("rates-label").textContent = kind() === "sst" ? "Rate file" : "CSV file";
});

at("table").addEventListener("change", () => { at("table").value = at("table").value.trim().toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 40); });

at("import-check").addEventListener("click", async () => {
  unchecked();
  const [[rates], [boundary]] = [at("rates").files, at("boundary").files];
  const table = at("table").value;
  if (!table) return tell("Give the table a name.");
  if (!rates) return tell("Choose the file.");
  if (Math.max(rates.size, boundary?.size ?? 0) > MOST) return tell("A file may have 20 MB.");
  const sst = kind() === "sst";
  const body = { table, kind: kind(), text: await base64(rates), boundary: sst && boundary ? await base64(boundary) : null, intrastate: sst && at("intrastate").checked };
  at("import-check").disabled = true;
  try {
    const found = await ask("POST", "/taxes/import", { ...body, dry_run: true }, { "idempotency-key": crypto.randomUUID() });
    const number = (count) => count.toLocaleString("en");
    const skipped = Object.entries(found.skipped).map(([type, count]) => `${number(count)} of type ${type}`);
    const words = `${number(found.rows)} rows, all right: ${number(found.added)} new, ${number(found.removed)} gone. Nothing has been written yet.`;
    at("import-said").replaceChildren(
      element("div", { class: "banner", "data-tone": "ok" }, icon("check"), element("p", {}, words)),
      ...(skipped.length ? [element("p", { class: "muted" }, `Left out of the boundary file: ${skipped.join(", ")}.`)] : []));
    checked = body;
    at("import-go").hidden = false;
  } catch (problem) {
    refused(at("import-said"), problem);
  } finally {
    at("import-check").disabled = false;
  }
});

at("import-go").addEventListener("click", async () => {
  at("import-go").disabled = true;
  try {
    await ask("POST", "/taxes/import", { ...checked, dry_run: false }, { "idempotency-key": crypto.randomUUID() });
    location.reload();
  } catch (problem) {
    refused(at("import-said"), problem);
  } finally {
    at("import-go").disabled = false;
  }
});

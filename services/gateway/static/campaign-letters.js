// Letters to customers: what is typed, how a customer would get it, and one for trying. The server merges and judges the words.
import { ask, Problem } from "./core.js";
import { draft } from "./campaign-draft.js";
import { focusAgain } from "./focus.js";
import { at, clear, fieldOf, fill, hold, itemOf, mark, remember, say } from "./campaign-form.js";

/** As a list of rows is to whoever asks: one row a letter, always there. */
export function lettersPart(path) {
  const table = at("part-letters");
  const sections = [...table.querySelectorAll("[data-letter]")];
  const rows = new Map();
  const asked = new Map();

  async function preview(section) {
    const item = itemOf(section);
    const body = { subject: item.subject, text: item.text, shop: draft.values.name };
    const typed = JSON.stringify(body);
    if (asked.get(section) === typed) return;
    asked.set(section, typed);
    const drawn = await ask("POST", `${path}/letters/${section.dataset.letter}/preview`, body).catch(() => null);
    if (asked.get(section) !== typed) return;
    if (!drawn) return asked.delete(section);
    section.querySelector("[data-shown]").innerHTML = drawn.html;
    for (const [name, words] of Object.entries(drawn.wrong)) {
      const field = fieldOf(section, name);
      if (!words || !field) continue;
      remember(item, name, words);
      mark(field, words);
    }
  }

  const onScreen = new IntersectionObserver((entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => draft.values && preview(entry.target)), { rootMargin: "600px" });
  for (const section of sections) onScreen.observe(section);

  let later;
  function soon(section) {
    clearTimeout(later);
    later = setTimeout(preview, 200, section);
  }

  async function test(section) {
    const item = itemOf(section);
    const [to, said, button] = ["[data-to]", "[data-tested]", "[data-test]"].map((each) => section.querySelector(each));
    clear(to, false);
    said.textContent = "";
    button.disabled = true;
    try {
      const body = { subject: item.subject, text: item.text, shop: draft.values.name, to: to.value.trim() };
      const { by } = await ask("POST", `${path}/letters/${section.dataset.letter}/test`, body, { "idempotency-key": crypto.randomUUID() });
      said.textContent = by === "smtp" ? "The mail server has it." : "No mail server is set: it lies in the folder outbox.";
    } catch (problem) {
      const words = problem instanceof Problem ? problem.message : "No connection. Nothing was sent.";
      mark(problem.body?.field === "text" || problem.body?.field === "subject" ? fieldOf(section, problem.body.field) : to, words);
    }
    button.disabled = false;
    focusAgain(button);
  }

  for (const section of sections) {
    section.querySelector("[data-test]").addEventListener("click", () => test(section));
    section.querySelector("[data-to]").addEventListener("keydown", (event) => event.key === "Enter" && test(section));
    section.querySelector("[data-start]").addEventListener("click", () => {
      for (const name of ["subject", "text"]) {
        const field = fieldOf(section, name);
        if (field.value.trim()) continue;
        field.value = section.dataset[name];
        field.dispatchEvent(new Event("input", { bubbles: true }));
      }
      fieldOf(section, "text").focus();
      say("Ringup’s words are filled in where there were none.");
    });
  }

  return {
    rows,
    table,
    titleOf: (item) => at(`h-${item.template}`).firstChild.textContent.trim(),
    redraw: (item) => soon(rows.get(item)),
    redrawAll() {
      rows.clear();
      for (const section of sections) {
        const item = draft.values.letters.find((each) => each.template === section.dataset.letter);
        hold(section, item);
        rows.set(item, section);
        fill(section, item);
        asked.delete(section);
        if (section.checkVisibility()) preview(section);
      }
    },
    find(rest) {
      const [n, name] = rest.split(".");
      return { item: draft.values.letters[Number(n)], list: this, name };
    },
    field: (item, name) => rows.get(item).querySelector(`[data-field="${name}"]`),
    itemAt: (node) => itemOf(node),
  };
}

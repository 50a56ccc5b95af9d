// <chip-list list="datalist's id" label="…" name="…" value="a,b">: several values, each a chip with its own remove button, one more typed or chosen from a list.
import { element, icon } from "./core.js";

class ChipList extends HTMLElement {
  static formAssociated = true;
  #internals = this.attachInternals();
  #value = [];
  #names = new Map();

  get value() {
    return this.#value;
  }

  /** Redraws only what differs, so that what is half typed stays. */
  set value(values) {
    this.#value = [...values];
    this.#draw();
    const name = this.getAttribute("name");
    if (!name) return;
    const said = new FormData();
    for (const value of this.#value) said.append(name, value);
    this.#internals.setFormValue(said);
  }

  /** Code and name of each that may be chosen, where only those may. */
  set choices(pairs) {
    this.#names = new Map(pairs);
    this.#list().replaceChildren(...pairs.map(([code, name]) => element("option", { value: name }, name === code ? "" : code)));
    this.#draw();
  }

  get input() {
    return this.querySelector("input");
  }

  connectedCallback() {
    if (this.input) return;
    const label = this.getAttribute("label");
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", label);
    const given = this.getAttribute("list");
    const input = element("input", { type: "text", autocomplete: "off", maxlength: "255", "aria-label": `Add: ${label}`, placeholder: this.getAttribute("placeholder") ?? "Add" });
    if (given || this.hasAttribute("choices")) input.setAttribute("list", given ?? `${this.id || crypto.randomUUID()}-list`);
    this.append(input);
    if (!given && input.hasAttribute("list")) this.append(element("datalist", { id: input.getAttribute("list") }));
    if (given) for (const option of this.#list().options) this.#names.set(option.dataset.code ?? option.value, option.value);
    this.addEventListener("keydown", (event) => this.#key(event));
    input.addEventListener("change", () => this.#take());
    input.addEventListener("input", (event) => {
      event.stopPropagation();
      if (!(event instanceof InputEvent) || event.inputType === "insertReplacementText") this.#take(); // chosen from the list
    });
    this.addEventListener("click", (event) => {
      const chip = event.target.closest("[data-value]");
      if (chip && event.target.closest("button")) this.#remove(chip.dataset.value);
    });
    if (this.getAttribute("value")) this.value = this.getAttribute("value").split(",");
    else this.#draw();
  }

  #list = () => document.getElementById(this.input.getAttribute("list"));
  #strict = () => this.hasAttribute("strict");

  #key(event) {
    if (event.target !== this.input) return;
    if (event.key === "Enter" || (event.key === "," && !this.#strict())) {
      event.preventDefault();
      this.#take();
    } else if (event.key === "Backspace" && !this.input.value && this.#value.length) this.#remove(this.#value.at(-1));
  }

  #take() {
    const typed = this.input.value.trim();
    if (!typed) return;
    const [code] = [...this.#names].find(([code, name]) => [code, name].some((each) => each.toLowerCase() === typed.toLowerCase())) ?? [];
    if (!code && this.#strict()) return this.#refuse(typed);
    this.#refuse();
    this.input.value = "";
    this.#set(this.#value.includes(code ?? typed) ? this.#value : [...this.#value, code ?? typed]);
  }

  #refuse(typed) {
    this.input.setCustomValidity(typed ? `“${typed}” is not in the list.` : "");
    if (typed) this.input.reportValidity();
  }

  #remove(value) {
    this.#set(this.#value.filter((each) => each !== value));
    this.input.focus();
  }

  #set(values) {
    this.value = values;
    this.dispatchEvent(new Event("input", { bubbles: true }));
    this.dispatchEvent(new Event("change", { bubbles: true }));
  }

  #draw() {
    if (!this.input) return;
    for (const chip of [...this.querySelectorAll("[data-value]")]) chip.remove();
    this.input.before(...this.#value.map((value) => {
      const name = this.#names.get(value) ?? value;
      return element("span", { class: "chip", "data-value": value }, name, element("button", { type: "button", "aria-label": `Remove ${name}` }, icon("x")));
    }));
  }
}

customElements.define("chip-list", ChipList);

// Focus stays where somebody works: at the same control when the part around it is fetched again, or when it could not be pressed meanwhile;
// at the head of what has taken its place where it is gone.
const TELLING = ["href", "name", "value", "for", "commandfor", "popovertarget", "aria-label", "hx-get", "hx-post"];
const HEADS = '[role="alert"]:not(:empty, [data-refusal]), h1, h2, h3';

const usable = (control) => control?.isConnected && !control.disabled && control.checkVisibility();
const lost = () => document.activeElement === document.body || !usable(document.activeElement);
const quoted = ({ name, value }) => `[${CSS.escape(name)}="${CSS.escape(value)}"]`;
const wordsOf = (control) => control.textContent.trim();

/** What a control is known by when it comes again: its id, else what it leads to or is called, and its place among those alike. */
function described(control) {
  const told = [...control.attributes].filter(({ name }) => TELLING.includes(name) || name.startsWith("data-"));
  const selector = control.id ? `#${CSS.escape(control.id)}` : control.localName + told.map(quoted).join("");
  const dialog = control.closest("dialog");
  return {
    control,
    selector,
    nameless: !control.id && !told.length,
    words: wordsOf(control),
    place: [...document.querySelectorAll(selector)].indexOf(control),
    subject: subjectOf(control),
    opener: dialog && `[commandfor="${CSS.escape(dialog.id)}"]:not(dialog *)`,
  };
}

const subjectOf = (control) => control.closest("[data-subject]")?.dataset.subject;

/** The same control; none where it would act on another thing now, such as the order after one that was approved, or do something else to it. */
function again({ control, selector, nameless, words, place, subject, opener }) {
  if (usable(control)) return control;
  const alike = [...document.querySelectorAll(selector)];
  const same = alike.filter((each) => wordsOf(each) === words);
  const there = alike[place];
  return [same.length === 1 ? same[0] : (!nameless || same.includes(there)) && there, same[0], opener && document.querySelector(opener)].find((each) => usable(each) && subjectOf(each) === subject);
}

/** Also at a heading or a sentence, which otherwise takes none. */
export function focusAt(place) {
  if (!place.matches("a, button, input, select, textarea, summary, [tabindex]")) place.tabIndex = -1;
  place.focus({ preventScroll: true });
}

const focusHead = (part) => focusAt([...part.querySelectorAll(HEADS)].find(usable) ?? part);

/** After something that switched it off for a while. */
export const focusAgain = (control) => lost() && usable(control) && control.focus({ preventScroll: true });

export function keepFocus() {
  const pressed = new WeakMap();
  let kept;
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    const cause = detail.requestConfig.triggeringEvent;
    if (cause && cause.type !== "live" && !lost()) pressed.set(detail.xhr, described(document.activeElement));
  });
  const leaves = ({ target }) => target.contains(document.activeElement) && !lost() && (kept = described(document.activeElement));
  document.addEventListener("htmx:oobBeforeSwap", ({ detail }) => leaves(detail));
  document.addEventListener("htmx:beforeSwap", ({ detail }) => leaves(detail));
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    const before = kept ?? pressed.get(detail.xhr);
    kept = undefined;
    if (!before || !lost()) return;
    const control = again(before);
    if (control) focusAt(control);
    else focusHead(document.getElementById(detail.target?.id) ?? document.getElementById("main"));
  });
  // A dialog that a key has opened, or whose button was drawn again under it, is closed to its button.
  document.addEventListener("close", ({ target }) => target.id && focusAgain(document.querySelector(`[commandfor="${CSS.escape(target.id)}"]:not(dialog *)`)), true);
}

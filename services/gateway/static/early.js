// Runs before the first paint, so that no page flashes in the other theme.
for (const name of ["theme", "density"]) {
  const kept = localStorage.getItem(name);
  if (kept) document.documentElement.dataset[name] = kept;
}

// What is pressed before the script that acts on it is there waits for it: the browser alone would do nothing, or put a form into the address.
let pressed;
function early(event) {
  const sends = event.type === "submit";
  const pressedOn = event.target.closest(sends ? "form[hx-post]" : "button[hx-get], button[hx-post]");
  if (!pressedOn) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const { submitter } = event;
  pressed = () => (sends ? pressedOn.requestSubmit(submitter) : pressedOn.click());
}
const presses = ["submit", "click"];
for (const press of presses) document.addEventListener(press, early, true);
document.addEventListener("htmx:load", () => {
  for (const press of presses) document.removeEventListener(press, early, true);
  pressed?.();
}, { once: true });

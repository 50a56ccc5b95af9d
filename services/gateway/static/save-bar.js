// A save bar that is there only while something of its form is not saved; whoever leaves then is asked.

/** Gives what draws it, after a change that is no input. */
export function saveBar(form) {
  const bar = document.getElementById("save-bar");
  const state = () => new URLSearchParams(new FormData(form)).toString();
  const saved = bar.hidden ? served(form, state) : "";
  const draw = () => { bar.hidden = state() === saved; };
  let leaving = false;
  form.addEventListener("input", draw);
  form.addEventListener("submit", () => { leaving = true; });
  bar.querySelector("a").addEventListener("click", () => { leaving = true; });
  addEventListener("beforeunload", (event) => {
    if (!leaving && state() !== saved) event.preventDefault();
  });
  draw();
  return draw;
}

/** As the server sent it, whatever was changed before this script was there. */
function served(form, state) {
  const changed = [...form.elements].map((field) => [field, /^(checkbox|radio)$/.test(field.type) ? { checked: field.checked } : { value: field.value }]);
  form.reset();
  const sent = state();
  for (const [field, now] of changed) Object.assign(field, now);
  return sent;
}

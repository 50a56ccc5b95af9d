// The form of a gateway that is being added asks for the secrets of the chosen kind alone.
const kind = document.getElementById("kind");

function show() {
  for (const secrets of document.querySelectorAll("[data-kind]")) {
    secrets.hidden = secrets.dataset.kind !== kind.value;
    for (const input of secrets.querySelectorAll("input")) input.disabled = secrets.hidden;
  }
}

if (kind) {
  kind.addEventListener("change", show);
  show();
}

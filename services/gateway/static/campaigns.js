// The list of campaigns: a file to import is read into the text, and can be imported once it was checked.
const text = document.getElementById("import-text");
const said = document.getElementById("import-said");
const go = document.getElementById("import-go");
const MOST = 4_000_000;

const unchecked = () => {
  go.hidden = true;
  said.replaceChildren();
};

document.getElementById("import-file").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  unchecked();
  if (!file) return;
  if (file.size > MOST) {
    said.textContent = "The file is larger than 4 MB. That is no campaign.";
    return;
  }
  text.value = await file.text();
  said.textContent = `${file.name} is read. Check it.`;
});
for (const field of [text, document.getElementById("import-name")]) field.addEventListener("input", unchecked);
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target === said) go.hidden = !said.querySelector("[data-ready]");
});

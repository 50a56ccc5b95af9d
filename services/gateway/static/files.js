// Files on their way to the server, and what is wrong in them.
import { element, icon, Problem } from "./core.js";

export const base64 = async (file) => {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let n = 0; n < bytes.length; n += 32_768) text += String.fromCharCode(...bytes.subarray(n, n + 32_768));
  return btoa(text);
};

/** Every row that is not right, by its name. */
export function refused(place, problem) {
  if (!(problem instanceof Problem)) return place.replaceChildren(element("p", { class: "error", role: "alert" }, icon("alert"), "No connection. Try again."));
  const errors = problem.body.errors ?? [{ field: problem.body.field, detail: problem.message }];
  place.replaceChildren(
    element("p", { class: "error", role: "alert" }, icon("alert"), `Nothing is imported: ${errors.length === 1 ? "one thing is" : `${errors.length} things are`} not right.`),
    element("ul", { class: "stack tight" }, ...errors.map(({ field, detail }) => element("li", {}, element("strong", {}, field ?? "File"), ` ${detail}`))));
}

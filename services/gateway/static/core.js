// What every page's script shares: calls to the server, what happens live, small things on the screen.

const csrf = document.querySelector('meta[name="csrf"]')?.content ?? "";

export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? "Something went wrong. Try again.");
    this.status = status;
    this.body = body;
  }
}

/** The answer's JSON; a file is sent as it is. Throws Problem for a refusal, TypeError when nobody answered. */
export async function ask(method, path, body, headers = {}) {
  const sent = { accept: "application/json", "x-csrf-token": csrf, ...headers };
  if (body !== undefined) sent["content-type"] = body instanceof Blob ? "application/octet-stream" : "application/json";
  const response = await fetch(path, { method, headers: sent, body: body === undefined || body instanceof Blob ? body : JSON.stringify(body) });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(response.status, answer);
  return answer;
}

export const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** An element with attributes and children; text is text, never HTML. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export const icon = (name) => document.getElementById(`icon-${name}`).content.firstElementChild.cloneNode(true);

/** One stream a browser: the tab that holds the lock reads it and tells the others. Listeners hear ringup:live on the document. */
export function followLive() {
  const channel = new BroadcastChannel("ringup-live");
  const tell = (notice) => document.dispatchEvent(new CustomEvent("ringup:live", { detail: notice }));
  channel.onmessage = (event) => tell(event.data);
  const read = () =>
    navigator.locks.request("ringup-live", () => new Promise((release) => {
      const source = new EventSource("/live");
      source.addEventListener("notice", (event) => {
        const notice = JSON.parse(event.data);
        tell(notice);
        channel.postMessage(notice);
      });
      source.onerror = () => {
        if (source.readyState === EventSource.CLOSED) release();
      };
    })).then(() => wait(5000)).then(read);
  // Where another tab reads already, nobody says that this one may have missed something since it was made.
  navigator.locks.query().then(({ held }) => {
    if (held.some((lock) => lock.name === "ringup-live")) tell({ type: "connected" });
    read();
  });
}

export const onLive = (listener) => document.addEventListener("ringup:live", (event) => listener(event.detail));

/** Resolves when something happens to it. */
export const heardOf = (subject) => new Promise((done) => {
  const listener = (event) => {
    if (event.detail.subject !== subject) return;
    document.removeEventListener("ringup:live", listener);
    done();
  };
  document.addEventListener("ringup:live", listener);
});

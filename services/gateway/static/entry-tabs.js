// An order that is open in several tabs of this browser: each of them says so.
import { element, icon } from "./core.js";
import { onOrder } from "./entry-order.js";
import { say } from "./entry-view.js";

const WORDS = "This order is open in another tab, too. What is typed in one is shown in the other; where both change the same, you are asked.";
const mine = crypto.randomUUID();
const others = new Set();
let channel = null;

onOrder((view) => {
  if (!view.order_id || channel) return;
  channel = new BroadcastChannel(`ringup-order-${view.order_id}`);
  channel.onmessage = ({ data: { tab, is } }) => {
    if (is === "new") tell("here");
    if (is === "gone") others.delete(tab);
    else others.add(tab);
    draw();
  };
  tell("new");
});

const tell = (is) => channel?.postMessage({ tab: mine, is });

function draw() {
  const shown = document.getElementById("other-tabs");
  if (Boolean(shown) === others.size > 0) return;
  if (shown) return shown.remove();
  document.getElementById("banner").before(element("div", { class: "banner", "data-tone": "warn", id: "other-tabs" }, icon("alert"), element("p", {}, WORDS)));
  say(WORDS);
}

// A page that is kept for the way back is not open.
window.addEventListener("pagehide", () => tell("gone"));
window.addEventListener("pageshow", (event) => event.persisted && tell("new"));

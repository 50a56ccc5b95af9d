// The link for the customer, on Order Entry: what is typed is saved first, and the call ends with it.
import { Problem } from "./core.js";
import { missing, refused } from "./entry-nosale.js";
import { adopt, onOrder, order, save, send } from "./entry-order.js";
import { underway } from "./entry-process.js";
import { register } from "./keys.js";
import { linksOf, loadLinks, openLinks } from "./links.js";

let known = "";
onOrder((view) => {
  if (!view.order_id || view.order_id === known) return;
  known = view.order_id;
  linksOf(known, {
    before: async () => {
      if (underway() || !["open", "partial"].includes(order().stage) || (order().stage === "open" && missing())) return false;
      await save();
      return true;
    },
    issue: (path, body) => send(path, body),
    made: adopt,
    refused: (problem) => problem instanceof Problem && problem.body.code === "incomplete" && refused(problem),
  });
  if (view.stage === "partial" || view.of === "customer") loadLinks();
});

register([{ keys: "Alt+L", does: "Link for the customer", where: "Order entry", act: openLinks, button: "#send-link" }]);

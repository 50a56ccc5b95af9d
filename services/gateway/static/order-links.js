// Links for the customer, from an order's Summary.
import { linksOf } from "./links.js";

linksOf(document.getElementById("order").dataset.subject);

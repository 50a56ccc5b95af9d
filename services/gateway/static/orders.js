// The moment that an order's timeline stands at: the slider dims what came later at once, the address keeps it.
const times = () => [...document.querySelectorAll(".timeline time")].map((time) => time.dateTime).reverse();

document.addEventListener("input", (event) => {
  if (event.target.id !== "asof") return;
  const last = Number(event.target.value);
  [...document.querySelectorAll(".timeline li")].reverse().forEach((row, n) => row.classList.toggle("later", n >= last));
  document.getElementById("asof-said").value = last === Number(event.target.max) ? "Now" : document.querySelectorAll(".timeline time")[event.target.max - last].title;
});

document.addEventListener("change", (event) => {
  if (event.target.id !== "asof") return;
  const { value, max, dataset } = event.target;
  const address = value === max ? `/orders/${dataset.order}` : `/orders/${dataset.order}?as_of=${encodeURIComponent(times()[value - 1])}`;
  history.replaceState(null, "", address);
  window.htmx.ajax("GET", address, { target: "#order", swap: "outerHTML" });
});

// Links for the customer, where one may be sent.
if (document.getElementById("links"))
  import("./links.js").then(({ linksOf }) => linksOf(document.getElementById("order").dataset.subject));

// The moment that an order's Summary stands at: the slider dims what came later at once, the page of then follows, the address keeps it.
const times = () => [...new Set([...document.querySelectorAll(".timeline time")].map((time) => time.dateTime))].reverse();

document.addEventListener("input", (event) => {
  if (event.target.id !== "asof") return;
  const { value, max } = event.target;
  const moment = value === max ? "" : times()[value - 1];
  for (const row of document.querySelectorAll(".timeline li")) row.classList.toggle("later", moment !== "" && row.querySelector("time").dateTime > moment);
  const said = moment ? document.querySelector(`.timeline time[datetime="${CSS.escape(moment)}"]`).title : "Now";
  document.getElementById("asof-said").value = said;
  event.target.setAttribute("aria-valuetext", said);
});

document.addEventListener("change", (event) => {
  if (event.target.id !== "asof") return;
  const { value, max, dataset } = event.target;
  const address = value === max ? `/orders/${dataset.order}` : `/orders/${dataset.order}?as_of=${encodeURIComponent(times()[value - 1])}`;
  history.replaceState(null, "", address);
  window.htmx.ajax("GET", address, { target: "#order", swap: "outerHTML" });
});

// What happens meanwhile does not bring the page back to now.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, requestConfig } = event.detail;
  const slider = document.getElementById("asof");
  if (target.id === "order" && requestConfig.triggeringEvent?.type === "live" && slider && slider.value !== slider.defaultValue) event.detail.shouldSwap = false;
});

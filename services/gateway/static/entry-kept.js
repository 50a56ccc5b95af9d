// Runs before the first paint: a tab that is in a call comes back to it, so that nothing is typed into a page that is about to go.
{
  const kept = JSON.parse(sessionStorage.getItem("call") ?? "null");
  if (kept?.order_id && location.pathname === "/order-entry" && !location.search) {
    document.documentElement.hidden = true;
    location.replace(`/order-entry/${kept.order_id}`);
  }
}

// Runs before the first paint, so that no page flashes in the other theme.
for (const name of ["theme", "density"]) {
  const kept = localStorage.getItem(name);
  if (kept) document.documentElement.dataset[name] = kept;
}

// Single keys for the desk. The page is whole without them, and an account can do without.
function step(by) {
  const rows = [...document.querySelectorAll(".queue tbody th a")], at = rows.indexOf(document.activeElement);
  rows[Math.max(0, Math.min(rows.length - 1, at + by))]?.focus();
}

// A form that asks for something is gone to; one that does not is sent.
function act(spot) {
  const field = spot.querySelector("select, textarea");
  if (spot.matches("a, button")) spot.click();
  else if (field && spot.dataset.key !== "v") field.focus();
  else spot.requestSubmit();
}

document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return;
  const spot = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (event.key === "j" || event.key === "k") step(event.key === "j" ? 1 : -1);
  else if (event.key === "/" && document.querySelector("#q")) document.querySelector("#q").focus();
  else if (spot) act(spot);
  else return;
  event.preventDefault();
});

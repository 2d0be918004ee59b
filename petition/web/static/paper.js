// At the intake desk Enter goes on to the next field, and from the last one the line is kept. Without it Enter keeps it.
const line = document.querySelector("form[data-line]");
if (line) {
  for (const hint of line.querySelectorAll("[data-enter]")) hint.hidden = false;
  line.addEventListener("keydown", event => {
    if (event.key !== "Enter" || event.isComposing || event.repeat || event.target.matches("button")) return;
    const fields = [...line.querySelectorAll("input:not([type=hidden]), select")];
    const next = fields[fields.indexOf(event.target) + 1];
    event.preventDefault();
    if (!next || event.ctrlKey) line.requestSubmit(line.querySelector("button"));
    else { next.focus(); next.select?.(); }
  });
}

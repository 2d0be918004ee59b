// Moves an open page's numbers and shows how a signatory will appear. The page is whole without it.
const $ = selector => document.querySelector(selector), each = (selector, act) => document.querySelectorAll(selector).forEach(act);
const { counts, locale, total } = $("main").dataset, rtl = document.dir === "rtl", utc = { timeZone: "UTC" };
const number = n => n.toLocaleString(locale);
let was = +total, got, told = 0, soon, due, last = 0;

// Past the ruler's end only the server knows the next mark, and the day of a milestone; a page kept from before does not.
// Half a minute apart: every open page asks. What moves over leaves the new page, so the first there is always the next.
function grow() {
  due ||= setTimeout(async () => {
    due = 0, last = Date.now();
    const doc = new DOMParser().parseFromString(await (await fetch(location, { cache: "reload" })).text(), "text/html");
    each("[data-new]", old => old.replaceWith(doc.querySelector("[data-new]") || old));
    show(got);
  }, last + 3e4 - Date.now());
}

function show(c) {
  got = c;
  const at = new Date(c.as_of), top = +$(".measure").dataset.top;
  const now = { ...c, awaiting: c.awaiting_verification };
  for (const kind of ["by_method", "removed"]) for (const name in c[kind]) now[kind + ":" + name] = c[kind][name];
  for (const row of c.by_category) now["category:" + row.category] = row.total;
  each("[data-live]", spot => {
    const n = now[spot.dataset.live];
    if (n >= 0) spot.textContent = number(n);
  });
  $("[data-live=time]").textContent = at.toLocaleTimeString(locale, { ...utc, timeStyle: "short", hourCycle: "h23" });
  $("[data-live=day]").textContent = at.toLocaleDateString(locale, { ...utc, dateStyle: "long" });
  each("[data-bar]", bar => {
    const width = Math.min(100, 100 * (now[bar.dataset.bar] || 0) / (bar.dataset.bar === "total" ? top : c.total || 1));
    bar.setAttribute("width", `${width}%`);
    bar.setAttribute("x", `${rtl ? 100 - width : 0}%`);
  });
  if (c.total > top || c.total >= $("[data-next]")?.dataset.next) grow();
  if (c.total !== was) tell(number(was = c.total));
}

// A screen reader hears the count at most every 30 seconds.
function tell(text) {
  clearTimeout(soon);
  soon = setTimeout(() => {
    told = Date.now();
    $("[data-said]").textContent = $("[data-said]").dataset.said + text;
  }, told + 3e4 - Date.now());
}

const source = new EventSource(counts + "/stream");
source.addEventListener("counts", event => show(JSON.parse(event.data)));
setInterval(async () => got && source.readyState === 1 || show(await (await fetch(counts)).json()), 15e3);

const name = $("#full_name"), category = $("#category");
// As identity.initials on the server: without the Arabic article, capitals where the script has them.
function initial(word) {
  const [a = "", b, c, d] = word.match(/(?![เ-ไເ-ໄ\p{Lm}])[\p{L}\p{N}]/gu) || [], big = a.toUpperCase();
  return a + b === "ال" && d ? c : big[1] || /[ა-ჿ]/.test(a) ? a : big;
}
function appear() {
  const typed = name.value.trim().split(/\s+/), option = category.selectedOptions[0], later = option.parentNode.dataset.later;
  const first = typed.map(initial).filter(String);
  first.splice(3, first.length - 4);
  each("[data-as]", spot => {
    const who = document.createElement("bdi"), hint = spot.dataset.hint ??= spot.textContent;
    who.textContent = (spot.dataset.as === "name" ? typed : first.map(a => a + ".")).join(" ");
    spot.replaceChildren(...typed[0] ? [who, option.value && ` · ${option.text.trim()}${later ? ` (${later})` : ""}`] : [hint]);
  });
}
if (category) [name, category].forEach(field => field.oninput = appear), appear();

if (navigator.clipboard) each("[data-copy]", button => {
  button.parentNode.hidden = false;
  button.onclick = async () => { await navigator.clipboard.writeText(button.dataset.copy); button.textContent = button.dataset.done; };
});

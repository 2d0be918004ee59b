// Recounts a petition from its public ledger, in this browser. What is checked is said in docs/ledger.md.
// Files are read when the button is pressed; receipts and checkpoints chosen here never leave this machine.
const box = document.querySelector("[data-ledger]"), { ledger, numbers, slug, locale } = box.dataset;
const spot = name => box.querySelector(`[data-step=${name}]`), form = box.querySelector("form");
const utf8 = new TextEncoder(), text = bytes => new TextDecoder("utf-8", { fatal: true }).decode(bytes);
const REASONS = ["withdrawn", "merged", "invalidated", "erased"], DIGEST = /^[A-Za-z0-9+/]{43}=$/;
const sha = async data => new Uint8Array(await crypto.subtle.digest("SHA-256", data));
const unb64 = line => Uint8Array.from(atob(line), sign => sign.charCodeAt(0));
const b64 = bytes => btoa(String.fromCharCode(...bytes)), same = (one, other) => b64(one) === b64(other);
const join = (...parts) => { const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0)); let at = 0; for (const p of parts) { all.set(p, at); at += p.length; } return all; };
const KEYS = { counted: "bind category event method petition receipt v", verified: "category event of petition v" };
Object.assign(KEYS, { moved: KEYS.verified, removed: "event of petition reason v", restored: "event of petition v" });
let known;

// Why something does not hold: a code, for which the page has words, and what it is about, as the files have it.
class Wrong extends Error {
  constructor(code, about = "") { super(code); this.about = about; }
}
class Away extends Error {}
const check = (holds, code, about) => { if (!holds) throw new Wrong(code, about); };
const why = code => box.querySelector(`[data-why=${code}]`).textContent;

async function ask(path) {
  const answer = await fetch(path, { cache: "no-store", credentials: "omit" });
  if (!answer.ok) throw new Away(`${path}: ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

async function readKey(line) {
  const [name, id, material] = line.trim().split("+").length > 2 ? /^([^+]+)\+([^+]+)\+(.+)$/.exec(line.trim()).slice(1) : [];
  check(name && unb64(material)[0] === 1 && unb64(material).length === 33, "key");
  return { name, id, key: await crypto.subtle.importKey("raw", unb64(material).slice(1), "Ed25519", false, ["verify"]) };
}

// { size, root } of a checkpoint that this key signed. One kept from before may bear an earlier key, or another address:
// that is `unknown`, and its root has to fit all the same.
async function readCheckpoint(note, { name, id, key }, kept = false) {
  const cut = note.lastIndexOf("\n\n"), [origin, size, root] = note.slice(0, cut).split("\n");
  const ours = origin === name || (kept && origin.endsWith(`/ledger/${slug}`));
  check(cut > 0 && ours && /^(0|[1-9]\d*)$/.test(size), "foreign", origin);
  const own = note.slice(cut + 2).split("\n").filter(line => line.startsWith(`— ${name} `)).map(line => unb64(line.split(" ")[2]))
    .filter(signed => [...signed.slice(0, 4)].map(byte => byte.toString(16).padStart(2, "0")).join("") === id);
  check(own.length || (kept && note.includes(`\n— ${origin} `)), "unsigned", name);
  for (const signed of own) {
    check(await crypto.subtle.verify("Ed25519", key, signed.slice(4), utf8.encode(note.slice(0, cut + 1))), "forged", name);
  }
  // Others may have signed too: whether these are witnesses to be trusted, only their keys tell.
  const others = note.slice(cut + 2).split("\n").filter(line => line.startsWith("— ")).map(line => line.split(" ")[1]).filter(other => other !== name);
  return { size: +size, root: unb64(root), others, unknown: own.length ? "" : origin };
}

async function rootOf(hashes) {
  while (hashes.length > 1) {
    const above = [];
    for (let n = 0; n < hashes.length; n += 2) above.push(n + 1 < hashes.length ? sha(join([1], hashes[n], hashes[n + 1])) : hashes[n]);
    hashes = await Promise.all(above);
  }
  return hashes[0] ?? sha(new Uint8Array());
}

function address(number, wide) {
  let path = String(number % 1000).padStart(3, "0");
  while ((number = Math.floor(number / 1000))) path = `x${String(number % 1000).padStart(3, "0")}/${path}`;
  return `${ledger}/tile/entries/${path}${wide < 256 ? `.p/${wide}` : ""}`;
}

function fold(body, lines, seen) {
  const entry = JSON.parse(body), keys = Object.keys(entry).sort();
  const canonical = `{${keys.map(key => `${JSON.stringify(key)}:${JSON.stringify(entry[key])}`).join(",")}}`;
  check(canonical === body && KEYS[entry.event] === keys.join(" ") && entry.v === 1 && entry.petition === slug, "strange", body);
  check(entry.event !== "removed" || REASONS.includes(entry.reason), "strange", body);
  if (entry.event === "counted") {
    for (const digest of [entry.bind, entry.receipt]) {
      check(DIGEST.test(digest) && b64(unb64(digest)) === digest, "strange", body);
      check(!seen.has(digest), "twice", body);
      seen.add(digest);
    }
    lines.push({ ...entry, verified: false, gone: null });
    return;
  }
  const line = Number.isInteger(entry.of) && lines[entry.of];
  check(line && (entry.event === "restored") === !!line.gone, "act", body);
  if ("category" in entry) {
    line.verified = entry.event === "verified" || (line.verified && entry.category !== null);
    line.category = entry.category;
  } else line.gone = entry.reason ?? null;
  lines.push(null);
}

function compare(lines, said) {
  const ours = {}, theirs = {}, add = (name, n = 1) => { ours[name] = (ours[name] || 0) + n; };
  for (const line of lines) {
    if (!line) continue;
    if (line.gone) { add(`removed ${line.gone}`); continue; }
    add("total"); add(`method ${line.method}`); add(line.category === null ? "awaiting" : `category ${line.category}`);
    if (line.verified) { add("verified"); add(`verified ${line.category}`); }
  }
  Object.assign(theirs, { total: said.total, verified: said.verified, awaiting: said.awaiting_verification });
  check(said.petition === slug, "differs", `petition: ${slug} ≠ ${said.petition}`);
  for (const row of said.by_category) {
    check(!(`category ${row.category}` in theirs), "differs", `category ${row.category} ×2`);
    theirs[`category ${row.category}`] = row.total;
    theirs[`verified ${row.category}`] = row.verified;
  }
  for (const name in said.by_method) theirs[`method ${name}`] = said.by_method[name];
  for (const name in said.removed) theirs[`removed ${name}`] = said.removed[name];
  for (const name in { ...ours, ...theirs }) {
    check((ours[name] || 0) === (theirs[name] || 0), "differs", `${name}: ${ours[name] || 0} ≠ ${theirs[name] || 0}`);
  }
}

function tell(name, state, detail = "", code = "") {
  const step = spot(name);
  step.dataset.state = state;
  step.querySelector("[data-mark]").textContent = { ok: "✓", wrong: "✗", runs: "…" }[state] || "○";
  step.querySelector("[role=status]").textContent = [box.dataset[state] || "", code && why(code)].join(" ").trim();
  step.querySelector("code").textContent = detail;
}

async function step(name, work) {
  tell(name, "runs");
  try {
    const done = await work();
    tell(name, "ok", done?.detail, done?.unknown && "another-key");
    return done;
  } catch (wrong) {
    if (wrong instanceof Wrong) tell(name, "wrong", wrong.about, wrong.message);
    else tell(name, "broken", wrong instanceof Away ? wrong.message : "");
    throw wrong;
  }
}

async function recount() {
  const [said, key, head, note] = await step("signature", async () => {
    const said = JSON.parse(text(await ask(numbers)));
    const line = text(await ask(`${ledger}/key`)), key = await readKey(line);
    const note = text(await ask(`${ledger}/checkpoint`));
    const head = await readCheckpoint(note, key);
    return Object.assign([said, key, head, note], { detail: [line.trim(), ...head.others.map(other => `+ ${other}`)].join(" ") });
  });
  const hashes = [], lines = [], seen = new Set(), bar = box.querySelector("progress");
  await step("entries", async () => {
    check(head.size >= said.ledger_size && said.ledger_size >= 0, "older", `${head.size} < ${said.ledger_size}`);
    bar.hidden = false;
    bar.max = head.size || 1;
    if (!said.ledger_size) compare(lines, said);
    for (let from = 0; from < head.size; from += 256) {
      const wide = Math.min(256, head.size - from), bundle = await ask(address(from / 256, wide)), bodies = [];
      for (let at = 0; at < bundle.length;) {
        const end = at + 2 + bundle[at] * 256 + bundle[at + 1];
        bodies.push(bundle.slice(at + 2, end));
        at = end;
      }
      check(bodies.length === wide, "missing", address(from / 256, wide));
      hashes.push(...await Promise.all(bodies.map(body => sha(join([0], body)))));
      for (const body of bodies) {
        fold(text(body), lines, seen);
        if (lines.length === said.ledger_size) known = { said, lines: JSON.parse(JSON.stringify(lines)) };
      }
      bar.value = lines.length;
    }
  });
  bar.hidden = true;
  await step("root", async () => check(same(await rootOf(hashes), head.root), "root"));
  await step("counts", async () => {
    if (said.ledger_size) compare(known.lines, said);
    return { detail: said.total.toLocaleString(locale) };
  });
  known = { key, head, hashes, lines, note };
  box.querySelector("[data-own]").hidden = false;
}

// How a line stands, in the page's words.
const stands = (index, line, unknown) => ({ detail: `${index}: ${line.gone ? box.dataset.gone : box.dataset.stands}`, unknown });

async function follows(note) {
  const then = await readCheckpoint(note, known.key, true);
  check(then.size <= known.head.size, "larger", `${then.size} > ${known.head.size}`);
  check(same(await rootOf(known.hashes.slice(0, then.size)), then.root), "rewritten", then.unknown || String(then.size));
  return then;
}

async function letters(receipt) {
  let bits = "";
  for (const byte of unb64(receipt).slice(0, 7)) bits += byte.toString(2).padStart(8, "0");
  return bits.slice(0, 50).match(/.{5}/g).map(five => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[parseInt(five, 2)]).join("");
}

const own = {
  receipt: async content => {
    const [proof, ...rest] = content.split("\n\n"), [heading, extra, index] = proof.split("\n");
    check(heading === "c2sp.org/tlog-proof@v1", "no-receipt");
    check(extra?.startsWith("extra ") && /^index \d+$/.test(index), "unreadable");
    const { unknown } = await follows(rest.join("\n\n"));
    const at = +index.slice(6), line = known.lines[at], { code } = JSON.parse(text(unb64(extra.slice(6))));
    check(line && b64(await sha(unb64(code))) === line.receipt, "other-receipt");
    return stands(at, line, unknown);
  },
  code: async content => {
    const found = /^(\d+)-?([A-Z2-7]{5})-?([A-Z2-7]{5})$/.exec(content.toUpperCase().replace(/\s/g, ""));
    const line = found && known.lines[+found[1]];
    check(line && await letters(line.receipt) === found[2] + found[3], "no-line");
    return stands(+found[1], line);
  },
  since: async content => {
    const { size, unknown } = await follows(content);
    return { detail: size.toLocaleString(locale), unknown };
  },
};

function look(name, content) {
  return step(name, async () => {
    // What editors and mails put around a text changes nothing in it.
    const plain = content.replace(/^\ufeff/, "").replace(/\n\n$/, "\n");
    try { return await own[name](plain); } catch (wrong) { throw wrong instanceof Wrong ? wrong : new Wrong("unreadable"); }
  }).catch(() => {});
}

box.querySelector("[data-plain]").hidden = true;
if (globalThis.crypto?.subtle) {
  form.hidden = false;
  form.onsubmit = async event => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    for (const name of ["signature", "entries", "root", "counts"]) tell(name, "");
    box.querySelector("ol").hidden = false;
    try { await recount(); } catch { /* told at its step */ }
    button.disabled = false;
  };
  for (const input of box.querySelectorAll("[data-look]")) {
    input.onchange = async () => input.value && look(input.dataset.look, input.type === "file" ? await input.files[0].text() : input.value);
  }
} else box.querySelector("[data-unable]").hidden = false;

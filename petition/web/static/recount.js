// Recounts a petition from its public ledger, in this browser. What is checked is said in docs/ledger.md.
// Files are read when the button is pressed; receipts and checkpoints chosen here never leave this machine.
const box = document.querySelector("[data-ledger]"), { ledger, numbers, slug, locale } = box.dataset;
const spot = name => box.querySelector(`[data-step=${name}]`), form = box.querySelector("form");
const utf8 = new TextEncoder(), text = bytes => new TextDecoder("utf-8", { fatal: true }).decode(bytes);
const sha = async data => new Uint8Array(await crypto.subtle.digest("SHA-256", data));
const unb64 = line => Uint8Array.from(atob(line), sign => sign.charCodeAt(0));
const b64 = bytes => btoa(String.fromCharCode(...bytes)), same = (one, other) => b64(one) === b64(other);
const join = (...parts) => { const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0)); let at = 0; for (const p of parts) { all.set(p, at); at += p.length; } return all; };
const KEYS = { counted: "bind category event method petition receipt v", verified: "category event of petition v" };
Object.assign(KEYS, { moved: KEYS.verified, removed: "event of petition reason v", restored: "event of petition v" });
let known;

class Wrong extends Error {}
const check = (holds, why) => { if (!holds) throw new Wrong(why); };

async function ask(path) {
  const answer = await fetch(path, { cache: "no-store", credentials: "omit" });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

async function readKey(line) {
  const [name, id, material] = line.trim().split("+").length > 2 ? /^([^+]+)\+([^+]+)\+(.+)$/.exec(line.trim()).slice(1) : [];
  check(name && unb64(material)[0] === 1 && unb64(material).length === 33, "the key line is none");
  return { name, id, key: await crypto.subtle.importKey("raw", unb64(material).slice(1), "Ed25519", false, ["verify"]) };
}

// { size, root } of a checkpoint that this key signed.
async function readCheckpoint(note, { name, id, key }) {
  const cut = note.lastIndexOf("\n\n"), [origin, size, root] = note.slice(0, cut).split("\n");
  check(cut > 0 && origin === name && /^(0|[1-9]\d*)$/.test(size), "this is no checkpoint of this ledger");
  const own = note.slice(cut + 2).split("\n").filter(line => line.startsWith(`— ${name} `)).map(line => unb64(line.split(" ")[2]))
    .filter(signed => [...signed.slice(0, 4)].map(byte => byte.toString(16).padStart(2, "0")).join("") === id);
  check(own.length, "this key did not sign the checkpoint");
  for (const signed of own) {
    check(await crypto.subtle.verify("Ed25519", key, signed.slice(4), utf8.encode(note.slice(0, cut + 1))), "the signature does not hold");
  }
  // Others may have signed too: whether these are witnesses to be trusted, only their keys tell.
  const others = note.slice(cut + 2).split("\n").filter(line => line.startsWith("— ")).map(line => line.split(" ")[1]).filter(other => other !== name);
  return { size: +size, root: unb64(root), others };
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
  check(canonical === body && KEYS[entry.event] === keys.join(" ") && entry.v === 1 && entry.petition === slug, `a strange entry: ${body}`);
  if (entry.event === "counted") {
    check(!seen.has(entry.receipt), `entered twice: ${body}`);
    seen.add(entry.receipt);
    lines.push({ ...entry, verified: false, gone: null });
    return;
  }
  const line = lines[entry.of];
  check(line && (entry.event === "restored") === !!line.gone, `of a line that does not allow it: ${body}`);
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
  for (const row of said.by_category) { theirs[`category ${row.category}`] = row.total; theirs[`verified ${row.category}`] = row.verified; }
  for (const name in said.by_method) theirs[`method ${name}`] = said.by_method[name];
  for (const name in said.removed) theirs[`removed ${name}`] = said.removed[name];
  for (const name in { ...ours, ...theirs }) {
    check((ours[name] || 0) === (theirs[name] || 0), `${name}: the ledger says ${ours[name] || 0} and the site ${theirs[name] || 0}`);
  }
}

function tell(name, state, detail = "") {
  const step = spot(name);
  step.dataset.state = state;
  step.querySelector("[data-mark]").textContent = { ok: "✓", wrong: "✗", runs: "…" }[state] || "○";
  step.querySelector("[role=status]").textContent = box.dataset[state] || "";
  step.querySelector("code").textContent = detail;
}

async function step(name, work) {
  tell(name, "runs");
  try {
    const done = await work();
    tell(name, "ok", done?.detail);
    return done;
  } catch (wrong) {
    tell(name, wrong instanceof Wrong ? "wrong" : "broken", wrong.message);
    throw wrong;
  }
}

async function recount() {
  const said = JSON.parse(text(await ask(numbers)));
  const [key, head, note] = await step("signature", async () => {
    const line = text(await ask(`${ledger}/key`)), key = await readKey(line);
    const note = text(await ask(`${ledger}/checkpoint`));
    const head = await readCheckpoint(note, key);
    return Object.assign([key, head, note], { detail: [line.trim(), ...head.others.map(other => `+ ${other}`)].join(" ") });
  });
  const hashes = [], lines = [], seen = new Set(), bar = box.querySelector("progress");
  await step("entries", async () => {
    check(head.size >= said.ledger_size && said.ledger_size >= 0, "the checkpoint is older than the counts: try again in a second");
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
      check(bodies.length === wide, "entries are missing");
      hashes.push(...await Promise.all(bodies.map(body => sha(join([0], body)))));
      for (const body of bodies) {
        fold(text(body), lines, seen);
        if (lines.length === said.ledger_size) known = { said, lines: JSON.parse(JSON.stringify(lines)) };
      }
      bar.value = lines.length;
    }
  });
  bar.hidden = true;
  await step("root", async () => check(same(await rootOf(hashes), head.root), "the entries do not make the root that was signed"));
  await step("counts", async () => {
    if (said.ledger_size) compare(known.lines, said);
    return { detail: said.total.toLocaleString(locale) };
  });
  known = { key, head, hashes, lines, note };
  box.querySelector("[data-own]").hidden = false;
}

// How a line stands, in the page's words.
const stands = (index, line) => ({ detail: `${index}: ${line.gone ? box.dataset.gone : box.dataset.stands}` });

async function follows(note) {
  const then = await readCheckpoint(note, known.key);
  check(then.size <= known.head.size, `${then.size} > ${known.head.size}`);
  check(same(await rootOf(known.hashes.slice(0, then.size)), then.root), `the first ${then.size} entries are others now`);
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
    check(heading === "c2sp.org/tlog-proof@v1" && extra?.startsWith("extra ") && /^index \d+$/.test(index), "this is no receipt");
    await follows(rest.join("\n\n"));
    const at = +index.slice(6), line = known.lines[at], { code } = JSON.parse(text(unb64(extra.slice(6))));
    check(line && b64(await sha(unb64(code))) === line.receipt, "this is no receipt of this ledger");
    return stands(at, line);
  },
  code: async content => {
    const found = /^(\d+)-?([A-Z2-7]{5})-?([A-Z2-7]{5})$/.exec(content.toUpperCase().replace(/\s/g, ""));
    const line = found && known.lines[+found[1]];
    check(line && await letters(line.receipt) === found[2] + found[3], "there is no such line");
    return stands(+found[1], line);
  },
  since: async content => ({ detail: String((await follows(content)).size) }),
};

function look(name, content) {
  return step(name, async () => {
    try { return await own[name](content); } catch (wrong) { throw wrong instanceof Wrong ? wrong : new Wrong("this cannot be read"); }
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

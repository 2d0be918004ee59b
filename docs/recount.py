"""Recounts a petition from its public ledger (ledger.md), with Python's standard library and nothing else:
python3 recount.py https://example.org/ledger/some-petition [RECEIPT.tlog-proof]…"""

import json
import re
import sys
import urllib.request
from base64 import b64decode, b64encode
from collections import Counter
from hashlib import sha256, sha512
from pathlib import Path

KEYS = {"counted": "bind category event method petition receipt v", "verified": "category event of petition v"}
KEYS |= {"moved": KEYS["verified"], "removed": "event of petition reason v", "restored": "event of petition v"}
REASONS = ("withdrawn", "merged", "invalidated", "erased")
DIGEST = re.compile("[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=").fullmatch  # 32 bytes, in their one spelling


def check(holds, why):
    if not holds:
        sys.exit(f"WRONG: {why}")


def get(url):
    return urllib.request.urlopen(url, timeout=30).read()


P, Q = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493  # Ed25519 (RFC 8032), verifying alone
D = -121665 * pow(121666, -1, P) % P


def point(data):
    y, sign = int.from_bytes(data, "little") % 2**255, data[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x * pow(2, (P - 1) // 4, P) % P if (x * x - square) % P else x
    check(y < P and (x * x - square) % P == 0 and (x or not sign), "no point of the curve")
    return P - x if x % 2 != sign else x, y


def add(one, other):
    (x1, y1), (x2, y2) = one, other
    xy = D * x1 * x2 * y1 * y2 % P
    return (x1 * y2 + x2 * y1) * pow(1 + xy, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - xy, -1, P) % P


def times(number, base):
    total = (0, 1)
    while number:
        total, base, number = add(total, base) if number & 1 else total, add(base, base), number >> 1
    return total


def verify(public, message, signature):
    scalar, base = int.from_bytes(signature[32:], "little"), (4 * pow(5, -1, P) % P).to_bytes(32, "little")
    challenge = int.from_bytes(sha512(signature[:32] + public + message).digest(), "little") % Q
    right = add(point(signature[:32]), times(challenge, point(public)))
    check(len(signature) == 64 and scalar < Q and times(scalar, point(base)) == right, "a signature does not hold")


def checkpoint(note, vkey, kept=False):
    """(size, root) of a signed checkpoint. One `kept` may bear an earlier key or address: its root has to fit."""
    name, key_id, key = vkey.strip().split("+", 2)
    text, _, signatures = note.rpartition("\n\n")
    origin, size, root = text.split("\n")[:3]
    check(kept or origin == name, "a checkpoint of another ledger")
    ours = [b64decode(line.split(" ")[2]) for line in signatures.splitlines() if line.startswith(f"— {name} ")]
    check(kept or any(signature[:4].hex() == key_id for signature in ours), "a checkpoint that this key did not sign")
    for signature in (signature for signature in ours if signature[:4].hex() == key_id):
        verify(b64decode(key)[1:], (text + "\n").encode(), signature[4:])
    return int(size), b64decode(root)


def root_of(hashes):
    while len(hashes) > 1:  # RFC 6962: pairs from the left; one without a neighbour rises as it is
        pairs = [sha256(b"\x01" + hashes[n] + hashes[n + 1]).digest() for n in range(0, len(hashes) - 1, 2)]
        hashes = pairs + hashes[len(pairs) * 2 :]
    return hashes[0] if hashes else sha256().digest()


def entries(prefix, size):
    for number in range(-(-size // 256)):
        wide, path = min(256, size - number * 256), f"{number % 1000:03}"
        while number := number // 1000:
            path = f"x{number % 1000:03}/{path}"  # x001/x234/067
        bundle = get(f"{prefix}/tile/entries/{path}" + (f".p/{wide}" if wide < 256 else ""))
        while bundle:
            end = 2 + int.from_bytes(bundle[:2], "big")
            yield bundle[2:end]
            bundle = bundle[end:]


def act(line, entry):
    check(line and (entry["event"] == "restored") == bool(line["gone"]), f"{entry}, of a line that does not allow it")
    if entry["event"] in ("verified", "moved"):
        line["verified"] = entry["event"] == "verified" or (line["verified"] and entry["category"] is not None)
        line["category"] = entry["category"]
    else:
        line["gone"] = entry.get("reason")


def compare(lines, said):
    live = [line for line in lines if line and not line["gone"]]
    counted, verified = Counter(x["category"] for x in live), Counter(x["category"] for x in live if x["verified"])
    for name, mine, theirs in (
        ("total", len(live), said["total"]),
        ("verified", verified.total(), said["verified"]),
        ("awaiting", counted.pop(None, 0), said["awaiting_verification"]),
        ("by category", counted, Counter({c["category"]: c["total"] for c in said["by_category"]})),
        ("of these verified", verified, Counter({c["category"]: c["verified"] for c in said["by_category"]})),
        ("by method", Counter(line["method"] for line in live), Counter(said["by_method"])),
        ("removed", Counter(line["gone"] for line in lines if line and line["gone"]), Counter(said["removed"])),
    ):
        check(mine == theirs, f"{name}: the ledger says {mine}, the site {theirs}")


def main(prefix, *receipts):
    slug, site = prefix.rpartition("/")[2], prefix.rpartition("/ledger/")[0]
    vkey, said = get(f"{prefix}/key").decode(), json.loads(get(f"{site}/api/v1/petitions/{slug}/counts"))
    size, root = checkpoint(get(f"{prefix}/checkpoint").decode(), vkey)
    check(0 <= said["ledger_size"] <= size, "the checkpoint is older than the counts: try again in a second")
    hashes, lines, digests = [], [], []
    for body in (None, *entries(prefix, size)):
        if body is not None:
            entry = json.loads(body)
            canonical = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
            known = KEYS.get(entry["event"]) == " ".join(entry) and entry.get("reason", "erased") in REASONS
            check(known and canonical == body and body.endswith(b'"v":1}') and entry["petition"] == slug, f"? {body!r}")
            if entry["event"] == "counted":
                digests += [str(entry["bind"]), str(entry["receipt"])]
            else:
                act(lines[entry["of"]] if type(entry["of"]) is int and 0 <= entry["of"] < len(lines) else None, entry)
            lines.append({**entry, "verified": False, "gone": None} if entry["event"] == "counted" else None)
            hashes.append(sha256(b"\x00" + body).digest())
        if len(lines) == said["ledger_size"]:
            compare(lines, said)
    check(len(set(digests)) == len(digests) and all(map(DIGEST, digests)), "a digest twice, or what is none")
    check(len(hashes) == size and root_of(hashes) == root, "the entries do not make the signed root")
    print(f"{sum(1 for line in lines if line and not line['gone'])} signatures count, of {size} entries")
    for name in receipts:
        proof, _, note = Path(name).read_text("utf-8").partition("\n\n")
        extra, index = proof.split("\n")[1:3]
        extra, index, (old, then) = json.loads(b64decode(extra[6:])), int(index[6:]), checkpoint(note, vkey, True)
        check(old <= size and root_of(hashes[:old]) == then, "history was changed since this receipt")
        line, code = lines[index], b64encode(sha256(b64decode(extra["code"])).digest()).decode()
        check(line and code == line["receipt"], f"{name} is no receipt of line {index}")
        print(f"{name}: line {index} {'was ' + line['gone'] if line['gone'] else 'counts'}")


main(*sys.argv[1:])

"""Paper: a template of `templates/paper` and its content become a PDF, set by a process of its own (typesetter.py).

What is set goes there through a pipe and comes back through one: nothing of it touches the disk. The engine and its
fonts are the extra `pdf`; without them `lacking()` says what to install.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Mapping
from datetime import datetime
from importlib import util
from typing import Any
from weakref import WeakKeyDictionary

from petition.assets import asset
from petition.errors import OperatorError

logger = logging.getLogger("petition.paper")

NEEDED = ("typst", "fontpkg_amiri")
INSTALL = "pip install 'petition[pdf]'"
PATIENCE = 300.0
SIGNS = "SIGNS"
# Setting a part takes a core and some hundred megabytes: one at a time in each process (and event loop).
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


def lacking() -> str | None:
    """In one line what to install before a PDF can be made; None where all is there."""
    missing = [name for name in NEEDED if util.find_spec(name) is None]
    if not missing:
        return None
    return f"a PDF needs {' and '.join(missing).replace('_', '-')}: {INSTALL}"


async def pdf(template: str, content: Mapping[str, Any], at: datetime, *, undrawn: set[str] | None = None) -> bytes:
    """`at`: the moment that the file bears; the same content and moment give the same bytes.

    `undrawn` is told which scripts squares stand for, no font here drawing them; signs of no script are `SIGNS`.
    """
    source = (asset("templates") / "paper" / template).read_text(encoding="utf-8")
    return await pdf_of(source, content, at, undrawn=undrawn)


async def pdf_of(source: str, content: Mapping[str, Any], at: datetime, *, undrawn: set[str] | None = None) -> bytes:
    """The same of a template's text; what it imports lies in `templates/paper`."""
    if (told := lacking()) is not None:
        raise OperatorError(told)
    spec = util.find_spec("fontpkg_amiri")
    order = {
        "root": str(asset("templates") / "paper"),
        "source": source,
        "fonts": [f"{place}/files" for place in (spec and spec.submodule_search_locations) or ()],
        "content": content,
        "timestamp": int(at.timestamp()),
    }
    async with _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
        head, made = await _set(json.dumps(order, ensure_ascii=False).encode("utf-8", "replace"))
    if head["scripts"]:
        told = ", ".join(head["scripts"])
        logger.warning("no font here draws %s: squares stand for it; install fonts for it, as of Noto", told)
    if undrawn is not None:
        undrawn.update(name if name.isascii() and name.isalpha() else SIGNS for name in head["scripts"])
    return made


async def _set(order: bytes) -> tuple[dict[str, Any], bytes]:
    # The environment may hold secrets, and the child needs none of it.
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "XDG_DATA_DIRS")}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "petition.typesetter", env=kept,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        out, said = await asyncio.wait_for(child.communicate(order), PATIENCE)
    except TimeoutError:
        raise OperatorError(f"setting the PDF took longer than {PATIENCE:.0f} seconds and was stopped") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode:
        # The engine's own words may quote a name: they are for whoever runs a command, and never logged.
        why = said.decode(errors="replace").strip().rpartition("\n")[2] or "it ended early, as without enough memory"
        raise OperatorError(f"the PDF could not be set: {why}")
    head, _, made = out.partition(b"\n")
    return json.loads(head), made

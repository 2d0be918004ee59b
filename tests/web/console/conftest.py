"""Deriving a password is dear on purpose; here it may be cheap: what it costs is tested once, elsewhere."""

from __future__ import annotations

import pytest

from petition.domain import passwords


@pytest.fixture(autouse=True)
def _cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "PRICE", "1,1,64")

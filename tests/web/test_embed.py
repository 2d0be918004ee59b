"""For other sites: the frame, the badge, oEmbed, and the picture of a link that is passed on."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest

from petition import words
from tests.factories import SLUG, petition_text
from tests.house import House
from tests.people import LAYLA
from tests.web.test_problems import read_problem

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
TEXT = "{http://www.w3.org/2000/svg}text"
TITLE = 'A "<b>" & more'


async def test_other_sites_show_the_count_in_a_frame_or_as_a_badge_and_lead_here_to_sign(house: House) -> None:
    await house.confirmed(LAYLA)
    await house.fold()
    badge = f"/petitions/{SLUG}/badge.svg"
    shown = {path: await house.http.get(path) for path in (f"/ar/petitions/{SLUG}/embed", badge, f"{badge}?lang=en")}
    for path, answer in shown.items():
        assert answer.status_code == 200, path
        assert "frame-ancestors *" in answer.headers["content-security-policy"]
        assert "x-frame-options" not in answer.headers
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert answer.headers["x-content-type-options"] == "nosniff"
        again = await house.http.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304

    page, own, english = (answer.text for answer in shown.values())
    assert 'data-live="total">١<' in page
    assert '<html lang="ar" dir="rtl">' in page
    # Nobody can be led to sign by clicks in a frame that lies under something else.
    assert "<form" not in page
    link = re.search(r'<a class="button" href="([^"]+)" target="_blank" rel="noopener">', page)
    assert link is not None
    assert link[1] == f"{house.settings.base_url}/ar/petitions/{SLUG}#sign"
    for picture, lang in ((own, "ar"), (english, "en")):
        assert ElementTree.fromstring(picture).findtext(TEXT) == words.load()[lang]("home.total", total=1)
        assert not re.search(r"(style|href|on\w+)=", picture)

    for path in (f"{badge}?lang=xx", "/petitions/none/badge.svg", "/en/petitions/none/embed"):
        assert (await house.http.get(path)).status_code == 404
    for path in (f"/en/petitions/{SLUG}", "/embed", "/en/embed", f"/en/petitions/{SLUG}/count/embed", "/badge.svg"):
        answer = await house.http.get(path)
        assert answer.headers["x-frame-options"] == "DENY", path
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


async def test_a_link_that_is_passed_on_brings_a_picture_and_the_frame(
    open_house: Callable[..., Awaitable[House]],
) -> None:
    house = await open_house(petition_text(title={"en": TITLE, "ar": "بيان"}))
    base = house.settings.base_url
    page = (await house.http.get(f"/en/petitions/{SLUG}")).text
    told = dict(re.findall(r'<meta property="(og:[a-z:]+)" content="([^"]*)">', page))
    assert told["og:image"].startswith(f"{base}/static/")
    assert told["og:image:alt"]
    picture = await house.http.get(urlsplit(told["og:image"]).path)
    assert picture.headers["content-type"] == "image/png"
    assert picture.content[:8] == b"\x89PNG\r\n\x1a\n"
    assert [int.from_bytes(picture.content[at : at + 4], "big") for at in (16, 20)] == [1200, 630]

    found = re.search(r'type="application/json\+oembed" href="([^"]+)"', page)
    assert found is not None
    discovered = (await house.http.get(found[1])).json()
    assert 'title="A &#34;&lt;b&gt;&#34; &amp; more"' in discovered["html"]
    for address, lang in ((f"/en/petitions/{SLUG}", "en"), (f"/p/{SLUG}", "ar"), (f"/ar/petitions/{SLUG}/count", "ar")):
        answer = await house.http.get("/oembed", params={"url": base + address, "maxwidth": "300"})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "*"
        assert [answer.json()[name] for name in ("version", "type", "width")] == ["1.0", "rich", 300]
        frame = re.search(r'src="([^"]+)"', answer.json()["html"])
        assert frame is not None
        assert frame[1] == f"{base}/{lang}/petitions/{SLUG}/embed"
    for address in (f"https://elsewhere.example/p/{SLUG}", f"{base}/en", "http://[", ""):
        read_problem(await house.http.get("/oembed", params={"url": address}), 404, "not-found")
    read_problem(await house.http.get("/oembed", params={"url": f"{base}/p/none"}), 404, "petition-not-found")
    read_problem(await house.http.get("/oembed"), 400, "bad-request")
    xml = {"url": f"{base}/p/{SLUG}", "format": "xml"}
    read_problem(await house.http.get("/oembed", params=xml), 501, "unknown-format")

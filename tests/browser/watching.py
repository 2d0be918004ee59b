"""What no page may do, noticed from outside: ask another host, keep anything in the browser, fail unseen."""

from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Request, Response, WebError

TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", event =>
  console.error(`policy: ${event.effectiveDirective} ${event.blockedURI}`));
"""
KEPT = """async () => ({
  local: {...localStorage}, session: {...sessionStorage}, cookie: document.cookie,
  databases: (await indexedDB.databases()).length, caches: (await caches.keys()).length,
  workers: (await navigator.serviceWorker.getRegistrations()).length,
})"""
NOTHING_KEPT = {"local": {}, "session": {}, "cookie": "", "databases": 0, "caches": 0, "workers": 0}


class Watch:
    def __init__(self, context: BrowserContext, address: str) -> None:
        self._context = context
        self._host = urlsplit(address).netloc
        self._refused: set[str] = set()
        self.faults: list[str] = []

    async def begin(self) -> None:
        await self._context.add_init_script(TELL_VIOLATIONS)
        self._context.on("request", self._asked)
        self._context.on("response", self._answered)
        self._context.on("console", self._said)
        self._context.on("weberror", self._failed)

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc != self._host:
            self.faults.append(f"asked elsewhere: {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.request.is_navigation_request():
            self._refused.add(response.url)

    def _said(self, message: ConsoleMessage) -> None:
        # The console repeats that a page came with 404 or 422, which is as it should be.
        expected = message.text.startswith("Failed to load resource") and message.location["url"] in self._refused
        if message.type in ("error", "warning") and not expected:
            self.faults.append(f"console, at {message.location['url']}: {message.text}")

    def _failed(self, error: WebError) -> None:
        self.faults.append(f"script: {error.error}")

    async def kept(self) -> list[str]:
        """Cookies of every kind, and what the pages still open keep."""
        found = [f"cookie: {cookie.get('name')}" for cookie in await self._context.cookies()]
        for page in self._context.pages:
            if page.url.startswith("http"):
                kept = await page.evaluate(KEPT)
                found += [f"kept by {page.url}: {kept}"] if kept != NOTHING_KEPT else []
        return found

    async def end(self) -> list[str]:
        faults = [*self.faults, *await self.kept()]
        await self._context.close()
        return faults

"""What a browser complains of while a person walks: blocked content, script errors, missing files."""

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

_REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", violation =>
  console.error(`policy: ${violation.effectiveDirective} blocked ${violation.blockedURI}`));
"""


class Watcher:
    """Hears every page of a profile; ``complaints`` are empty as long as nothing is wrong."""

    def __init__(self, context: BrowserContext) -> None:
        self.complaints: list[str] = []
        context.add_init_script(_REPORT_VIOLATIONS)
        context.on("console", self._heard)
        context.on("weberror", lambda error: self.complaints.append(f"script: {error.error}"))
        context.on("requestfailed", self._missed)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not _is_the_pages_own_status(message, message.page):
            self.complaints.append(f"{message.type} at {message.location['url']}: {message.text}")

    def _missed(self, request: Request) -> None:
        """What the person stopped by going on quickly is not missed."""
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"failed: {request.url} {request.failure}")


def _is_the_pages_own_status(message: ConsoleMessage, page: Page | None) -> bool:
    """Chromium also writes a line for a page that is itself sent with 400 or 404; the tests assert these statuses."""
    shown = message.text.startswith("Failed to load resource: the server responded with a status of 4")
    return shown and page is not None and message.location["url"] == page.url

"""A real browser that looks at the built site: for the tests and for screenshots."""

import contextlib
import functools
import shutil
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

# MathJax done where a page has it, every picture and font there, one more frame painted.
SETTLED = """async () => {
  for (const image of document.images) image.loading = 'eager';
  await Promise.all([...document.images].map((image) => image.decode().catch(() => null)));
  if (document.querySelector('script[src*="mathjax"]')) await window.MathJax?.startup?.promise;
  await document.fonts.ready;
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100)));
}"""


def installed() -> str | None:
    """Return the path of the browser that this machine has, None without one."""
    names = ("google-chrome", "chromium", "chromium-browser")
    return next(filter(None, map(shutil.which, names)), None)


@contextlib.contextmanager
def serve(folder):
    """Serve a folder on this machine; yield its address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    handler = functools.partial(Quiet, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextlib.contextmanager
def open_browser():
    """Start the browser of this machine with an empty profile; yield it; end it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed(), args=["--no-sandbox"])
        yield browser
        browser.close()


class Look:
    """A page of the site as a screen shows it, with the hosts it asked and the errors it met."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.hosts: set[str] = set()
        self.errors: list[str] = []
        page.on("request", self._request)
        page.on("websocket", self._request)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._console)

    def photograph(self, path: Path) -> None:
        """Save the whole page, below the fold too, as PNG."""
        self.page.screenshot(path=path, full_page=True)

    def _request(self, request) -> None:
        if request.url.startswith(("http", "ws")):
            self.hosts.add(urlsplit(request.url).hostname)

    def _console(self, message) -> None:
        if message.type == "error":
            self.errors.append(message.text)


@contextlib.contextmanager
def look(browser: Browser, url: str, *, width: int, scheme: str = "light"):
    """Load a page, wait until MathJax is done, yield it, close it."""
    size = {"width": width, "height": 900}
    with browser.new_page(viewport=size, color_scheme=scheme) as page:
        seen = Look(page)
        page.goto(url)
        page.evaluate(SETTLED)
        yield seen

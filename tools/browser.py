"""A real browser that looks at the built site: for the tests and for screenshots."""

import base64
import contextlib
import functools
import json
import shutil
import tempfile
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

# Chrome asks its maker for updates and the like unless it is told not to.
SWITCHES = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
]


def installed() -> tuple[str, str] | None:
    """Return the paths of a browser and its driver, None where one of them is missing."""
    names = ("google-chrome", "chromium", "chromium-browser")
    browser = next(filter(None, map(shutil.which, names)), None)
    driver = shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None


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


class Browser:
    """A headless Chrome that tells what a page asked for and what went wrong on it."""

    def __init__(self, driver):
        self.driver = driver
        self.run = driver.execute_script

    def open(self, url, *, width, height=900, scheme="light"):
        """Load a page as a screen of this width shows it, and wait until MathJax is done."""
        self._resize(width, height)
        preference = {"name": "prefers-color-scheme", "value": scheme}
        self._command("Emulation.setEmulatedMedia", features=[preference])
        for kind in ("browser", "performance"):
            self.driver.get_log(kind)  # forget what the page before wrote
        self.driver.get(url)
        self.driver.execute_async_script("""
            const done = arguments[0];
            const mathjax = () => window.MathJax?.startup?.promise ?? Promise.resolve();
            (document.querySelector('script[src*="mathjax"]') ? mathjax() : Promise.resolve())
              .then(() => document.fonts.ready)
              .then(() => requestAnimationFrame(() => setTimeout(done, 100)));
        """)

    def requested_hosts(self):
        """Return the hosts that the page asked for anything."""
        urls = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                urls.append(message["params"]["request"]["url"])
        return {urlsplit(url).hostname for url in urls if url.startswith(("http", "ws"))}

    def console_errors(self):
        """Return the errors that the console shows."""
        return [e["message"] for e in self.driver.get_log("browser") if e["level"] == "SEVERE"]

    def photograph(self, path, width):
        """Save the whole page, below the fold too, as PNG."""
        height = self.run("return document.documentElement.scrollHeight")
        self._resize(width, height)
        shot = self._command("Page.captureScreenshot")
        path.write_bytes(base64.b64decode(shot["data"]))

    def _resize(self, width, height):
        size = {"width": width, "height": height}
        self._command(
            "Emulation.setDeviceMetricsOverride", **size, deviceScaleFactor=1, mobile=False
        )

    def _command(self, name, **parameters):
        return self.driver.execute_cdp_cmd(name, parameters)


@contextlib.contextmanager
def open_browser():
    """Start a browser with an empty profile; yield it; end it."""
    binary, driver_path = installed()
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for switch in (*SWITCHES, f"--user-data-dir={profile}"):
            options.add_argument(switch)
        driver = webdriver.Chrome(options=options, service=Service(driver_path))
        driver.set_script_timeout(60)
        try:
            yield Browser(driver)
        finally:
            driver.quit()

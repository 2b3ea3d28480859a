"""A real browser by the WebDriver protocol, which is JSON over HTTP: the standard library is enough."""

import base64
import contextlib
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

NEEDED = "needs a browser: apt-get install chromium chromium-driver"
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"Enter": "\ue007", "Right": "\ue014", "Tab": "\ue004", "Down": "\ue015"}


def installed():
    return bool(shutil.which("chromium") and shutil.which("chromedriver"))


class Browser:
    def __init__(self, profile):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.driver = subprocess.Popen(["chromedriver", f"--port={port}", "--silent"], stdout=subprocess.DEVNULL)
        self.address = f"http://127.0.0.1:{port}"
        switches = ["headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-sync",
                    "hide-scrollbars", "disable-background-networking", "disable-component-update", "disable-dev-shm-usage",
                    f"user-data-dir={profile}"]  # fmt: skip
        options = {"binary": shutil.which("chromium"), "args": [f"--{s}" for s in switches]}
        wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}}
        for _ in range(100):
            with contextlib.suppress(urllib.error.URLError):
                self._send("GET", "/status")
                break
            time.sleep(0.1)
        self.session = "/session/" + self._send("POST", "/session", wanted)["sessionId"]

    def close(self):
        with contextlib.suppress(urllib.error.URLError):
            self._send("DELETE", self.session)
        self.driver.terminate()
        self.driver.wait()

    def open(self, path, width=1440, height=900, dark=False, touch=False):
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        still = {"name": "prefers-reduced-motion", "value": "reduce"}  # a click must not meet a page that still scrolls
        self.devtools("Emulation.setEmulatedMedia", features=[scheme, still])
        self.resize(width, height, touch)
        self._send("POST", f"{self.session}/url", {"url": path.as_uri()})

    def resize(self, width, height, touch=False):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=touch)

    def run(self, script):
        return self._send("POST", f"{self.session}/execute/sync", {"script": script, "args": []})

    def find(self, selector):
        found = self._send("POST", f"{self.session}/element", {"using": "css selector", "value": selector})
        return f"{self.session}/element/{found[ELEMENT]}"

    def click(self, selector):
        self._send("POST", self.find(selector) + "/click", {})

    def press(self, selector, key):
        self._send("POST", self.find(selector) + "/value", {"text": KEYS.get(key, key)})

    def console(self):
        return [entry["message"] for entry in self._send("POST", f"{self.session}/se/log", {"type": "browser"})]

    def devtools(self, command, **parameters):
        return self._send("POST", f"{self.session}/goog/cdp/execute", {"cmd": command, "params": parameters})

    def screenshot(self, path, whole=True):
        shot = self.devtools("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    def _send(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(json.load(error)["value"]["message"]) from None

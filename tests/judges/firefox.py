"""Debian's Firefox ESR without a window, by Marionette, its own remote control: JSON over TCP.

Playwright brings a Firefox of its own and drives no other. Messages are `LENGTH:[0, id, command,
parameters]` and `LENGTH:[1, id, error, value]`. What pages complain of is read from the browser's
own console, which needs --remote-allow-system-access.
"""

import json
import shutil
import socket
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

PATIENCE_S = 120.0
# A script error of a page, or a violation of its policy; not what the browser says of itself.
COMPLAINTS = """
    return Services.console.getMessageArray()
        .filter(it => it instanceof Ci.nsIScriptError)
        .filter(it => /^file:/.test(it.sourceName) || /CSP/.test(it.category))
        .map(it => it.errorMessage);
"""


class Firefox:
    """A running one that shows a page at a time."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._numbers = count(1)
        self._read()  # it says hello
        self("WebDriver:NewSession", capabilities={})
        self("WebDriver:SetWindowRect", width=1300, height=1000)

    def __call__(self, command: str, **parameters: Any) -> Any:
        """What the browser answers. Raises RuntimeError when it refuses."""
        text = json.dumps([0, next(self._numbers), command, parameters])
        self._connection.sendall(f"{len(text.encode())}:{text}".encode())
        _, _, error, value = self._read()
        if error:
            raise RuntimeError(f"{command}: {error['message']}")
        return value

    def show(self, file: Path) -> None:
        """Load a page and wait until all of it is drawn."""
        self("WebDriver:Navigate", url=file.resolve().as_uri())
        done = "return document.querySelector('#measures')?.ariaBusy === 'false'"
        until_s = time.monotonic() + PATIENCE_S
        while not self.run(done):
            if time.monotonic() > until_s:
                raise TimeoutError(f"{file} was not drawn; {self.complaints()}")

    def run(self, script: str) -> Any:
        """What a script in the page returns."""
        return self("WebDriver:ExecuteScript", script=script, args=[])["value"]

    def complaints(self) -> list[str]:
        """What its console says of pages from files."""
        self("Marionette:SetContext", value="chrome")
        try:
            found: list[str] = self.run(COMPLAINTS)
        finally:
            self("Marionette:SetContext", value="content")
        return found

    def picture(self, file: Path) -> None:
        """Write what it shows as PNG."""
        shot = self("WebDriver:TakeScreenshot", full=True)["value"]
        file.write_bytes(b64decode(shot))

    def _read(self) -> Any:
        length = b""
        while not length.endswith(b":"):
            length += self._some(1)
        wanted, text = int(length[:-1]), b""
        while len(text) < wanted:
            text += self._some(wanted - len(text))
        return json.loads(text)

    def _some(self, most: int) -> bytes:
        found = self._connection.recv(most)
        if not found:
            raise ConnectionError("Firefox has gone")
        return found


@contextmanager
def firefox(directory: Path) -> Iterator[Firefox]:
    """A running one, its profile in a directory; the test is skipped where there is none."""
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if program is None:
        pytest.skip("no Firefox: apt install firefox-esr")
    (directory / "user.js").write_text(f'user_pref("marionette.port", {(port := _free_port())});\n')
    words = ["--headless", "--marionette", "--remote-allow-system-access", "--no-remote"]
    with (directory / "firefox.log").open("wb") as log:
        process = subprocess.Popen(
            [program, *words, "--profile", str(directory)], stdout=log, stderr=log
        )
        try:
            with _connected(process, port) as connection:
                yield Firefox(connection)
        finally:
            process.terminate()
            process.wait(30)


def _connected(process: "subprocess.Popen[bytes]", port: int) -> socket.socket:
    until_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        except OSError as error:
            if process.poll() is not None or time.monotonic() > until_s:
                raise RuntimeError("Firefox did not start") from error
            time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

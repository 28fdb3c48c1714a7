"""A line to a server on this machine on which something happens after so many bytes."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

PORTION_BYTES = 8192


class CuttingLine:
    """Passes connections on to `port`; counts what clients send, and acts when told to.

    `sent_bytes` is what clients have sent since `again`, over all connections.
    """

    def __init__(self, port: int) -> None:
        self.sent_bytes = 0
        self._behind = port
        self._lock = threading.Lock()
        self._due: list[tuple[int, Callable[[], None]]] = []
        self._live: set[socket.socket] = set()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def again(self) -> None:
        """Count from 0, and forget what was to happen."""
        with self._lock:
            self.sent_bytes = 0
            self._due.clear()

    def when(self, sent_bytes: int, act: Callable[[], None]) -> None:
        """Do something when clients have sent so much; no more is passed on before it is done."""
        with self._lock:
            self._due.append((sent_bytes, act))

    def cut(self) -> None:
        """Break all connections off."""
        for end in list(self._live):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Accept no more, and cut."""
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                self._connect(self._server.accept()[0])

    def _connect(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._behind))
        except OSError:
            client.close()
            return
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._live |= {client, server}
        up = threading.Thread(target=self._pump, args=(client, server, self._count), daemon=True)
        down = threading.Thread(target=self._pump, args=(server, client), daemon=True)
        up.start()
        down.start()
        threading.Thread(target=self._forget, args=(up, down, client, server), daemon=True).start()

    def _pump(
        self,
        source: socket.socket,
        sink: socket.socket,
        count: Callable[[int], None] = lambda _: None,
    ) -> None:
        with suppress(OSError):
            while portion := source.recv(PORTION_BYTES):
                count(len(portion))
                sink.sendall(portion)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def _forget(self, up: threading.Thread, down: threading.Thread, *ends: socket.socket) -> None:
        up.join()
        down.join()
        for end in ends:
            self._live.discard(end)
            end.close()

    def _count(self, fresh_bytes: int) -> None:
        with self._lock:
            self.sent_bytes += fresh_bytes
            now = [act for at, act in self._due if at <= self.sent_bytes]
            self._due = [(at, act) for at, act in self._due if at > self.sent_bytes]
        for act in now:
            act()

"""Running the server: take the port first, load everything side by side, say when it is ready."""

from __future__ import annotations

import errno
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from consentry.config import ServerSettings, Settings
from consentry.errors import ConfigError
from consentry.loading import loading

if TYPE_CHECKING:  # loaded late, on a thread, while the web parts load too
    from consentry.guard import Guard

__all__ = ["listen", "run", "run_workers", "url_of"]

OnReady = Callable[["Guard", str], None]


def listen(server: ServerSettings) -> socket.socket:
    """Take the address that `server` names, before anything slow is loaded.

    Raises:
        ConfigError: something else has it, or this machine has no such address.
    """
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    where = f"{server.host}:{server.port}"
    try:
        listener = socket.create_server((server.host, server.port), family=family, backlog=2048)
        # Every connection inherits it. Without it, an answer on a connection that is kept open
        # waits 40 ms for the client to acknowledge its first half.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(
                f"Something listens on {where} already.",
                hint="Stop it, or choose another port with --port.",
            ) from error
        raise ConfigError(f"Cannot listen on {where}.", hint="Choose another --host.") from error
    return listener


def url_of(listener: socket.socket) -> str:
    """The address that a person can open."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(settings: Settings, *, on_ready: OnReady, demo: bool = False) -> None:
    """Serve until a signal to stop; `on_ready` gets the guard and the URL once it answers.

    Screenings under way are finished before it stops.

    Raises:
        ConfigError: the address is taken, or a setting is wrong.
        StorageError: the data folder or the database is not usable.
    """
    with listen(settings.server) as listener, _stoppable():
        guard = _load(settings)
        try:
            from consentry.web.app import create_app
            from consentry.web.server import serve

            app = create_app(guard, demo=demo)
            serve(app, listener, lambda: on_ready(guard, url_of(listener)))
        finally:
            guard.close()


def run_workers(settings: Settings, workers: int, *, on_start: Callable[[str], None]) -> None:
    """Serve with several processes, each with its own models, until a signal to stop.

    Raises:
        ConfigError: the address is taken, or a setting is wrong.
        StorageError: the data folder or the database is not usable.
    """
    with listen(settings.server) as listener, _stoppable():
        from consentry.guard import Guard
        from consentry.web.server import serve_workers

        Guard.open(settings).close()  # what is wrong is said once, here, and not by each worker
        on_start(url_of(listener))
        serve_workers(listener, workers)


def _load(settings: Settings) -> Guard:
    """Open the guard and warm its models up on a thread, while the web parts are imported here."""
    with loading(), ThreadPoolExecutor(1) as loader:
        opening = loader.submit(_open, settings)
        try:
            import consentry.web.app
            import consentry.web.server  # noqa: F401  only to have them loaded

            return opening.result()
        except BaseException:  # told to stop meanwhile: what was opened is closed again
            if opening.exception() is None:
                opening.result().close()
            raise


def _open(settings: Settings) -> Guard:
    from consentry.guard import Guard

    guard = Guard.open(settings, warm=("picture", "prompt"))
    try:
        guard.warm_up()
        guard.follow()
    except BaseException:
        guard.close()
        raise
    return guard


@contextmanager
def _stoppable() -> Iterator[None]:
    """Make SIGTERM end the process by way of every `finally`, as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    except KeyboardInterrupt:
        return  # the server has closed in peace; there is nothing more to say
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(number: int, frame: object) -> None:
    del number, frame
    raise SystemExit(0)

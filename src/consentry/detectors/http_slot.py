"""A slot for an operator's own classifier behind HTTP: `[[detectors.http]]`.

What is sent: for a prompt `{"prompt": "…"}` as JSON; for a picture a JPEG that we made of the
decoded pixels (quality 95, 4:4:4), never the untrusted file and none of its metadata. JPEG and not
PNG, because writing a PNG of 1024 px takes a fifth of a second. What is awaited: status 200 and
`{"findings": [{"category": "…", "score": 0.9, "where": {"box": [x, y, width, height]}}]}`.

A slot may also speak as an operator's moderation server does (`speaks`): see `_dialect_moderation`
and `_dialect_chat`. Whatever it speaks, its answer adds findings and takes none away.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from consentry.config import HttpSlot, Settings
from consentry.detectors._dialect import Dialect, OwnDialect
from consentry.detectors._dialect_chat import LlamaGuardDialect, SafeguardDialect
from consentry.detectors._dialect_moderation import ModerationDialect
from consentry.detectors._shared import LoadOnce
from consentry.detectors.contract import Example, Kind, Seen, Subject
from consentry.errors import DetectorError
from consentry.findings import Finding, Stage

if TYPE_CHECKING:
    import httpx

__all__ = ["HttpSlotDetector"]

_CODE: Final = "1"
_MOST_BYTES: Final = 64 * 1024
_OK: Final = 200
_DIALECTS: Final[Mapping[str, Callable[[HttpSlot], Dialect]]] = {
    "consentry": OwnDialect,
    "openai-moderation": ModerationDialect,
    "llama-guard": LlamaGuardDialect,
    "safeguard": SafeguardDialect,
}


class HttpSlotDetector:
    """Asks the operator's classifier; an answer that is late or odd counts as unchecked.

    Connections are kept and used again. Redirects are not followed, proxies and certificates that
    the environment names are not used.
    """

    needs: tuple[str, ...] = ()

    def __init__(self, slot: HttpSlot) -> None:
        """Prepare; nothing is sent.

        Raises:
            ConfigError: the slot names no category, or lacks what its dialect needs.
        """
        self._dialect = _DIALECTS[slot.speaks](slot)
        described = slot.model_dump_json(exclude={"token", "timeout_seconds", "stages"})
        self.name = slot.name
        self.kind: Kind = slot.kind
        digest = hashlib.sha256(described.encode()).hexdigest()[:12]
        self.version = f"{_CODE}.{self._dialect.version}+{digest}"
        self.stages = frozenset(Stage(stage) for stage in slot.stages)
        self.categories = self._dialect.categories
        self._slot = slot
        self._client = LoadOnce(self._connect)

    @classmethod
    def from_settings(cls, settings: Settings) -> Sequence[HttpSlotDetector]:
        """One for each `[[detectors.http]]`."""
        return [cls(slot) for slot in settings.detectors.http]

    def warm_up(self) -> None:
        """Make the client; the classifier is not called."""
        self._client()

    def detect(self, subject: Subject, seen: Seen) -> Sequence[Finding]:
        """Ask the classifier.

        Raises:
            DetectorError: it cannot be reached, is late, or its answer is not of the agreed form.
        """
        del seen
        content, content_type = self._dialect.question(subject)
        return self._dialect.read(self._ask(content, content_type), subject)

    @classmethod
    def get_examples(cls) -> Sequence[Example]:
        """None: only the operator knows what the classifier sees."""
        return []

    def _connect(self) -> httpx.Client:
        import httpx  # a tenth of a second: only where a slot is used

        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if self._slot.token is not None:
            headers["Authorization"] = f"Bearer {self._slot.token.get_secret_value()}"
        return httpx.Client(
            headers=headers,
            timeout=self._slot.timeout_seconds,
            follow_redirects=False,
            trust_env=False,
        )

    def _ask(self, content: bytes, content_type: str) -> bytes:
        import httpx

        end = time.monotonic() + self._slot.timeout_seconds
        try:
            with self._client().stream(
                "POST", self._slot.url, content=content, headers={"Content-Type": content_type}
            ) as response:
                return self._read(response, end)
        except httpx.TimeoutException as error:
            raise self._late() from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise DetectorError(
                f"The classifier {self.name} cannot be reached ({type(error).__name__}).",
                hint="Check its address and that it is running.",
            ) from error

    def _read(self, response: httpx.Response, end: float) -> bytes:
        """The body as it arrives, within the limits of length and time."""
        if response.status_code != _OK:
            raise DetectorError(f"The classifier {self.name} answered {response.status_code}.")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise DetectorError(f"The classifier {self.name} answered in a compressed form.")
        body = bytearray()
        for part in response.iter_raw():
            body += part
            if len(body) > _MOST_BYTES:
                raise DetectorError(f"The classifier {self.name} answered more than 64 kB.")
            if time.monotonic() > end:
                raise self._late()
        return bytes(body)

    def _late(self) -> DetectorError:
        limit = self._slot.timeout_seconds
        return DetectorError(
            f"The classifier {self.name} did not answer within {limit:g} s.",
            hint="Check that it is quick enough, or raise timeout_seconds.",
        )

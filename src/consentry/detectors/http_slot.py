"""A slot for an operator's own classifier behind HTTP: `[[detectors.http]]`.

What is sent: for a prompt `{"prompt": "…"}` as JSON; for a picture a JPEG that we made of the
decoded pixels (quality 95, 4:4:4), never the untrusted file and none of its metadata. JPEG and not
PNG, because writing a PNG of 1024 px takes a fifth of a second. What is awaited: status 200 and
`{"findings": [{"category": "…", "score": 0.9, "where": {"box": [x, y, width, height]}}]}`.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import simplejpeg

from consentry.config import HttpSlot, Settings
from consentry.detectors._answer import read_answer
from consentry.detectors._shared import LoadOnce
from consentry.detectors.contract import Example, Kind, Seen, Subject
from consentry.errors import ConfigError, DetectorError
from consentry.findings import Finding, Stage
from consentry.media.picture import Picture
from consentry.media.prompt import Prompt

if TYPE_CHECKING:
    import httpx

__all__ = ["HttpSlotDetector"]

_CODE: Final = "1"
_QUALITY: Final = 95
_MOST_BYTES: Final = 64 * 1024
_OK: Final = 200


class HttpSlotDetector:
    """Asks the operator's classifier; an answer that is late or odd counts as unchecked.

    Connections are kept and used again. Redirects are not followed, proxies and certificates that
    the environment names are not used.
    """

    needs: tuple[str, ...] = ()

    def __init__(self, slot: HttpSlot) -> None:
        """Prepare; nothing is sent.

        Raises:
            ConfigError: the slot names no category.
        """
        if not slot.categories:
            raise ConfigError(f"The HTTP slot {slot.name} needs the categories it may report.")
        described = slot.model_dump_json(exclude={"token", "timeout_seconds", "stages"})
        self.name = slot.name
        self.kind: Kind = slot.kind
        self.version = f"{_CODE}+{hashlib.sha256(described.encode()).hexdigest()[:12]}"
        self.stages = frozenset(Stage(stage) for stage in slot.stages)
        self.categories = frozenset(slot.categories)
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
        content, content_type = self._message(subject)
        answer = self._ask(content, content_type)
        return read_answer(answer, self.name, self.categories, subject)

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

    def _message(self, subject: Subject) -> tuple[bytes, str]:
        if isinstance(subject, Prompt) and self.kind == "prompt":
            return json.dumps({"prompt": subject.text}).encode(), "application/json"
        if isinstance(subject, Picture) and self.kind == "picture":
            picture = simplejpeg.encode_jpeg(
                subject.pixels, quality=_QUALITY, colorspace="RGB", colorsubsampling="444"
            )
            return picture, "image/jpeg"
        raise DetectorError(f"The detector {self.name} looks at one {self.kind} at a time only.")

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

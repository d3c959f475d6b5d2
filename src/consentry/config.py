"""Settings as typed data: each has a name, a default and a sentence that says what it does.

A value comes, in rising order, from its default, from `consentry.toml`, from a
`CONSENTRY_SECTION__NAME` variable, and from a flag. An unknown name is an error, so that a
misspelt safeguard is found at start and not when it was needed.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from consentry.errors import ConfigError

__all__ = [
    "DetectorSettings",
    "HmaSettings",
    "HttpSlot",
    "LedgerSettings",
    "LikenessSettings",
    "MatchingSettings",
    "MediaSettings",
    "ModelOverride",
    "OnnxSlot",
    "PolicySettings",
    "PromptSettings",
    "ScreeningSettings",
    "ServerSettings",
    "Settings",
    "StorageSettings",
    "default_home",
    "is_loopback",
    "load_settings",
]

MIB = 1024 * 1024
_PREFIX: Final = "CONSENTRY_"
Positive = Annotated[int, Field(gt=0)]
Seconds = Annotated[float, Field(gt=0)]
Score = Annotated[float, Field(ge=0, le=1)]
ExchangeKind = Literal["sample", "fb_threatexchange", "ncmec", "stop_ncii"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ServerSettings(_Section):
    """Where and how much the server listens."""

    host: str = Field("127.0.0.1", description="Address that the server listens on.")
    port: int = Field(8080, ge=0, le=65535, description="Port; 0 takes a free one.")
    max_body_bytes: Positive = Field(
        48 * MIB, description="Largest request body; a longer one is refused while it arrives."
    )
    max_memory_body_bytes: Positive = Field(
        8 * MIB, description="A body longer than this goes to the encrypted spool, not to memory."
    )
    body_seconds: Seconds = Field(
        60.0, description="Longest time that a request body may take to arrive."
    )
    max_concurrent: Positive = Field(
        16, description="Screenings under way at once; one more is answered 503 with Retry-After."
    )
    public_docs: bool = Field(
        default=True, description="Whether /openapi.json and its page may be read without a key."
    )


class MediaSettings(_Section):
    """Limits within which untrusted pictures and videos are decoded."""

    decoders: Positive = Field(
        default_factory=lambda: min(os.cpu_count() or 1, 8),
        description="Decoder child processes; the default is one per processor, 8 at most.",
    )
    max_bytes: Positive = Field(32 * MIB, description="Largest still picture, in bytes.")
    max_pixels: Positive = Field(50_000_000, description="Most pixels that a picture may declare.")
    max_side: Positive = Field(30_000, description="Longest side that a picture may declare.")
    max_frames: Positive = Field(
        16, description="Frames looked at in an animation or a video, spread over its length."
    )
    decode_seconds: Seconds = Field(10.0, description="Longest time for one decoding.")
    decode_memory_bytes: Positive = Field(
        1024 * MIB, description="Most memory of one decoder child (RLIMIT_AS)."
    )
    metadata_bytes: Positive = Field(
        1 * MIB, description="Most metadata that is kept aside from one file."
    )
    video_max_bytes: Positive = Field(512 * MIB, description="Largest video, in bytes.")
    video_max_seconds: Seconds = Field(600.0, description="Longest video.")


class PromptSettings(_Section):
    """Limits of prompts."""

    max_characters: Positive = Field(4_000, description="Longest prompt, in characters.")
    names_file: Path | None = Field(
        None, description="A TOML file of people whose names must be noticed in prompts."
    )


class ScreeningSettings(_Section):
    """How much time and memory a screening may take."""

    budget_seconds: Seconds = Field(
        8.0, description="Time for all detectors of one screening; what is late is unchecked."
    )
    workers: Positive = Field(
        default_factory=lambda: min(os.cpu_count() or 1, 8),
        description="Detectors that run at the same time; the default is one per processor.",
    )
    model_threads: Positive = Field(1, description="Threads inside one run of one model.")
    cache_entries: Annotated[int, Field(ge=0)] = Field(
        4096, description="Results kept in memory so that identical bytes are computed once."
    )


class MatchingSettings(_Section):
    """How copies of what was removed are recognised, now and among what was seen before."""

    remember_days: int = Field(
        30,
        ge=0,
        le=3650,
        description="Days for which fingerprints of uploads and outputs are kept for a sweep; 0 "
        "keeps none. A policy may ask for less.",
    )
    flood_uploads: Positive = Field(
        1000,
        description="A banked entry that matches more different uploads than this within 24 hours "
        "is held for a person.",
    )


class LedgerSettings(_Section):
    """The tamper-evident log of decisions and of everything that changes them."""

    origin: str | None = Field(
        None,
        max_length=200,
        description="Name of the log, best the address of its routes without the scheme: "
        "`example.org/log`. It is set at the first start and cannot change; without it, a name "
        "by chance.",
    )
    witnesses: tuple[str, ...] = Field(
        (), description="Public keys of witnesses whose signatures on checkpoints are taken in."
    )
    flush_decisions: bool = Field(
        default=False,
        description="Wait until each decision is on the disk. Without it, a loss of power may take "
        "the last moments of decisions; no crash of a process takes any. On SQLite only: "
        "PostgreSQL always waits.",
    )


class LikenessSettings(_Section):
    """Persons who decide how they may be depicted, and how they are recognised."""

    mode: Literal["faces", "no-biometrics"] = Field(
        "faces",
        description="`faces`: enrolled faces are recognised. `no-biometrics`: no face template is "
        "made or compared; names and consent tokens still count.",
    )
    match: Score | None = Field(
        None,
        description="Cosine from which a face counts as an enrolled person's; without it, by the "
        "number of templates that are enrolled.",
    )
    review: Score | None = Field(
        None,
        description="Cosine from which a face may be an enrolled person's, so that a person looks; "
        "without it, by the number of templates that are enrolled.",
    )
    false_match_target: Score = Field(
        0.001,
        description="The chance of taking one stranger for anybody who is enrolled that the "
        "thresholds aim at, by gallery size.",
    )
    burst_requests: Positive = Field(
        20, description="So many requests about one person without consent in an hour are a burst."
    )
    remember_days: Positive = Field(
        365,
        description="Days for which it is remembered which decisions were about an enrolled "
        "person, so that past outputs are found when a consent is taken back.",
    )


class PolicySettings(_Section):
    """Which rules turn findings into an action."""

    file: Path | None = Field(
        None, description="Your policy file; without it, the default policy that comes with us."
    )


class StorageSettings(_Section):
    """Where decisions and keys live."""

    url: str | None = Field(
        None, description="SQLAlchemy URL; without it, consentry.db under CONSENTRY_HOME."
    )


class OnnxSlot(_Section):
    """An operator's own ONNX classifier of pictures."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,39}$", description="Name of the detector.")
    file: Path = Field(description="The ONNX file.")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 that the file must have.")
    size: Positive = Field(224, description="Side of the square input, in pixels.")
    mean: tuple[float, float, float] = Field(
        (0.0, 0.0, 0.0), description="Subtracted from each of R, G, B (0 to 255)."
    )
    scale: tuple[float, float, float] = Field(
        (1 / 255, 1 / 255, 1 / 255), description="Then multiplied, for each of R, G, B."
    )
    layout: Literal["nchw", "nhwc"] = Field("nchw", description="Order of the axes.")
    channels: Literal["rgb", "bgr"] = Field("rgb", description="Order of the channels.")
    activation: Literal["none", "softmax", "sigmoid"] = Field(
        "none", description="What turns the output into probabilities."
    )
    outputs: dict[str, int] = Field(
        description="Category to the index of its probability in the output."
    )
    stages: tuple[Literal["reference", "output", "upload"], ...] = Field(
        ("reference", "output", "upload"), description="Stages at which it runs."
    )


class HttpSlot(_Section):
    """An operator's own classifier behind HTTP."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,39}$", description="Name of the detector.")
    url: str = Field(pattern=r"^https?://", description="Where findings are asked for by POST.")
    kind: Literal["picture", "prompt"] = Field(description="What it looks at.")
    speaks: Literal["consentry", "openai-moderation", "llama-guard", "safeguard"] = Field(
        "consentry", description="Form of the question and the answer; see the page on detectors."
    )
    categories: tuple[str, ...] = Field(
        (), description="Categories that it may report; needed when it speaks `consentry`."
    )
    model: str | None = Field(
        None, min_length=1, description="Model that the question names; a chat needs one."
    )
    mapping: dict[str, tuple[str, ...]] = Field(
        {},
        description="The server's labels to our categories; if given, it replaces the default.",
    )
    label_score: Score = Field(
        0.9, gt=0, description="Score of a label that the server gives without a number."
    )
    timeout_seconds: Seconds = Field(2.0, description="After this long it counts as unchecked.")
    token: SecretStr | None = Field(None, description="Sent as a bearer token.")
    stages: tuple[Literal["prompt", "reference", "output", "upload"], ...] = Field(
        ("prompt", "reference", "output", "upload"), description="Stages at which it runs."
    )


class DetectorSettings(_Section):
    """Which detectors look."""

    disabled: tuple[str, ...] = Field(
        (),
        description="Detectors that must not run. Each is listed as not assessed in a decision.",
    )
    onnx: tuple[OnnxSlot, ...] = Field((), description="Your own ONNX classifiers.")
    http: tuple[HttpSlot, ...] = Field((), description="Your own classifiers behind HTTP.")


class HmaSettings(_Section):
    """The routes `/h /m /c`, which speak the contract of Hasher-Matcher-Actioner (HMA)."""

    require_key: bool = Field(
        default=True,
        description="Whether a key is needed. HMA has none; turn it off only for clients that "
        "cannot send one, on loopback or behind a proxy that checks who is asking.",
    )
    without_key_on_any_address: bool = Field(
        default=False,
        description="Says that you know that anybody who reaches the server can change the banks: "
        "needed to turn `require_key` off when `server.host` is not loopback.",
    )
    base_path: str = Field(
        "/hma",
        pattern=r"^(/[A-Za-z0-9._-]+)*$",
        description="The routes answer under this prefix too, as behind a proxy; empty for none.",
    )
    signal_types: tuple[Literal["pdq", "video_md5", "vpdq", "md5", "sha256"], ...] = Field(
        ("pdq", "video_md5"),
        min_length=1,
        description="Signal types that HMA's routes know; the default is HMA's own.",
    )
    exchange_types: tuple[ExchangeKind, ...] = Field(
        ("sample", "fb_threatexchange", "ncmec", "stop_ncii"),
        description="Kinds of exchanges that can be set up. Nothing is fetched from any of them.",
    )
    fetch_allow_hosts: tuple[str, ...] = Field(
        (),
        description="Hosts, `name` or `name:port`, that may be fetched from although their "
        "address is private or their port unusual.",
    )
    fetch_only_hosts: tuple[str, ...] = Field(
        (),
        description="If any are named, pictures are fetched only from these hosts and their "
        "subdomains.",
    )
    fetch_ports: tuple[Annotated[int, Field(gt=0, le=65535)], ...] = Field(
        (80, 443, 8080, 8443), description="Ports that pictures may be fetched from."
    )
    fetch_max_bytes: Positive = Field(100 * MIB, description="Largest file that is fetched.")
    fetch_seconds: Seconds = Field(
        20.0, description="Longest time for one fetch: names, redirects and the whole body."
    )
    fetch_redirects: Annotated[int, Field(ge=0, le=10)] = Field(
        3, description="Redirects that are followed; each target is checked like the first."
    )
    fetch_concurrent: Positive = Field(
        8, description="Fetches under way at once; one more is answered 503 with Retry-After."
    )


class ModelOverride(_Section):
    """An operator's better file for one of the models."""

    file: Path = Field(description="The file.")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 that it must have.")


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
    )

    home: Path = Field(
        default_factory=lambda: default_home(),  # noqa: PLW0108  defined below
        description="Folder that holds everything of an installation: database, keys, objects.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="How much is logged."
    )
    log_format: Literal["text", "json"] = Field("text", description="Form of the log lines.")
    server: ServerSettings = ServerSettings()
    media: MediaSettings = MediaSettings()
    prompt: PromptSettings = PromptSettings()
    screening: ScreeningSettings = ScreeningSettings()
    matching: MatchingSettings = MatchingSettings()
    policy: PolicySettings = PolicySettings()
    ledger: LedgerSettings = LedgerSettings()
    likeness: LikenessSettings = LikenessSettings()
    storage: StorageSettings = StorageSettings()
    detectors: DetectorSettings = DetectorSettings()
    hma: HmaSettings = HmaSettings()
    models: dict[str, ModelOverride] = Field(
        default_factory=dict, description="Model name to a better file for it."
    )

    @model_validator(mode="after")
    def _refuse_open_banks(self) -> Self:
        """Banks that anybody may change are never served beyond this machine by oversight."""
        open_to_all = not self.hma.require_key and not self.hma.without_key_on_any_address
        if open_to_all and not is_loopback(self.server.host):
            raise ValueError(
                "hma.require_key is off and server.host is not loopback; turn the key on, listen "
                "on 127.0.0.1, or say hma.without_key_on_any_address = true"
            )
        return self

    @property
    def database_url(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.storage.url or f"sqlite:///{self.home / 'consentry.db'}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags over variables over the file; no .env file and no secrets folder."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, _TomlSource(settings_cls)


class _TomlSource(InitSettingsSource):
    """`consentry.toml`: the one that CONSENTRY_CONFIG names, else in this folder, else in home."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls, _read_toml(find_config_file()))


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address without a port, is this very machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


def default_home() -> Path:
    """The platform's data folder for Consentry."""
    return Path(platformdirs.user_data_dir("consentry", appauthor=False))


def find_config_file() -> Path | None:
    """The `consentry.toml` in force, or None.

    Raises:
        ConfigError: CONSENTRY_CONFIG names a file that does not exist.
    """
    named = os.environ.get("CONSENTRY_CONFIG")
    if named:
        if not Path(named).is_file():
            raise ConfigError(f"There is no configuration file {named}.")
        return Path(named)
    home = Path(os.environ.get("CONSENTRY_HOME") or default_home())
    candidates = (Path("consentry.toml"), home / "consentry.toml")
    return next((path for path in candidates if path.is_file()), None)


def _read_toml(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as TOML: {error}.") from error


def _check_variables() -> None:
    """Refuse a CONSENTRY_ variable that was meant to set something and sets nothing.

    That is one with a section in it, or one that is nearly a setting's name; other names
    (CONSENTRY_KEY in somebody's script) are none of our business.
    """
    known = set(_variables())
    given = {name.upper() for name in os.environ if name.upper().startswith(_PREFIX)}
    unknown = (name for name in given - known if not name.startswith(f"{_PREFIX}MODELS__"))
    plain = [name.removeprefix(_PREFIX) for name in known]
    meant = sorted(
        name
        for name in unknown
        if "__" in name or difflib.get_close_matches(name.removeprefix(_PREFIX), plain, cutoff=0.8)
    )
    if meant:
        raise ConfigError(f"No setting is called {', '.join(meant)}.")


def _variables() -> Iterator[str]:
    """Every variable that sets something, but those for single models."""
    yield f"{_PREFIX}CONFIG"
    for name, setting in Settings.model_fields.items():
        yield f"{_PREFIX}{name.upper()}"
        if isinstance(setting.annotation, type) and issubclass(setting.annotation, BaseModel):
            for inner in setting.annotation.model_fields:
                yield f"{_PREFIX}{name.upper()}__{inner.upper()}"


def load_settings(**flags: Any) -> Settings:  # noqa: ANN401  the shape is checked by pydantic
    """Collect the settings from all sources; `flags` win.

    Raises:
        ConfigError: a name is unknown or a value is not allowed; every fault is listed.
    """
    _check_variables()
    try:
        return Settings(**flags)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
            for fault in error.errors()
        )
        raise ConfigError(f"The settings are not usable: {faults}.") from error

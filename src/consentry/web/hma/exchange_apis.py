"""The kinds of hash exchanges that HMA's clients know, and what each asks to be set up.

Names, fields and help are those that HMA shows, so that its clients' forms fill themselves.
Consentry fetches from none of them: what is set up is kept, and hashes come in as files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Final

from consentry.web.hma.answers import Refusal

__all__ = ["APIS", "SAMPLE", "SAMPLES", "ExchangeApi", "Field"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form.

    Attributes:
        name: the member of the JSON object.
        type: `string`, `number`, `boolean`, `enum` or `set_of_number`.
        required: whether it must be given.
        default: what it is otherwise.
        help: one sentence for the form.
        choices: what an `enum` may be.
    """

    name: str
    type: str
    required: bool = True
    default: Any = None
    help: str = ""
    choices: tuple[str, ...] | None = None

    def accepts(self, value: object) -> bool:
        """Whether `value` is of this field's type."""
        if value is None:
            return not self.required
        if self.type == "enum":
            return value in (self.choices or ())
        if self.type == "set_of_number":
            return isinstance(value, list) and all(_is_number(one) for one in value)
        if self.type == "number":
            return _is_number(value)
        return isinstance(value, str) and (bool(value) or not self.required)

    def as_json(self) -> dict[str, Any]:
        """The field as HMA's schema shows it."""
        plain = asdict(self)
        return {**plain, "choices": None if self.choices is None else list(self.choices)}


@dataclass(frozen=True, slots=True)
class ExchangeApi:
    """A kind of exchange.

    Attributes:
        name: what HMA calls it.
        config: what each exchange of this kind needs.
        credentials: what all of them share, or None when it needs none.
    """

    name: str
    config: tuple[Field, ...] = ()
    credentials: tuple[Field, ...] | None = None

    def schema(self) -> dict[str, Any]:
        """The two forms, as HMA gives them."""
        return {
            "config_schema": {"fields": [one.as_json() for one in self.config]},
            "credentials_schema": None
            if self.credentials is None
            else {"fields": [one.as_json() for one in self.credentials]},
        }

    def check_config(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The set-up of one exchange, defaults filled in.

        Raises:
            Refusal: a field is missing, unknown or of a wrong type.
        """
        return _check(self.config, given, "api_json")

    def check_credentials(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Credentials, defaults filled in.

        Raises:
            Refusal: as `check_config`; or this kind has none.
        """
        if self.credentials is None:
            raise Refusal(400, f"{self.name} does not support credentials")
        return _check(self.credentials, given, "credential_json")


def _check(fields: tuple[Field, ...], given: Mapping[str, Any], what: str) -> dict[str, Any]:
    unknown = set(given) - {one.name for one in fields}
    if unknown:
        raise Refusal(400, f"Failed to parse `{what}` - it has a field that is not known")
    values = {one.name: given.get(one.name, one.default) for one in fields}
    for one in fields:
        if not one.accepts(values[one.name]):
            raise Refusal(400, f"Failed to parse `{what}` - {one.name}: a {one.type} is needed")
    return values


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_NCMEC_DATABASES: Final = (
    "https://report.cybertip.org/hashsharing",
    "https://report.cybertip.org/exploitative-hashsharing",
    "https://lesp.ncmec.org/csam-hashsharing",
    "https://hashsharing.ncmec.org/npo",
    "https://hashsharing.ncmec.org/exploitative",
    "https://hashsharing.ncmec.org/generative-ai-csam",
    "https://hashsharing.ncmec.org/generative-ai-exploitative",
    "https://exttest.cybertip.org/hashsharing",
    "https://exttest.cybertip.org/exploitative-hashsharing",
    "https://betalesp.ncmec.org/csam-hashsharing",
    "https://hashsharing-test.ncmec.org/npo",
    "https://hashsharing-test.ncmec.org/exploitative",
    "https://hashsharing-test.ncmec.org/generative-ai-csam",
    "https://hashsharing-test.ncmec.org/generative-ai-exploitative",
)

SAMPLE: Final = "sample"
SAMPLES: Final = (
    ("pdq", "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"),
    ("pdq", "e64cc9d91c623882f8d1f1d9a398e78c9f199b3bd83924f2b7e11e0bf861b064"),
    ("pdq", "c186f9619659658c4b6916daf934496985f4259c72c39676ab9edb631c3c349c"),
    ("video_md5", "cab08b36195edb1a1231d2d09fa450e0"),
)
"""Harmless hashes that python-threatexchange publishes as examples: what `sample` gives."""

_ALL: Final = (
    ExchangeApi(SAMPLE),
    ExchangeApi(
        "fb_threatexchange",
        (Field("privacy_group", "number", help="The privacy group that this bank comes from."),),
        (Field("api_token", "string", help="The access token of your app."),),
    ),
    ExchangeApi(
        "ncmec",
        (
            Field("environment", "enum", help="Which database it is.", choices=_NCMEC_DATABASES),
            Field(
                "only_esp_ids",
                "set_of_number",
                required=False,
                default=[],
                help="Only entries of these electronic service providers.",
            ),
        ),
        (
            Field("user", "string", help="User name of the hash sharing API."),
            Field("password", "string", help="Password of the hash sharing API."),
        ),
    ),
    ExchangeApi(
        "stop_ncii",
        (),
        (
            Field("fetch_function_key", "string", help="Key of the endpoint that gives hashes."),
            Field("subscription_key", "string", help="Sent as Ocp-Apim-Subscription-Key."),
            Field(
                "base_url_override",
                "string",
                required=False,
                help="Another address of the API, for tests.",
            ),
        ),
    ),
)

APIS: Final[Mapping[str, ExchangeApi]] = MappingProxyType({one.name: one for one in _ALL})
"""Every kind, by name."""

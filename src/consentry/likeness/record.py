"""A consent as a record with the fields of ISO/IEC TS 27560:2023 (consent record and receipt).

The names follow the standard's information structure: a header, the processing with its purposes,
the parties, and events. Whether every optional field is there was not checked by anybody else.
"""

from __future__ import annotations

from typing import Any, Final

from consentry.likeness.consent import Terms

__all__ = ["SCHEMA", "as_record"]

SCHEMA: Final = "ISO/IEC TS 27560:2023"


def as_record(
    terms: Terms, *, controller: str, signed: str, revoked_at: str | None = None
) -> dict[str, Any]:
    """The record.

    Args:
        terms: what was agreed to.
        controller: who runs this installation.
        signed: the signed receipt.
        revoked_at: when it was taken back, ISO 8601, UTC.
    """
    return {
        "schema_version": SCHEMA,
        "record_id": terms.id,
        "pii_principal_id": terms.person,
        "pii_processing": {
            "privacy_notice": "docs/guide/likeness.md",
            "language": "en",
            "purposes": [_purpose(terms, one) for one in terms.purposes],
        },
        "party_identification": [
            {"party_id": controller, "party_role": "pii_controller"},
            {
                "party_id": terms.grantee.id or "anyone",
                "party_role": "recipient",
                "party_type": terms.grantee.kind,
            },
        ],
        "events": _events(terms, revoked_at),
        "evidence": terms.evidence,
        "receipt": signed,
    }


def _purpose(terms: Terms, purpose: str) -> dict[str, Any]:
    return {
        "purpose": purpose,
        "lawful_basis": "consent",
        "pii_information": [{"pii_type": "likeness", "sensitive": True}],
        "processing_method": list(terms.media),
        "jurisdiction": list(terms.territory) or ["any"],
        "retention_period": {"from": terms.start, "until": terms.until or None},
        "withdrawal_method": "the person's own page, or the operator",
    }


def _events(terms: Terms, revoked_at: str | None) -> list[dict[str, Any]]:
    given = {
        "event_time": terms.issued_at,
        "validity_duration": {"from": terms.start, "until": terms.until or None},
        "entity_id": terms.given_by,
        "event_type": "explicit",
        "event_state": "consent given",
    }
    if revoked_at is None:
        return [given]
    taken_back = {"event_time": revoked_at, "event_state": "consent withdrawn"}
    return [given, taken_back]

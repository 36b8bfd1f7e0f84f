"""What the API says about an entry of the audit trail: portal/audit/formats.py, as a schema."""

from typing import Any

from ninja import Field, Schema


class AuditActor(Schema):
    id: int
    name: str = Field(description="The username at that time.", examples=["anna@example.com"])


class AuditCredential(Schema):
    """A session or a token. What is not known is left out."""

    kind: str = Field(examples=["token"])
    id: str | None = None
    name: str | None = None
    hint: str | None = None
    owner: str | None = None
    created_by: str | None = Field(None, description="Who else has seen the token's text.")


class AuditTarget(Schema):
    kind: str = Field(examples=["token"])
    id: str
    name: str = Field(description="At that time.", examples=["deploy"])


class AuditChange(Schema):
    before: Any
    after: Any


class AuditEntryOut(Schema):
    sequence: int = Field(description="Its place in the chain.", examples=[51234])
    id: int = Field(description="Of the row; says nothing about the order.")
    at: str = Field(
        examples=["2026-11-28T13:51:37.123456Z"], description="When it happened, in UTC.", json_schema_extra={"format": "date-time"}
    )
    event: str = Field(examples=["token.revoked"])
    actor: AuditActor | None = Field(description="null: the portal itself, a command, or nobody who is signed in.")
    credential: AuditCredential | None
    channel: str = Field(examples=["page"])
    request_id: str
    address: str | None
    user_agent: str
    target: AuditTarget
    changes: dict[str, AuditChange]
    details: dict[str, Any]
    count: int = Field(description="How often, for what is counted in one entry.")
    last_at: str | None
    previous_hash: str
    hash: str = Field(description="SHA-256 of the previous hash and all columns, in hexadecimal digits.")


class AuditPage(Schema):
    items: list[AuditEntryOut]
    next: int = Field(description="Send it as `after` the next time, now or later.", examples=[51234])
    more: bool = Field(description="Whether further entries are there already.")

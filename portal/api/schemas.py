"""What goes in and out of the API. Instants are RFC 3339 in UTC with their offset; no schema has a field for a temporary token's text."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.core.exceptions import ValidationError
from ninja import Field, Header, Schema
from pydantic import AfterValidator, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema
from typing_extensions import TypeAliasType

from portal.users.models import DISPLAY_NAME_MAX, USERNAME, USERNAME_MAX
from settings_app.models import Config
from settings_app.registry import KEYS, Key
from tokens import dates
from tokens.models import Token


def rule(validator: Callable[[str], None]) -> AfterValidator:
    """One of Django's validators, with its words."""

    def check(value: str) -> str:
        try:
            validator(value)
        except ValidationError as error:
            raise ValueError(error.messages[0]) from None
        return value

    return AfterValidator(check)


Instant = Annotated[
    datetime,
    PlainSerializer(lambda instant: instant.astimezone(UTC).isoformat(), return_type=str, when_used="unless-none"),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2027-01-01T00:00:00+00:00"]}),
]
Username = Annotated[
    str,
    Field(max_length=USERNAME_MAX),
    rule(USERNAME),
    WithJsonSchema({"type": "string", "maxLength": USERNAME_MAX, "pattern": USERNAME.regex.pattern.replace(r"\Z", "$")}),
]
# The service says what is wrong with it, more clearly than a pattern could.
NewUsername = Annotated[
    str, WithJsonSchema({"type": "string", "maxLength": USERNAME_MAX, "pattern": USERNAME.regex.pattern.replace(r"\Z", "$")})
]
DisplayName = Annotated[str, WithJsonSchema({"type": "string", "maxLength": DISPLAY_NAME_MAX})]
Day = Annotated[date, BeforeValidator(lambda given: dates.read_day(str(given)))]
# Types with a name have one schema in the document, and one class in a generated client.
Role = TypeAliasType("Role", Literal["user", "operator", "administrator"])
TokenKind = TypeAliasType("TokenKind", Literal["permanent", "temporary"])
TokenStatus = TypeAliasType("TokenStatus", Literal["active", "expiring", "expired", "revoked"])
IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", description="The ETag that you read: 412 if the object has changed since. `*` matches any version."),
]
KeyName = Annotated[str, WithJsonSchema({"type": "string", "enum": list(KEYS)})]


class Body(Schema):
    """A request's body: unknown fields are rejected, since they were meant to have an effect."""

    model_config = ConfigDict(extra="forbid")


class UserOut(Schema):
    username: str = Field(examples=["anna@example.com"])
    display_name: str = Field(examples=["Anna Smith"])
    email: str = Field(description="Empty for a service account.", examples=["anna@example.com"])
    kind: Literal["person", "service"]
    role: Role
    is_active: bool
    may_introspect: bool
    may_provision: bool
    created_at: Instant
    last_login: Instant | None


class UserIn(Body):
    username: NewUsername = Field(
        max_length=USERNAME_MAX,
        description="An email address creates a person, who is invited by email. A name without @ creates a service account.",
        examples=["ci-runner"],
    )
    display_name: DisplayName = ""
    role: Role = "user"


class UserChange(Body):
    """Fields that are left out keep their value."""

    display_name: DisplayName | None = None
    role: Role | None = None
    may_introspect: bool | None = None
    may_provision: bool | None = Field(None, description="For service accounts only.")
    username: NewUsername | None = Field(
        None, max_length=USERNAME_MAX, description="A new username. The former one stays reserved, and its address is 404."
    )
    email: str | None = Field(None, max_length=254, description="A new email address. Left out, it follows a username that it is equal to.")


class TokenBrief(Schema):
    id: UUID
    kind: TokenKind
    name: str = Field(examples=["deploy"])
    hint: str = Field(description="The prefix and the last four characters.", examples=["tpp_…8wLI"])
    created_at: Instant
    expires_at: Instant = Field(description="The time from which it is rejected.")
    expires_on: date = Field(description="The last day on which it is valid, in the portal's time zone.", examples=["2026-12-31"])


class TokenOut(TokenBrief):
    user: str = Field(description="The owner's username.", examples=["ci-runner"])
    status: TokenStatus
    created_by: str | None
    created_with: UUID | None = Field(description="The permanent token that created it through the API. Both end together.")
    revoked_at: Instant | None
    revoked_by: str | None
    last_used_at: Instant | None
    last_used_from: str | None
    refused_count: int = Field(description="How often it was rejected after it expired or was revoked.")
    refused_at: Instant | None
    refused_from: str | None

    @staticmethod
    def resolve_user(token: Token) -> str:
        return token.user.username

    @staticmethod
    def resolve_created_by(token: Token) -> str | None:
        return token.created_by.username if token.created_by else None

    @staticmethod
    def resolve_created_with(token: Token) -> UUID | None:
        return token.created_with_id

    @staticmethod
    def resolve_revoked_by(token: Token) -> str | None:
        return token.revoked_by.username if token.revoked_by else None


class TokenMade(TokenOut):
    secret: str = Field(
        description="The token's text, in this response only. It can't be shown again.",
        examples=["tpp_0000000000000000000000000000000004L8wLI"],
    )


class TokenIn(Body):
    name: str = Field(
        description="1 to 100 characters, without <, > or invisible characters; stored in NFC. Unique among the user's active tokens.",
        examples=["deploy"],
    )
    expires: Day | None = Field(
        None,
        description="The last day on which it is valid, later than today. The default is the maximum lifetime.",
        examples=["2026-12-31"],
    )


class WhoAmI(Schema):
    user: UserOut
    token: TokenBrief


class ConfigOut(Schema):
    key: str = Field(examples=["token_expiration_days"])
    type: str
    label: str
    help: str
    value: str = Field(description="The value in effect: the one that is set, or the default.", examples=["30;7;1"])
    default: str = Field(examples=["15"])
    is_set: bool
    updated_at: Instant | None

    @classmethod
    def of(cls, key: Key, stored: Config | None) -> dict[str, Any]:
        default = key.format(key.default)
        return {
            **{name: getattr(key, name) for name in ("type", "label", "help")},
            "key": key.name,
            "value": stored.value if stored else default,
            "default": default,
            "is_set": stored is not None,
            "updated_at": stored and stored.updated_at,
        }


class ConfigIn(Body):
    value: str = Field(description="As in Config.", examples=["30;7;1"])


class FaultOut(Schema):
    id: int
    source: str
    key: str
    name: str
    resource: str
    description: str
    severity: Literal["warning", "critical"]
    state: Literal["open", "acknowledged", "cleared"]
    raised_at: Instant
    acknowledged_at: Instant | None
    acknowledged_by: str | None
    cleared_at: Instant | None

    @staticmethod
    def resolve_state(fault: Any) -> str:
        return fault.state.lower()

    @staticmethod
    def resolve_acknowledged_by(fault: Any) -> str | None:
        return fault.acknowledged_by and fault.acknowledged_by.username

"""The resources that this service has, in the library's terms: schemas, what is tolerated of a client, and errors."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import Field, ValidationError
from scim2_models import (
    URN,
    AuthenticationScheme,
    Bulk,
    CaseExact,
    ChangePassword,
    ComplexAttribute,
    Context,
    Error,
    ETag,
    External,
    Filter,
    Mutability,
    Patch,
    PatchOp,
    Reference,
    Required,
    Resource,
    ResponseParameters,
    SCIMException,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    Uniqueness,
)

from portal.scim.errors import ScimError
from portal.scim.models import EXTERNAL_ID_MAX

MOST_RESULTS = 500  # on a page
# Unknown attributes are ignored (RFC 7644, section 3.3), and what Microsoft Entra ID sends beside the RFC is understood: a `value` in a
# remove operation, and a filter in a path that describes the entry to be added.
POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)


class Name(ComplexAttribute):
    formatted: str | None = None
    family_name: str | None = None
    given_name: str | None = None


class Email(ComplexAttribute):
    value: str | None = None
    type: str | None = None
    primary: bool | None = None


class GroupOfUser(ComplexAttribute):
    value: Annotated[str | None, Mutability.read_only, CaseExact.true] = None
    ref: Annotated[Reference["Group"] | None, Mutability.read_only] = Field(None, serialization_alias="$ref", validation_alias="$ref")
    display: Annotated[str | None, Mutability.read_only] = None


class User(Resource[Any]):
    """A person. `active` is in each response."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Required.true, Uniqueness.server] = None
    name: Name | None = None
    display_name: str | None = None
    active: bool | None = None
    emails: list[Email] | None = None
    groups: Annotated[list[GroupOfUser] | None, Mutability.read_only] = None


class Member(ComplexAttribute):
    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    ref: Annotated[Reference["User"] | None, Mutability.immutable] = Field(None, serialization_alias="$ref", validation_alias="$ref")
    type: Annotated[str | None, Mutability.immutable] = Field(None, examples=["User"])


class Group(Resource[Any]):
    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Required.true, Uniqueness.server] = None
    members: list[Member] | None = None


CONFIG = ServiceProviderConfig(
    patch=Patch(supported=True),
    bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
    filter=Filter(supported=True, max_results=MOST_RESULTS),
    change_password=ChangePassword(supported=False),
    sort=Sort(supported=False),
    etag=ETag(supported=True),
    authentication_schemes=[
        AuthenticationScheme(
            type=AuthenticationScheme.Type.oauthbearertoken,
            name="API token",
            description="A permanent token of a service account that can provision users.",
            spec_uri=Reference[External]("https://www.rfc-editor.org/rfc/rfc6750"),
            primary=True,
        )
    ],
)
PROVIDER = ScimProvider(models=[User, Group], config=CONFIG, policy=POLICY)

CHANGED = "It has changed since the version in If-Match. Read it again."

Kind = TypeVar("Kind", bound=Resource[Any])


@contextmanager
def library_errors() -> Iterator[None]:
    """Makes a ScimError of what the library says of a request."""
    try:
        with POLICY:
            yield
    except ValidationError as raised:
        first = Error.from_validation_error(raised.errors(include_url=False)[0])
        raise ScimError(first.status or 400, first.detail or "", first.scim_type or "") from None
    except SCIMException as raised:
        raise ScimError(raised.status, raised.detail.splitlines()[0], raised.scim_type) from None


@cache  # pydantic forgets such a class as soon as nothing refers to it, and takes 10 ms to make it again
def parametrized(generic: Any, model: type[Resource[Any]]) -> Any:
    """The library's `generic` for a model that is known at run time only."""
    return generic[model]


def resource(model: type[Kind], data: Mapping[str, Any], context: Context) -> Kind:
    """A request's resource. Raises ScimError."""
    with library_errors():
        return model.model_validate(data, scim_ctx=context)


def operations(model: type[Kind], data: Mapping[str, Any]) -> PatchOp[Kind]:
    """A request's PATCH operations, checked but for what depends on the resource. Raises ScimError."""
    with library_errors():
        patch: PatchOp[Kind] = parametrized(PatchOp, model).model_validate(data, scim_ctx=Context.RESOURCE_PATCH_REQUEST)
        return patch


def parameters(model: type[Kind], query: Mapping[str, str]) -> ResponseParameters[Kind]:
    """Which attributes the response is to have. Raises ScimError."""
    given = {name: query[name] for name in ("attributes", "excludedAttributes") if query.get(name)}
    with library_errors():
        found: ResponseParameters[Kind] = parametrized(ResponseParameters, model).model_validate(given)
        return found


def external_id(text: str | None) -> str:
    """A request's externalId as it is stored. Raises ScimError."""
    if text and len(text) > EXTERNAL_ID_MAX:
        raise ScimError(400, f"externalId must be {EXTERNAL_ID_MAX} characters or fewer.", "invalidValue")
    return text or ""


def dumped(found: Resource[Any], wanted: ResponseParameters[Any] | None) -> dict[str, Any]:
    return found.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=wanted)

"""Saved filters: each user's own, applied, replaced and deleted; and columns that a user has hidden."""

import pytest

from portal.core.actors import Actor
from portal.core.errors import ServiceError
from portal.users import saved_filters
from portal.users.models import SavedFilter
from tests.factories import TokenFactory, UserFactory
from tests.pages.page import Page
from tests.pages.visitor import Visitor
from tokens import token_format

RUNS_ON = "both"
pytestmark = pytest.mark.django_db


def test_a_filter_is_saved_applied_replaced_and_deleted(as_administrator: Visitor) -> None:
    TokenFactory(name="deploy")
    TokenFactory(name="other")
    here = as_administrator.see("tokens:all", q="deploy", page="1").one("div", "list-tools").one("a").attributes["href"]
    window = as_administrator.see(here)
    assert window.value("query") == "q=deploy&page=1"
    as_administrator.send("saved_filters", list="tokens", name="Deploys", query=window.value("query"))
    link = as_administrator.see(here).one("ul", "saved-filters").one("a")
    assert link.text == "Deploys"
    assert [row[2] for row in as_administrator.see(link.attributes["href"]).rows] == ["deploy"]
    as_administrator.send("saved_filters", list="tokens", name="DEPLOYS", query="?status=active&sort=-name")
    (saved,) = SavedFilter.objects.all()
    assert (saved.name, saved.query, saved.user) == ("DEPLOYS", "status=active&sort=-name", as_administrator.user)
    as_administrator.send("saved_filters", list="tokens", delete=str(saved.pk))
    assert not SavedFilter.objects.exists()


@pytest.mark.parametrize("pk", ["", "-1", "x", "9" * 30, "foreign"])
def test_a_foreign_filter_is_not_found(pk: str, as_administrator: Visitor) -> None:
    foreign = SavedFilter.objects.create(user=UserFactory(), list="tokens", name="theirs", query="q=x")
    assert as_administrator.send("saved_filters", list="tokens", delete=str(foreign.pk) if pk == "foreign" else pk).status_code == 404
    assert as_administrator.see("saved_filters", list="tokens").all("ul", "saved-filters") == []
    assert SavedFilter.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "query", "error"),
    [
        ("", "q=x", "Enter a name."),
        ("x" * 61, "q=x", "Name must be 60 characters or fewer (now 61)."),
        ("n", "", "Set a search, a filter or an order first."),
        ("n", "page=3&per_page=50", "Set a search, a filter or an order first."),
        ("n", "q=" + "x" * 999, "These filters are too long to save."),
        ("n", "q=" + "x" * 9999, "These filters are too long to save."),
    ],
)
def test_what_cannot_be_saved_says_why(name: str, query: str, error: str, as_administrator: Visitor) -> None:
    with pytest.raises(ServiceError) as raised:
        saved_filters.save(Actor(as_administrator.user), "tokens", name, query)
    assert str(raised.value) == error
    assert as_administrator.send("saved_filters", list="tokens", name=name, query=query).status_code == 422


def test_names_are_compared_as_the_constraint_compares_them(as_administrator: Visitor) -> None:
    actor = Actor(as_administrator.user)
    for name in ("STRAẞE", "straße", "İ", "i", "i̇"):  # each with another upper or lower case in some database
        saved_filters.save(actor, "tokens", name, "q=x")
    assert SavedFilter.objects.filter(name="straße").count() == 1


def test_no_api_token_is_saved_with_a_filter(as_administrator: Visitor) -> None:
    query = f"q={token_format.generate()}&status=active"
    assert saved_filters.save(Actor(as_administrator.user), "tokens", "mine", query).query == "status=active"


def test_a_user_saves_only_so_many(as_administrator: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_filters, "MOST", 1)
    as_administrator.send("saved_filters", list="tokens", name="one", query="q=1")
    page = Page(as_administrator.send("saved_filters", list="tokens", name="two", query="q=2"))
    assert page.error("name") == "You already have 1 saved filters for this list, the maximum."
    as_administrator.send("saved_filters", list="users", name="two", query="q=2")
    as_administrator.send("saved_filters", list="tokens", name="one", query="q=3")
    assert set(SavedFilter.objects.values_list("list", "query")) == {("tokens", "q=3"), ("users", "q=2")}


def test_filters_are_for_the_lists_that_a_role_sees(as_operator: Visitor) -> None:
    statuses = [as_operator.get("/saved-filters/", {"list": name}).status_code for name in ("faults", "tokens", "users", "other")]
    assert statuses == [200, 403, 403, 404]


def test_hidden_columns_are_left_out_but_never_the_first(as_administrator: Visitor) -> None:
    TokenFactory()
    usual = as_administrator.see("tokens:all").columns
    cookie = f"columns-tokens-{as_administrator.user.pk}"
    as_administrator.cookies[cookie] = "created_at.token.name.select.nonsense.x;y"
    page = as_administrator.see("tokens:all")
    assert page.columns == [title for title in usual if title not in ("Created", "Token")]
    assert [len(row) for row in page.rows] == [len(page.columns)]
    boxes = page.one("fieldset", data_columns=cookie).all("input")
    assert [box.attributes["value"] for box in boxes if "checked" not in box.attributes] == ["token", "created_at"]
    as_administrator.cookies[cookie] = ""
    assert as_administrator.see("tokens:all").columns == usual

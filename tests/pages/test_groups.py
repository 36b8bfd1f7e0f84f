"""The pages of groups and of owners, and what the dialogs that end access say before Submit."""

import re

import pytest
from django.urls import reverse

import settings_app.services as config
from portal.directory import claims, groups, owners
from portal.directory.models import Group, Membership, Ownership
from portal.users.models import User
from tests.clock import NOW
from tests.factories import GroupFactory, OwnershipFactory, ServiceFactory, TokenFactory, UserFactory
from tests.pages.page import Page
from tests.pages.visitor import Visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def group() -> Group:
    """A group with the member bob.jones@example.com that owns robot."""
    group = GroupFactory(name="Platform", description="They run the clusters.")
    groups.add_members(group, [UserFactory(username="bob.jones@example.com").pk], None, NOW)
    owners.set_owners(ServiceFactory(username="robot"), [], [group.pk], None, NOW)
    return group


def names(account: User) -> set[str]:
    return {str(row.owner) for row in Ownership.objects.filter(service_account=account)}


def test_groups_are_listed_with_their_counts(as_administrator: Visitor, group: Group) -> None:
    GroupFactory(name="Sales", source="claim")
    page = as_administrator.see("directory:groups")
    assert page.columns == ["Name", "Source", "Members", "Service accounts", "Created"]
    assert [row[:4] for row in page.rows] == [
        ["Platform They run the clusters.", "Manual", "1", "1"],
        ["Sales", "Company sign-in", "0", "0"],
    ]
    assert all(re.match(r"[A-Z][a-z]{2} \d+, \d{4}", row[4]) for row in page.rows)  # "22 minutes ago" would not fit beside it
    assert as_administrator.see("directory:groups", q="clusters").total == 1
    assert as_administrator.see("directory:groups", source="claim").total == 1
    lines = b"".join(as_administrator.get(reverse("directory:groups") + "?format=csv").streaming_content).decode().splitlines()
    assert lines[1].split(",")[1:6] == ["Platform", "They run the clusters.", "manual", "1", "1"]
    assert [tab.text for tab in page.one("ul", "tabs").all("a")] == ["Users", "Groups"]


def test_without_groups_the_list_says_what_they_are_for(as_administrator: Visitor) -> None:
    assert "A group of people can own service accounts" in as_administrator.see("directory:groups").text


@pytest.mark.parametrize("htmx", ["", "pane"])
def test_a_group_is_created_renamed_and_deleted(htmx: str, as_administrator: Visitor) -> None:
    visitor = Visitor(as_administrator.user, htmx=htmx)
    assert visitor.send("directory:add_group", name="Ops", description="x").status_code in (204, 302)
    group = Group.objects.get()
    assert visitor.submit("directory:update_group", group.pk, name="SRE").status_code in (204, 302)
    assert Group.objects.get().name == "SRE"
    assert "Delete the group SRE with 0 members?" in visitor.see("directory:delete_group", group.pk).text
    assert visitor.submit("directory:delete_group", group.pk).status_code in (204, 302)
    assert not Group.objects.exists()


def test_a_name_that_another_group_has_is_rejected(as_administrator: Visitor, group: Group) -> None:
    page = Page(as_administrator.send("directory:add_group", name="PLATFORM"))
    assert page.status == 422
    assert "A group named PLATFORM already exists." in page.text
    other = GroupFactory(name="Ops")
    stale = as_administrator.see("directory:update_group", other.pk).value("version")
    Group.objects.filter(pk=other.pk).update(name="Changed")
    page = Page(as_administrator.send("directory:update_group", other.pk, name="Mine", version=stale))
    assert "Changed has been changed since you opened this form." in page.text


def test_members_are_added_and_removed(as_administrator: Visitor, group: Group) -> None:
    person = UserFactory(username="carl@example.com")
    for typed, said in (
        ("nobody@example.com", "There is no user named nobody@example.com."),
        ("robot", "robot is a service account. Only people can be members."),
    ):
        assert said in Page(as_administrator.send("directory:add_member", group.pk, person=typed)).text
    assert as_administrator.send("directory:add_member", group.pk, person=" CARL@example.com ").status_code == 302
    page = as_administrator.see("directory:group", group.pk)
    assert [row[0].split()[0] for row in page.rows] == ["bob.jones@example.com", "carl@example.com"]
    assert "robot" in page.one("aside").text
    assert "no active owner" not in as_administrator.see("directory:remove_member", group.pk, person.pk).text
    assert as_administrator.send("directory:remove_member", group.pk, person.pk).status_code == 302
    last = Membership.objects.get()
    assert "1 service account will have no active owner." in as_administrator.see("directory:remove_member", group.pk, last.user_id).text


@pytest.mark.parametrize("source", ["scim", "claim"])
def test_a_group_of_the_directory_is_not_changed_by_hand(source: str, as_administrator: Visitor, group: Group) -> None:
    Group.objects.update(source=source)
    page = as_administrator.see("directory:group", group.pk)
    assert not page.all("a", href=reverse("directory:add_member", args=[group.pk]))
    for url in ("directory:update_group", "directory:add_member"):
        assert as_administrator.send(url, group.pk, name="x", person="x").status_code == 404
    assert as_administrator.send("directory:delete_group", group.pk).status_code == 422
    assert Group.objects.exists()


def test_a_service_account_has_a_tab_of_owners(as_administrator: Visitor) -> None:
    robot, person = ServiceFactory(username="robot"), UserFactory(username="bob.jones@example.com")
    group = GroupFactory(name="Platform")
    page = as_administrator.see("directory:owners", "robot")
    assert "No owner yet." in page.text
    for typed in ("bob.jones@example.com", "group: platform"):
        assert as_administrator.send("directory:add_owner", "robot", owner=typed).status_code == 302
    assert names(robot) == {str(person), str(group)}
    assert "already owns robot" in Page(as_administrator.send("directory:add_owner", "robot", owner="group:Platform")).text
    page = as_administrator.see("directory:owners", "robot")
    assert "0 active members" in page.text
    for row in Ownership.objects.order_by("pk"):
        as_administrator.send("directory:remove_owner", "robot", row.pk)
    assert names(robot) == {str(group)}  # the last one stays
    assert as_administrator.get(reverse("directory:owners", args=[person.username])).status_code == 404


def test_a_person_has_a_tab_of_groups_and_service_accounts(as_administrator: Visitor, group: Group) -> None:
    page = as_administrator.see("directory:of_user", "bob.jones@example.com")
    assert [link.text for section in page.all("section", "owners") for link in section.all("a")] == ["Platform", "robot"]


def test_the_field_suggests_people_and_groups(as_administrator: Visitor, group: Group) -> None:
    UserFactory(username="jones.gone@example.com", is_active=False)
    asked = {"field": "owner", "owner": "jones"}
    options = as_administrator.see("directory:search", **asked).all("option")
    assert [option.attributes["value"] for option in options] == ["bob.jones@example.com"]
    options = as_administrator.see("directory:search", field="owner", owner="plat", groups="1").all("option")
    assert [option.attributes["value"] for option in options] == ["group: Platform"]
    assert not as_administrator.see("directory:search", field="owner", owner="").all("option")


@pytest.mark.parametrize(("url", "typed"), [("users:deactivate", {}), ("users:delete", {"confirm": "leaving@example.com"})])
def test_the_dialog_says_what_ends_and_hands_over(url: str, typed: dict[str, str], as_administrator: Visitor) -> None:
    leaving, new = UserFactory(username="leaving@example.com"), UserFactory(username="new@example.com")
    accounts = [OwnershipFactory(user=leaving).service_account for _ in range(12)]
    OwnershipFactory(service_account=accounts[0])
    for number in range(12):
        TokenFactory(user=leaving, name=f"t{number:02}")
    text = as_administrator.see(url, leaving.username).text
    assert "12 active API tokens will be revoked: t00" in text
    assert "and 2 more" in text
    assert "11 service accounts will have no active owner." in text
    assert "and 1 more" in text
    assert "1 service account of this user keeps another owner." in text
    for to, said in (
        ("nobody", "There is no user named nobody."),
        ("leaving@example.com", "Choose another owner than the one who leaves."),
    ):
        page = Page(as_administrator.send(url, leaving.username, new_owner=to, **typed))
        assert page.status == 422
        assert said in page.text
    leaving.refresh_from_db()
    assert leaving.is_active
    assert as_administrator.send(url, leaving.username, new_owner="new@example.com", **typed).status_code == 302
    leaving.refresh_from_db()
    assert not leaving.is_active
    assert not owners.losing(new).exclude(pk__in=[account.pk for account in accounts[1:]]).exists()
    assert all("new@example.com" in names(account) for account in accounts[1:])


def test_nothing_is_handed_over_if_the_rest_is_rejected(as_administrator: Visitor) -> None:
    leaving, new = UserFactory(username="leaving@example.com"), UserFactory(username="new@example.com")
    robot = OwnershipFactory(user=leaving).service_account
    response = as_administrator.send("users:delete", leaving.username, new_owner=new.username, confirm="something else")
    assert response.status_code == 422
    stale = as_administrator.see("users:deactivate", leaving.username).value("version")
    User.objects.filter(pk=leaving.pk).update(role="operator")
    response = as_administrator.send("users:deactivate", leaving.username, new_owner=new.username, version=stale)
    assert response.status_code == 409
    assert names(robot) == {leaving.username}


def test_a_deleted_group_hands_over_what_it_owns(as_administrator: Visitor, group: Group) -> None:
    UserFactory(username="new@example.com")
    assert "1 service account will have no active owner." in as_administrator.see("directory:delete_group", group.pk).text
    assert as_administrator.send("directory:delete_group", group.pk, new_owner="new@example.com").status_code == 302
    assert names(User.objects.get(username="robot")) == {"new@example.com"}


def test_users_are_filtered_by_having_no_owner(as_administrator: Visitor) -> None:
    OwnershipFactory()
    alone = ServiceFactory(username="alone")
    page = as_administrator.see("users:list", kind="unowned")
    assert [row[0].split()[0] for row in page.rows] == [alone.username]


def test_the_audit_trail_leads_to_groups(as_administrator: Visitor, group: Group) -> None:
    address = reverse("directory:group", args=[group.pk])
    assert as_administrator.see("audit:list", target_kind="group").all("a", href=address)


def test_a_service_account_is_created_with_an_owner_or_not_at_all(as_administrator: Visitor) -> None:
    GroupFactory(name="Platform")
    page = Page(as_administrator.send("users:create", username="robot", role="user", owner="group: nobody"))
    assert page.status == 422
    assert "There is no group named nobody." in page.text
    assert "open" in page.one("details").attributes
    page = Page(as_administrator.send("users:create", username="new@example.com", role="user", owner="group: Platform"))
    assert "new@example.com is a person. Only service accounts have owners." in page.text
    assert not User.objects.exclude(pk=as_administrator.user.pk).exists()
    assert as_administrator.send("users:create", username="robot", role="user", owner="group: Platform").status_code == 302
    assert names(User.objects.get(username="robot")) == {"Platform"}


def test_the_profile_shows_owned_service_accounts_and_what_expires_next(as_person: Visitor, group: Group) -> None:
    assert not as_person.see("profile").all("section", aria_labelledby="owned")
    groups.add_members(group, [as_person.user.pk], None, NOW)
    token = TokenFactory(user=User.objects.get(username="robot"), name="deploy")
    card = as_person.see("profile").one("section", aria_labelledby="owned")
    assert "You own robot, and get the notifications about its tokens." in card.text
    assert as_person.get(card.all("a")[0].attributes["href"]).status_code == 200
    assert str(token.pk) in card.all("a")[0].attributes["href"]


def test_a_managed_users_groups_say_where_the_role_comes_from(as_administrator: Visitor) -> None:
    config.put("roles_by_group", "Ops = operator", None)
    user = claims.set_claim_groups(UserFactory(), ["Ops"], None, NOW)
    assert "comes from these groups" in as_administrator.see("directory:of_user", user.username).text
    assert "comes from these groups" not in as_administrator.see("directory:of_user", UserFactory().username).text

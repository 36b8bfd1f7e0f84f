"""The role of a managed user: what the groups of company sign-ins and SCIM give, and nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

import settings_app.services as config
from portal.audit.models import Entry
from portal.core.actors import Actor
from portal.directory import claims, groups, roles
from portal.directory.models import Group, ManagedUser
from portal.faults.models import Fault
from portal.users import services as users
from portal.users.models import User
from settings_app import role_mapping
from tests.clock import NOW
from tests.factories import AdministratorFactory, GroupFactory, ServiceFactory, UserFactory

pytestmark = pytest.mark.django_db
SCIM = Group.Source.SCIM
TEXT = "Ops = operator\nAdmins = administrator\nStaff = user"
NAMES = st.sampled_from(["Ops", "Admins", "Staff", "Sales", "ops", "admins "])


@given(st.lists(NAMES), st.dictionaries(NAMES, st.sampled_from(role_mapping.ROLES)))
def test_the_role_is_the_highest_that_a_group_gives(names: list[str], mapping: dict[str, str]) -> None:
    role = roles.role_for(names, mapping)
    given_by = [mapping[name] for name in names if name in mapping]
    if not mapping:
        assert role is None
    elif not given_by:
        assert role == "user"
    else:
        assert role in given_by
        assert all(roles.rank(role) >= roles.rank(each) for each in given_by)


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("Ops = operator", (("Ops", "operator"),)),
        ("  Ops=Operator \n\n CN=Admins,DC=x = administrator", (("Ops", "operator"), ("CN=Admins,DC=x", "administrator"))),
        ("u\u0308 = user", (("ü", "user"),)),
        ("", ()),
    ],
)
def test_a_mapping_has_a_line_for_each_group(text: str, pairs: Any) -> None:
    assert role_mapping.parse(text) == pairs
    assert role_mapping.parse(role_mapping.format_pairs(pairs)) == pairs


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("Ops", "Line 1: write a group and its role, for example Platform Admins = administrator."),
        ("Ops = operator\n= user", "Line 2: write a group and its role, for example Platform Admins = administrator."),
        ("Ops = root", "Line 1: 'root' is not a role. Use user, operator or administrator."),
        ("Ops = user\nOps = operator", "Line 2: 'Ops' is listed twice."),
        ("x" * 256 + " = user", "Line 1: the group's name must be 255 characters or fewer."),
        ("\n".join(f"g{n} = user" for n in range(201)), "201 groups are too many: at most 200."),
    ],
)
def test_a_mapping_that_makes_no_sense_names_its_line(text: str, error: str) -> None:
    with pytest.raises(ValueError) as raised:
        role_mapping.parse(text)
    assert str(raised.value) == error


@pytest.fixture
def mapped() -> User:
    """Config has roles by group; an administrator who is not managed."""
    config.put("roles_by_group", TEXT, None)
    return AdministratorFactory()


@pytest.mark.usefixtures("mapped")
def test_a_claim_gives_and_takes_the_role_with_the_sessions() -> None:
    user = UserFactory()
    stamp = user.session_stamp
    user = claims.set_claim_groups(user, ["Ops", "Admins", "Sales"], None, NOW)
    assert (user.role, user.session_stamp) == ("administrator", stamp)
    user = claims.set_claim_groups(user, ["Ops"], None, NOW)
    assert user.role == "operator"
    assert user.session_stamp != stamp
    assert claims.set_claim_groups(user, [], None, NOW).role == "user"
    changes = [entry.changes for entry in Entry.objects.filter(changes__has_key="role").order_by("pk")]
    assert [change["role"] for change in changes] == [["user", "administrator"], ["administrator", "operator"], ["operator", "user"]]
    assert [change["role_given_by"][1] for change in changes] == ["Admins", "Ops", "no group in Roles by Group"]


def test_without_a_mapping_roles_stay_as_they_are() -> None:
    user = AdministratorFactory()
    assert claims.set_claim_groups(user, ["Admins"], None, NOW).role == "administrator"
    assert Group.objects.get().source == Group.Source.CLAIM


def test_a_user_who_is_not_managed_keeps_the_role(mapped: User) -> None:
    group = groups.create("Ops", "", None, NOW)
    groups.add_members(group, [mapped.pk], None, NOW)
    assert roles.apply(mapped, None, NOW).role == "administrator"


@pytest.mark.usefixtures("mapped")
def test_a_group_that_was_made_by_hand_gives_no_role() -> None:
    user = UserFactory()
    groups.add_members(groups.create("Admins", "", None, NOW), [user.pk], None, NOW)
    assert claims.set_claim_groups(user, ["Staff"], None, NOW).role == "user"
    assert claims.set_claim_groups(user, ["Admins"], None, NOW).role == "administrator"
    assert Group.objects.filter(name="Admins").count() == 2


@pytest.mark.usefixtures("mapped")
def test_a_scim_group_gives_its_role_to_managed_members_only() -> None:
    group = groups.create("Ops", "", None, NOW, source=SCIM)
    managed, local = UserFactory(), UserFactory()
    roles.manage(managed, None, NOW, by_scim=True)
    groups.add_members(group, [managed.pk, local.pk], None, NOW, by=SCIM)
    assert [User.objects.get(pk=each.pk).role for each in (managed, local)] == ["operator", "user"]
    groups.update(group, "Admins", None, None, NOW, by=SCIM)
    assert roles.apply(managed, None, NOW).role == "administrator"
    groups.delete(group, None, NOW, by=SCIM)
    assert User.objects.get(pk=managed.pk).role == "user"


@pytest.mark.usefixtures("mapped")
def test_who_is_released_by_the_directory_loses_what_it_gave() -> None:
    user = claims.set_claim_groups(UserFactory(), ["Admins"], None, NOW)
    assert claims.forget_claims(user, None, NOW).role == "user"
    assert not ManagedUser.objects.exists()


def test_the_last_administrator_keeps_the_role_and_a_fault_is_open() -> None:
    config.put("roles_by_group", TEXT, None)
    user = claims.set_claim_groups(AdministratorFactory(), [], None, NOW)
    assert user.role == "administrator"
    assert Fault.objects.open().get().source == "directory-last-administrator"
    AdministratorFactory()
    assert claims.set_claim_groups(user, [], None, NOW).role == "user"
    assert not Fault.objects.open().exists()


def test_of_all_administrators_at_once_one_keeps_the_role() -> None:
    config.put("roles_by_group", TEXT, None)
    first, second = AdministratorFactory.create_batch(2)
    inactive = UserFactory(is_active=False)
    group = groups.create("Admins", "", None, NOW, source=SCIM)
    groups.add_members(group, [first.pk, second.pk], None, NOW, by=SCIM)
    for user in (first, second, inactive):
        ManagedUser.objects.create(user=user, by_scim=True)
    groups.set_members(group, [inactive.pk], None, NOW, by=SCIM)  # who becomes an administrator, and cannot act as one
    assert [User.objects.get(pk=user.pk).role for user in (first, second, inactive)] == ["administrator", "user", "administrator"]
    assert Fault.objects.open().get().key == str(first.pk)


@pytest.mark.usefixtures("mapped")
def test_another_mapping_is_applied_to_all_managed_users() -> None:
    users_ = [claims.set_claim_groups(UserFactory(), ["Sales"], None, NOW) for _ in range(3)]
    config.put("roles_by_group", "Sales = operator", None)
    assert roles.apply_all(NOW) == 3
    assert {User.objects.get(pk=user.pk).role for user in users_} == {"operator"}
    assert roles.apply_all(NOW) == 0


@pytest.mark.usefixtures("mapped")
def test_names_that_no_group_can_have_are_left_out() -> None:
    user = claims.set_claim_groups(UserFactory(), ["Ops", "a\x00b", "x" * 300, "", 7, "Ops "], None, NOW)  # type: ignore[list-item]
    assert [row.group.name for row in user.memberships.select_related("group")] == ["Ops"]


@pytest.mark.usefixtures("mapped")
def test_a_deleted_user_leaves_all_groups_and_is_managed_no_more() -> None:
    user = claims.set_claim_groups(UserFactory(), ["Admins"], None, NOW)
    users.delete(user, None)
    assert not user.memberships.exists()
    again = users.create(user.username, "", "user", None)
    assert roles.apply(again, None, NOW).role == "user"


class Given:
    """What the model of the next test knows: who gave which role."""

    def __init__(self) -> None:
        self.admin = AdministratorFactory()
        self.user = UserFactory()
        self.scim = {name: groups.create(name, "", None, NOW, source=SCIM) for name in ("Ops", "Admins")}
        self.manual = GroupFactory(name="Staff")
        self.claimed: set[str] = set()
        self.in_scim: set[str] = set()
        self.by_hand = "user"
        self.managed = {"claim": False, "scim": False}

    def allowed(self) -> set[str]:
        """The roles that somebody gave: by a claim, by SCIM, or by hand."""
        mapping = roles.given()
        names = (self.claimed if self.managed["claim"] else set()) | (self.in_scim if self.managed["scim"] else set())
        return {self.by_hand, "user"} | {mapping[name] for name in names if name in mapping}

    def step(self, kind: str, name: str, role: str) -> None:
        if kind == "claim":
            self.claimed, self.managed["claim"] = {name}, True
            claims.set_claim_groups(self.user, [name], None, NOW)
        elif kind == "forget":
            self.claimed, self.managed["claim"] = set(), False
            claims.forget_claims(self.user, None, NOW)
        elif kind == "join" and name in self.scim:
            self.in_scim.add(name)
            groups.add_members(self.scim[name], [self.user.pk], None, NOW, by=SCIM)
        elif kind == "leave" and name in self.scim:
            self.in_scim.discard(name)
            groups.remove_members(self.scim[name], [self.user.pk], None, NOW, by=SCIM)
        elif kind in ("scim", "release"):
            self.managed["scim"] = kind == "scim"
            roles.manage(self.user, None, NOW, by_scim=kind == "scim")
        elif kind == "hand":
            self.by_hand = role
            users.update(User.objects.get(pk=self.user.pk), None, role, Actor(self.admin))
        elif kind == "manual":
            groups.add_members(self.manual, [self.user.pk], None, NOW)
        elif kind == "mapping":
            config.put("roles_by_group", f"{name} = {role}", None)
            roles.apply_all(NOW)


STEPS = st.sampled_from(["claim", "claim", "forget", "join", "join", "leave", "scim", "scim", "release", "hand", "manual", "mapping"])


@examples(max_examples=25, deadline=None)
@given(st.lists(st.tuples(STEPS, st.sampled_from(["Ops", "Admins", "Staff"]), st.sampled_from(role_mapping.ROLES)), max_size=12))
def test_no_path_gives_a_role_that_nobody_gave(steps: list[tuple[str, str, str]]) -> None:
    from django.db import transaction

    with transaction.atomic():
        config.put("roles_by_group", TEXT, None)
        model = Given()
        for step in steps:
            model.step(*step)
            assert User.objects.get(pk=model.user.pk).role in model.allowed()
        transaction.set_rollback(True)


@pytest.mark.usefixtures("mapped")
def test_a_service_account_never_gets_a_role() -> None:
    account = ServiceFactory()
    ManagedUser.objects.create(user=account, by_claim=True)
    assert claims.set_claim_groups(account, ["Admins"], None, NOW).role == "user"

import pytest

from portal.users.models import User
from tests.factories import AdministratorFactory, OperatorFactory, UserFactory
from tests.pages.visitor import Visitor


@pytest.fixture
def administrator(db: None) -> User:
    return AdministratorFactory(username="alice@example.com", display_name="Alice")


@pytest.fixture
def operator(db: None) -> User:
    return OperatorFactory(username="oscar@example.com", display_name="Oscar")


@pytest.fixture
def person(db: None) -> User:
    return UserFactory(username="bob@example.com", display_name="Bob")


@pytest.fixture
def as_administrator(administrator: User) -> Visitor:
    return Visitor(administrator)


@pytest.fixture
def as_operator(operator: User) -> Visitor:
    return Visitor(operator)


@pytest.fixture
def as_person(person: User) -> Visitor:
    return Visitor(person)


@pytest.fixture
def anonymous(db: None) -> Visitor:
    return Visitor()

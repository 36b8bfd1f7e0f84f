"""A user whose calendar is read."""

import pytest

from portal.users.models import User
from tests.factories import UserFactory


@pytest.fixture
def user() -> User:
    return UserFactory(username="alice")

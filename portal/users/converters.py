"""A username as a part of an address: anything that cannot be one is a 404 before any view runs."""

from django.urls import register_converter

from portal.users.models import USERNAME_PATTERN


class UsernameConverter:
    regex = USERNAME_PATTERN

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(UsernameConverter, "username")

"""A token's id as a part of an address: a UUID, also without hyphens, as the keys of faults are written."""

from django.urls import register_converter
from django.urls.converters import UUIDConverter


class TokenIdConverter(UUIDConverter):
    regex = "[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}"


register_converter(TokenIdConverter, "token_id")

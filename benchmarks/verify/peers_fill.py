"""Fills the peers' database by their own models, and writes the tokens' texts: `python -m verify.peers_fill FOLDER COUNT`."""

import os
import sys
from pathlib import Path

import django
from django.core.management import call_command

os.environ["DJANGO_SETTINGS_MODULE"] = "verify.peers_settings"
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from knox.models import AuthToken, get_digest_token, get_expiry  # noqa: E402
from knox.settings import CONSTANTS, knox_settings  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402
from rest_framework_api_key.models import APIKey  # noqa: E402


def rest_framework(users: list[User]) -> list[str]:
    tokens = Token.objects.bulk_create([Token(key=Token.generate_key(), user=user) for user in users], batch_size=5000)
    return [token.key for token in tokens]


def knox(users: list[User]) -> list[str]:
    pairs = [get_digest_token() for _ in users]
    rows = [
        AuthToken(digest=digest, token_key=text[: CONSTANTS.TOKEN_KEY_LENGTH], user=user, expiry=get_expiry(knox_settings.TOKEN_TTL))
        for (digest, text), user in zip(pairs, users, strict=True)
    ]
    AuthToken.objects.bulk_create(rows, batch_size=5000)
    return [text for _, text in pairs]


def api_key(users: list[User]) -> list[str]:
    rows = [APIKey(name=user.username) for user in users]
    texts = [APIKey.objects.assign_key(row) for row in rows]
    APIKey.objects.bulk_create(rows, batch_size=5000)
    return texts


def main(folder: Path, count: int) -> None:
    call_command("migrate", verbosity=0)
    users = User.objects.bulk_create([User(username=f"user{number}") for number in range(count)], batch_size=5000)
    for name, fill in {"rest-framework": rest_framework, "knox": knox, "api-key": api_key}.items():
        texts = fill(users)
        unknown = [text[::-1] for text in texts[: count // 9]]  # as long, and in no table
        (folder / name).write_text("\n".join(texts + unknown))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

"""The one-time codes by which command-line tools sign in."""

from django.db import models
from django.db.models import Q

from tokens.models.token import NAME_MAX, Token

LOWEST_PORT, HIGHEST_PORT = 1024, 65535  # those that a program may listen on without being the system's


class SignInCode(models.Model):
    """A command-line tool's one-time code (tokens/cli_login/flow.py): it stands for its user's temporary token, for one minute."""

    digest = models.BinaryField(max_length=32, unique=True)
    token = models.ForeignKey(Token, on_delete=models.CASCADE, related_name="+")
    challenge = models.CharField(max_length=43)
    port = models.PositiveIntegerField()
    client = models.CharField(max_length=NAME_MAX, blank=True)
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(port__range=(LOWEST_PORT, HIGHEST_PORT)), name="tokens_sign_in_port_is_no_system_port")
        ]

    def __str__(self) -> str:
        return f"{self.client or 'a program'} on port {self.port}"

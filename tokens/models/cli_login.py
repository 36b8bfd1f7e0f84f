"""The one-time codes by which command-line tools sign in, and the sign-ins of programs on machines without a browser."""

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


class DeviceLogin(models.Model):
    """The sign-in of a program on a machine without a browser (RFC 8628, tokens/cli_login/device.py). Once it is approved it stands for
    the temporary token of the user who approved it, until the program has fetched that or its time is over."""

    class State(models.TextChoices):
        PENDING = "pending"
        APPROVED = "approved"
        DENIED = "denied"
        REDEEMED = "redeemed"

    digest = models.BinaryField(max_length=32, unique=True, help_text="SHA-256 of the device code")
    user_code_hash = models.BinaryField(max_length=32, unique=True, help_text="HMAC of the user code, under a key derived from SECRET_KEY")
    client = models.CharField(max_length=NAME_MAX)
    address = models.GenericIPAddressField(null=True)
    requested_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    interval = models.PositiveSmallIntegerField(help_text="Seconds to wait between two polls")
    next_poll_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    token = models.ForeignKey(Token, on_delete=models.CASCADE, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=("pending", "denied"), token=None) | Q(state__in=("approved", "redeemed"), token__isnull=False),
                name="tokens_device_login_approved_with_a_token",
            )
        ]

    def __str__(self) -> str:
        return f"{self.client} at {self.address or 'an unknown address'}"

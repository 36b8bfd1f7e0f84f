from typing import Any

from django.core.management.base import BaseCommand

import settings_app.services as config
from portal.users import local_passwords


class Command(BaseCommand):
    help = "Turns local passwords on again, for a portal whose company sign-in fails and whose emergency administrator is not available."

    def handle(self, *args: Any, **options: Any) -> None:
        config.put(local_passwords.ALLOWED, "true", None)
        self.stdout.write("Local passwords are allowed.")

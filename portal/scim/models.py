"""What a directory says of people and groups that the portal has no field for."""

from django.db import models

from portal.directory.models import Group
from portal.users.models import User

EXTERNAL_ID_MAX = 255


class ScimUser(models.Model):
    """`external_id`: the directory's own key; `attributes`: `name` and `emails` as they were sent, so that the directory reads back what
    it wrote, and does not write it again at each synchronisation."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="scim")
    external_id = models.CharField(max_length=EXTERNAL_ID_MAX, blank=True, db_index=True)
    attributes = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.external_id or str(self.pk)


class ScimGroup(models.Model):
    """A directory's own key of a group."""

    group = models.OneToOneField(Group, on_delete=models.CASCADE, primary_key=True, related_name="scim")
    external_id = models.CharField(max_length=EXTERNAL_ID_MAX, blank=True, db_index=True)

    def __str__(self) -> str:
        return self.external_id or str(self.pk)

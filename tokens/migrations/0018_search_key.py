from django.db import migrations

from portal.core.search_keys import SearchKeyField


class Migration(migrations.Migration):
    dependencies = [("tokens", "0017_device_logins")]
    operations = [
        migrations.AddField("token", "search_key", SearchKeyField("name", "last_four", db_default="", default="", editable=False)),
    ]

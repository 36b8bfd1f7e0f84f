from django.db import migrations

from portal.core.search_keys import SearchKeyField


class Migration(migrations.Migration):
    dependencies = [("users", "0007_no_links_in_stored_emails")]
    operations = [
        migrations.AddField("user", "search_key", SearchKeyField("username", "display_name", db_default="", default="", editable=False)),
    ]

"""Users by name, and on PostgreSQL the function by which three characters are found anywhere in a token's key."""

from django.db import migrations, models

from portal.core.search_keys import add_trigram_function


class Migration(migrations.Migration):
    dependencies = [("users", "0009_search_keys_of_earlier_users")]
    operations = [
        migrations.AddIndex("user", models.Index(fields=["search_key", "id"], name="users_by_name")),
        add_trigram_function(),
    ]

"""An index for each order of the lists, and on PostgreSQL one for searches. Tokens are verified meanwhile; what writes them waits."""

from django.db import migrations, models
from django.db.models import Q

from portal.core.search_keys import add_trigram_index

PERMANENT = Q(kind="permanent")


class Migration(migrations.Migration):
    dependencies = [("tokens", "0019_search_keys_of_earlier_tokens"), ("users", "0010_search_indexes")]
    operations = [
        migrations.AddIndex("token", models.Index(fields=["created_at", "id"], condition=PERMANENT, name="tokens_permanent_by_creation")),
        migrations.AddIndex("token", models.Index(fields=["search_key", "id"], condition=PERMANENT, name="tokens_permanent_by_name")),
        migrations.AddIndex("token", models.Index(fields=["expires_at", "id"], condition=PERMANENT, name="tokens_permanent_by_expiry")),
        migrations.AddIndex(
            "token",
            models.Index(fields=["expires_at", "id"], condition=PERMANENT & Q(revoked_at__isnull=False), name="tokens_revoked_by_expiry"),
        ),
        migrations.RemoveIndex("token", "tokens_permanent_newest_first"),
        add_trigram_index("tokens_token", "tokens_search_trigrams", "kind = 'permanent'"),
    ]

"""An index of settled messages, by which those of long ago are found and forgotten."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("hsmnodes", "0022_delays_that_all_share"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(
                condition=models.Q(("settled_at__isnull", False)),
                fields=["settled_at"],
                name="outbox_settled",
            ),
        ),
    ]

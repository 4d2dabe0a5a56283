"""People say how far they have read the alarms of the log."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0010_what_is_over"),
    ]

    operations = [
        migrations.AddField(model_name="person", name="alarms_read", field=models.BigIntegerField(default=0)),
    ]

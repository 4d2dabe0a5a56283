"""By how much the clocks of all nodes look late alike."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("hsmnodes", "0021_alarms_that_are_over"),
    ]

    operations = [
        migrations.AddField(model_name="node", name="clock_shared", field=models.IntegerField(default=0)),
    ]

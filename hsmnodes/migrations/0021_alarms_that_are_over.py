"""Alarms: of a zone on one node, and told when they are over. Those that have ended are not told any more."""

from django.db import migrations, models


def what_has_ended_is_told(apps, _schema_editor):
    ended = apps.get_model("hsmnodes", "Alarm").objects.filter(ended_at__isnull=False)
    ended.update(over_at=models.F("ended_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("hsmnodes", "0020_the_state_of_clusters"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="alarm", name="a_condition_of_a_thing_is_one_alarm"),
        migrations.AddField(
            model_name="alarm",
            name="node",
            field=models.CharField(blank=True, default="", max_length=32),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="alarm",
            name="over",
            field=models.TextField(blank=True, default=""),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="alarm", name="over_at", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.RunPython(what_has_ended_is_told, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="alarm",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)),
                fields=("event", "subject", "node"),
                name="a_condition_of_a_thing_is_one_alarm_there",
            ),
        ),
    ]

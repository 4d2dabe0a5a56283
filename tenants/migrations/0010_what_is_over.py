"""Occasions say whether they tell that something is over."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0009_statements"),
    ]

    operations = [
        migrations.AddField(model_name="occasion", name="is_over", field=models.BooleanField(default=False)),
    ]

import django.db.models.deletion
from django.db import migrations, models

import tenants.models.fields


class Migration(migrations.Migration):
    dependencies = [
        ("console", "0002_browser_sessions"),
        ("tenants", "0005_suspensions"),
    ]

    operations = [
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", tenants.models.fields.IdField(serialize=False)),
                ("listing", models.CharField(max_length=20)),
                ("name", models.CharField(max_length=80)),
                ("query", models.CharField(max_length=1000)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_views",
                        to="tenants.person",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("person", "listing", "name"), name="a_view_s_name_is_its_own_in_its_list"
                    )
                ],
            },
        ),
    ]

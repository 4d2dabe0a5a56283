import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


def tokens_of_applications(apps, _schema):
    """Every application has had one token so far: in the slot it stood with."""
    token = apps.get_model("hsmnodes", "ApplicationToken")
    token.objects.bulk_create(
        token(
            application=one,
            slot_id=one.slot_id,
            created_at=one.created_at,
            removed_at=one.removed_at,
            removed_by_id=one.removed_by_id,
        )
        for one in apps.get_model("hsmnodes", "Application").objects.order_by("created_at")
    )


class Migration(migrations.Migration):
    dependencies = [
        ("hsmnodes", "0012_parts_of_what_belongs_to_a_warrant"),
    ]

    operations = [
        migrations.CreateModel(
            name="ApplicationToken",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tokens",
                        to="hsmnodes.application",
                    ),
                ),
                (
                    "removed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.proposal",
                    ),
                ),
                (
                    "slot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="application_tokens",
                        to="hsmnodes.slot",
                    ),
                ),
            ],
            options={"ordering": ["pk"]},
        ),
        migrations.AddConstraint(
            model_name="applicationtoken",
            constraint=models.UniqueConstraint(
                fields=("application", "slot"), name="an_application_has_one_token_in_a_slot"
            ),
        ),
        migrations.AddConstraint(
            model_name="applicationtoken",
            constraint=models.CheckConstraint(
                condition=Q(("removed_at__isnull", True), ("removed_by__isnull", False), _connector="OR"),
                name="a_removed_token_says_by_what",
            ),
        ),
        migrations.RunPython(tokens_of_applications, migrations.RunPython.noop),
    ]

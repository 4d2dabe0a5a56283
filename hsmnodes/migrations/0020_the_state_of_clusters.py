"""What a member's receipt says of a cluster, and what nodes say of being in step with theirs."""

import django.db.models.deletion
from django.db import migrations, models

import tenants.models.fields


class Migration(migrations.Migration):
    dependencies = [
        ("hsmnodes", "0019_clusters_are_what_receipts_say"),
        ("tenants", "0009_statements"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="cluster", name="a_cluster_s_name_is_its_own"),
        migrations.AddField(
            model_name="cluster",
            name="changed_at",
            field=models.DateTimeField(default=None),
            preserve_default=False,
        ),
        migrations.AddField(model_name="cluster", name="members", field=models.JSONField(default=list)),
        migrations.AddField(
            model_name="cluster",
            name="proposal",
            field=models.ForeignKey(
                default=None,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="clusters",
                to="tenants.proposal",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="cluster", name="revision", field=models.PositiveIntegerField(default=1)
        ),
        migrations.AddField(
            model_name="cluster",
            name="state",
            field=tenants.models.fields.HashField(default=None),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="node", name="member_of", field=models.JSONField(blank=True, null=True)
        ),
        migrations.AddField(model_name="node", name="standings", field=models.JSONField(default=list)),
        migrations.AddField(
            model_name="node", name="shown_at", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.AlterField(model_name="cluster", name="created_at", field=models.DateTimeField()),
    ]

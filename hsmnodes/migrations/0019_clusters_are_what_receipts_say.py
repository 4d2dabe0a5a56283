"""Clusters are what receipts say: the rows of one node each, which nobody had formed, go."""

import django.db.models.deletion
from django.db import migrations, models


def nodes_are_in_no_cluster(apps, _schema_editor):
    apps.get_model("hsmnodes", "Node").objects.update(cluster=None)
    apps.get_model("hsmnodes", "Cluster").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0009_statements"),
        ("hsmnodes", "0018_what_nodes_were_like"),
    ]

    operations = [
        migrations.AlterField(
            model_name="node",
            name="cluster",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="nodes",
                to="hsmnodes.cluster",
            ),
        ),
        migrations.RunPython(nodes_are_in_no_cluster, migrations.RunPython.noop),
    ]

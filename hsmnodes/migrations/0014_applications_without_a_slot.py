from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("hsmnodes", "0013_applications_on_several_nodes"),
    ]

    operations = [
        migrations.RemoveField(model_name="application", name="slot"),
    ]

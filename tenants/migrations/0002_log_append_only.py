from django.db import migrations

from tenants.append_only import protect, unprotect


class Migration(migrations.Migration):
    dependencies = [("tenants", "0001_initial")]

    operations = [migrations.RunPython(protect, unprotect, elidable=False)]

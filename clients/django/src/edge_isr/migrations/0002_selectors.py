from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("edge_isr", "0001_initial")]

    operations = [
        migrations.AlterModelOptions(
            name="pendingpurge", options={"verbose_name": "pending purge"}
        ),
        migrations.RenameField(model_name="pendingpurge", old_name="tag", new_name="value"),
        migrations.AlterField(
            model_name="pendingpurge", name="value", field=models.TextField(blank=True)
        ),
        migrations.AddField(
            model_name="pendingpurge",
            name="kind",
            field=models.CharField(
                choices=[
                    ("tag", "Tag"),
                    ("url", "Url"),
                    ("prefix", "Prefix"),
                    ("host", "Host"),
                    ("everything", "Everything"),
                    ("row", "Row"),
                ],
                default="tag",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="pendingpurge", name="warm", field=models.BooleanField(null=True)
        ),
    ]

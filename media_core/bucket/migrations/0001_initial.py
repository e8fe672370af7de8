import uuid

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="BucketCapabilities",
            fields=[
                ("target", models.CharField(max_length=1000, primary_key=True, serialize=False)),
                ("proofs", models.JSONField()),
            ],
        ),
        migrations.CreateModel(
            name="Attestation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "made_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                ("target", models.CharField(max_length=1000)),
                ("passed", models.BooleanField()),
                ("tenants", models.PositiveIntegerField()),
                ("tried", models.PositiveIntegerField()),
                ("document", models.JSONField()),
            ],
            options={
                "ordering": ("-made_at", "-id"),
                "indexes": [models.Index(fields=["-made_at"], name="attestation_newest")],
            },
        ),
        migrations.CreateModel(
            name="BucketReport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "made_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                ("target", models.CharField(max_length=1000)),
                ("passed", models.BooleanField()),
                ("capabilities", models.JSONField()),
                ("findings", models.JSONField()),
                ("requests", models.PositiveIntegerField()),
                ("seconds", models.FloatField()),
            ],
            options={
                "ordering": ("-made_at", "-id"),
                "indexes": [
                    models.Index(fields=["target", "-made_at"], name="bucket_report_newest")
                ],
            },
        ),
        migrations.CreateModel(
            name="Deployment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("only", models.BooleanField(default=True, editable=False, unique=True)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("only", True)), name="deployment_only"
                    )
                ],
            },
        ),
    ]

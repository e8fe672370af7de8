import uuid

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="AccessEvent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("document_id", models.UUIDField(db_index=True)),
                ("document_name", models.CharField(max_length=200)),
                ("person_id", models.UUIDField(null=True)),
                ("person_name", models.CharField(default="", max_length=120)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["-at", "id"],
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("actor_id", models.UUIDField(null=True)),
                ("actor_name", models.CharField(default="", max_length=200)),
                ("action", models.CharField(max_length=60)),
                ("subject_id", models.UUIDField(null=True)),
                ("subject", models.CharField(default="", max_length=200)),
                ("detail", models.TextField(default="")),
            ],
            options={
                "ordering": ["-at", "id"],
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [models.Index(fields=["-at", "id"], name="audit_event_newest")],
            },
        ),
        migrations.CreateModel(
            name="Folder",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                (
                    "path",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), size=None
                    ),
                ),
                ("is_restricted", models.BooleanField(default=False)),
                ("created_by_id", models.UUIDField()),
                ("created_by_name", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "parent",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="media_core.folder",
                    ),
                ),
            ],
            options={
                "ordering": [django.db.models.functions.text.Lower("name"), "id"],
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="StoredObject",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=900)),
                (
                    "area",
                    models.CharField(
                        choices=[("media", "Public"), ("private", "Private")], max_length=20
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("original", "Original"),
                            ("public_copy", "Public Copy"),
                            ("derivative", "Derivative"),
                            ("app", "App"),
                            ("incoming", "Incoming"),
                        ],
                        default="original",
                        max_length=20,
                    ),
                ),
                (
                    "place",
                    models.CharField(
                        choices=[("bucket", "Bucket"), ("disk", "Disk")],
                        default="bucket",
                        max_length=20,
                    ),
                ),
                (
                    "left_in",
                    models.CharField(
                        blank=True,
                        choices=[("bucket", "Bucket"), ("disk", "Disk")],
                        default="",
                        max_length=20,
                    ),
                ),
                ("size_bytes", models.PositiveBigIntegerField()),
                ("charged_bytes", models.PositiveBigIntegerField(default=0)),
                ("content_type", models.CharField(max_length=120)),
                ("sha256", models.CharField(max_length=64)),
                ("etag", models.CharField(default="", max_length=80)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("stored", "Stored"),
                            ("condemned", "Condemned"),
                            ("abandoned", "Abandoned"),
                            ("gone", "Gone"),
                        ],
                        default="pending",
                        max_length=20,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("stored_at", models.DateTimeField(null=True)),
                ("purge_after", models.DateTimeField(null=True)),
                ("removal_until", models.DateTimeField(null=True)),
                ("gone_at", models.DateTimeField(null=True)),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["pending", "abandoned", "condemned"])),
                        fields=["created_at"],
                        name="stored_object_given_up",
                    ),
                    models.Index(
                        condition=models.Q(("left_in", ""), _negated=True),
                        fields=["created_at"],
                        name="stored_object_left_behind",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "app"), ("state", "gone"), _negated=True),
                        fields=("name",),
                        name="stored_object_name_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("area", "media"), ("name__startswith", "media/")),
                            models.Q(("area", "private"), ("name__startswith", "private/")),
                            _connector="OR",
                        ),
                        name="stored_object_name_in_area",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("gone_at", None),
                                ("state__in", ["pending", "abandoned"]),
                                ("stored_at", None),
                            ),
                            models.Q(
                                ("gone_at", None), ("state", "stored"), ("stored_at__isnull", False)
                            ),
                            models.Q(
                                ("gone_at", None),
                                ("purge_after__isnull", False),
                                ("state", "condemned"),
                                ("stored_at__isnull", False),
                            ),
                            models.Q(("gone_at__isnull", False), ("state", "gone")),
                            _connector="OR",
                        ),
                        name="stored_object_state_has_times",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("left_in__in", ["", "bucket", "disk"]),
                            ("place__in", ["bucket", "disk"]),
                            models.Q(("left_in", models.F("place")), _negated=True),
                        ),
                        name="stored_object_place_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("purge_after", None),
                            ("state__in", ["condemned", "gone"]),
                            _connector="OR",
                        ),
                        name="stored_object_only_condemned_purged",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("charged_bytes", 0),
                            models.Q(
                                models.Q(("state__in", ["condemned", "gone"]), _negated=True),
                                models.Q(("kind", "public_copy"), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="stored_object_holds_quota",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("area", "private"), ("kind", "original")),
                            models.Q(("area", "media"), ("kind", "public_copy")),
                            ("kind__in", ["derivative", "app", "incoming"]),
                            _connector="OR",
                        ),
                        name="stored_object_area_of_its_kind",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TrashEntry",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("title", models.CharField(max_length=200)),
                ("is_folder", models.BooleanField(default=False)),
                ("lost_its_place", models.BooleanField(default=False)),
                ("was_restricted", models.BooleanField()),
                ("trashed_by_id", models.UUIDField()),
                ("trashed_by_name", models.CharField(max_length=200)),
                ("trashed_at", models.DateTimeField(auto_now_add=True)),
                ("condemned_at", models.DateTimeField(null=True)),
                (
                    "place",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="trash_entries",
                        to="media_core.folder",
                    ),
                ),
            ],
            options={
                "ordering": ["-trashed_at", "id"],
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.AddField(
            model_name="folder",
            name="trash_entry",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="folders",
                to="media_core.trashentry",
            ),
        ),
        migrations.CreateModel(
            name="Document",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("title", models.CharField(max_length=200)),
                ("name", models.CharField(max_length=200)),
                (
                    "visibility",
                    models.CharField(
                        choices=[("private", "Private"), ("public", "Public")],
                        default="private",
                        max_length=20,
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1)),
                ("shows_original", models.BooleanField(default=False)),
                ("created_by_id", models.UUIDField()),
                ("created_by_name", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "folder",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="documents",
                        to="media_core.folder",
                    ),
                ),
                (
                    "original",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="document",
                        to="media_core.storedobject",
                    ),
                ),
                (
                    "public_copy",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="published_document",
                        to="media_core.storedobject",
                    ),
                ),
                (
                    "trash_entry",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="documents",
                        to="media_core.trashentry",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "id"],
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="Version",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("file_name", models.CharField(max_length=200)),
                ("created_by_id", models.UUIDField()),
                ("created_by_name", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("note", models.CharField(default="", max_length=200)),
                (
                    "document",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="versions",
                        to="media_core.document",
                    ),
                ),
                (
                    "original",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="media_core.storedobject",
                    ),
                ),
            ],
            options={
                "ordering": ["-number"],
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="FolderReader",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("person_id", models.UUIDField()),
                ("person_name", models.CharField(max_length=120)),
                ("added_at", models.DateTimeField(auto_now_add=True)),
                (
                    "folder",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="readers",
                        to="media_core.folder",
                    ),
                ),
            ],
            options={
                "ordering": ["person_name", "id"],
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("folder", "person_id"), name="folder_reader_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AppFile",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "area",
                    models.CharField(
                        choices=[("media", "Public"), ("private", "Private")], max_length=20
                    ),
                ),
                ("name", models.CharField(max_length=900)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("saving", "Saving"),
                            ("saved", "Saved"),
                            ("taken_down", "Taken Down"),
                            ("deleted", "Deleted"),
                        ],
                        default="saving",
                        max_length=20,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("saved_at", models.DateTimeField(null=True)),
                ("deleted_at", models.DateTimeField(null=True)),
                (
                    "stored_object",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="app_file",
                        to="media_core.storedobject",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "saving")),
                        fields=["created_at"],
                        name="app_file_saving",
                    ),
                    models.Index(
                        condition=models.Q(("state", "deleted")),
                        fields=["deleted_at"],
                        name="app_file_deleted",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["saving", "saved", "taken_down"])),
                        fields=("area", "name"),
                        name="app_file_name_once",
                        opclasses=["varchar_pattern_ops", "varchar_pattern_ops"],
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("deleted_at", None), ("saved_at", None), ("state", "saving")),
                            models.Q(
                                ("deleted_at", None),
                                ("saved_at__isnull", False),
                                ("state", "saved"),
                            ),
                            models.Q(
                                ("area", "media"),
                                ("deleted_at", None),
                                ("saved_at__isnull", False),
                                ("state", "taken_down"),
                            ),
                            models.Q(
                                ("deleted_at__isnull", False),
                                ("saved_at__isnull", False),
                                ("state", "deleted"),
                            ),
                            _connector="OR",
                        ),
                        name="app_file_state_has_times",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="trashentry",
            index=models.Index(fields=["-trashed_at", "id"], name="trash_entry_newest"),
        ),
        migrations.AddIndex(
            model_name="folder",
            index=django.contrib.postgres.indexes.GinIndex(fields=["path"], name="folder_path"),
        ),
        migrations.AddConstraint(
            model_name="folder",
            constraint=models.UniqueConstraint(
                models.F("parent"),
                django.db.models.functions.text.Lower("name"),
                condition=models.Q(("is_restricted", False), ("trash_entry", None)),
                name="folder_name_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="folder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("parent", None),
                    models.Q(("parent", models.F("id")), _negated=True),
                    _connector="OR",
                ),
                name="folder_is_not_in_itself",
            ),
        ),
        migrations.AddIndex(
            model_name="document",
            index=models.Index(fields=["-created_at", "id"], name="document_newest"),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.CheckConstraint(
                condition=models.Q(("visibility__in", ["private", "public"])),
                name="document_visibility_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("visibility", "public"), ("public_copy", None), _connector="OR"
                ),
                name="document_private_has_no_public_copy",
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("shows_original", False),
                    models.Q(("public_copy", None), ("visibility", "public")),
                    _connector="OR",
                ),
                name="document_shows_one_thing",
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("trash_entry", None), ("visibility", "private"), _connector="OR"
                ),
                name="document_in_trash_is_private",
            ),
        ),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.UniqueConstraint(
                fields=("document", "number"), name="version_number_once"
            ),
        ),
    ]

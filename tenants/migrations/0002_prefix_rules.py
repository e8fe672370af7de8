"""The database holds the rules of prefixes, also when two inserts race.

A prefix `acme/` stands for all strings that begin with it, which in byte order is the range from `acme/` up to
`acme0` ('0' follows '/'). Two prefixes are equal, or one is under the other, exactly when their ranges overlap.
"""

from django.db import migrations

ROOMS_ARE_APART = """
CREATE TYPE tenants_room AS RANGE (subtype = text, collation = "C");

ALTER TABLE tenants_prefixreservation
    ADD CONSTRAINT prefix_is_legal
        CHECK (prefix COLLATE "C" ~ '^([A-Za-z0-9][A-Za-z0-9._-]{0,62}/)+$'),
    ADD CONSTRAINT prefix_names_no_area
        CHECK (lower(prefix COLLATE "C") !~ '(^|/)(media|private|incoming)/'),
    ADD CONSTRAINT prefix_rooms_are_apart
        EXCLUDE USING gist (
            tenants_room(lower(prefix COLLATE "C"), left(lower(prefix COLLATE "C"), -1) || '0') WITH &&
        );

ALTER TABLE tenants_tenant
    ADD CONSTRAINT tenant_prefix_is_reserved
        FOREIGN KEY (location_prefix) REFERENCES tenants_prefixreservation (prefix)
        DEFERRABLE INITIALLY DEFERRED;
"""

WHAT_NEVER_CHANGES = """
CREATE FUNCTION tenants_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % never changes', TG_ARGV[0], TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME;
END
$$;

CREATE TRIGGER prefix_reservation_only_grows
    BEFORE UPDATE OR DELETE ON tenants_prefixreservation
    FOR EACH ROW EXECUTE FUNCTION tenants_refuse_change('A row');

CREATE TRIGGER prefix_reservation_is_never_emptied
    BEFORE TRUNCATE ON tenants_prefixreservation
    FOR EACH STATEMENT EXECUTE FUNCTION tenants_refuse_change('The content');

CREATE TRIGGER tenant_is_never_emptied
    BEFORE TRUNCATE ON tenants_tenant
    FOR EACH STATEMENT EXECUTE FUNCTION tenants_refuse_change('The content');

CREATE TRIGGER tenant_keeps_room_and_schema
    BEFORE UPDATE OF id, location_prefix, schema_name ON tenants_tenant
    FOR EACH ROW
    WHEN ((OLD.id, OLD.location_prefix, OLD.schema_name)
          IS DISTINCT FROM (NEW.id, NEW.location_prefix, NEW.schema_name))
    EXECUTE FUNCTION tenants_refuse_change('The id, prefix or schema');

CREATE TRIGGER tenant_is_never_deleted
    BEFORE DELETE ON tenants_tenant
    FOR EACH ROW EXECUTE FUNCTION tenants_refuse_change('A row');
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0001_initial")]

    operations = [
        migrations.RunSQL(
            ROOMS_ARE_APART,
            """
            ALTER TABLE tenants_tenant DROP CONSTRAINT tenant_prefix_is_reserved;
            ALTER TABLE tenants_prefixreservation
                DROP CONSTRAINT prefix_rooms_are_apart,
                DROP CONSTRAINT prefix_names_no_area,
                DROP CONSTRAINT prefix_is_legal;
            DROP TYPE tenants_room;
            """,
        ),
        migrations.RunSQL(
            WHAT_NEVER_CHANGES,
            """
            DROP TRIGGER tenant_is_never_deleted ON tenants_tenant;
            DROP TRIGGER tenant_is_never_emptied ON tenants_tenant;
            DROP TRIGGER prefix_reservation_is_never_emptied ON tenants_prefixreservation;
            DROP TRIGGER tenant_keeps_room_and_schema ON tenants_tenant;
            DROP TRIGGER prefix_reservation_only_grows ON tenants_prefixreservation;
            DROP FUNCTION tenants_refuse_change;
            """,
        ),
    ]

"""The permission calls of the code, found by reading it, and what each looks like when it is gone.

A call is found by its name wherever it stands, so a new one joins by being written.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ANYBODY = "__import__('tenants.people.identity', fromlist=['Member']).Member(__import__('uuid').uuid4(), 'x', 'admin')"
ANY_STAFF = (
    "__import__('tenants.people.identity', fromlist=['Staff']).Staff(1, 'x', frozenset(['owner']))"
)
EVERYTHING = "__import__('django.db.models', fromlist=['Q']).Q(pk__isnull=False)"
# A function that decides, and what stands in its place when nobody asks.
DECIDERS = {
    "readable_by": "{receiver}.all()",
    "required_member": ANYBODY,
    "member_of": ANYBODY,
    "required_editor": "{first}",
    "required_staff": ANY_STAFF,
    "readable": "__import__('django.db.models', fromlist=['Q']).Q()",
    "readable_folders": EVERYTHING,
    "closed_folders": "__import__('media_core.models', fromlist=['Folder']).Folder.objects.none()",
    "readers": "__import__('tenants.people.models', fromlist=['Membership']).Membership.objects.all()",
    "may_settle": "True",
    "required_admin": "{first}",
    "editor_of": ANYBODY,
    "admin_of": ANYBODY,
    "may_edit": "True",
    "may_see_usage": "True",
    "still_writes": "True",
    "confirm_editor": "None",
    "belongs_here": "True",
    "may_be_public": "True",
    "may_read_app_file": "True",
}
# The twins that tests hold `readable` and `readable_folders` against; no code calls them, so none can lose the call.
NEVER_CALLED = frozenset({"may_read", "may_read_folder"})
VISITS, FLOW = "tenants/people/visit_models.py", "tenants/people/visits.py"
# Guards that are no call of a decider: what they say, and what is left when they are gone.
GUARDS = (
    (
        "tenants/people/models.py",
        "session_key=session_key, tenant=tenant_id, expire_date__gt=Now()",
        "session_key=session_key, expire_date__gt=Now()",
    ),
    (
        "tenants/people/models.py",
        "Membership.objects.order_by().filter(person=column, tenant=tenant_id)",
        "Membership.objects.order_by().filter(person=column)",
    ),
    ("tenants/people/identity.py", " or not row.roles:", ":"),
    ("tenants/people/identity.py", " or not row.person.is_active", ""),
    (
        "tenants/people/identity.py",
        "return row if _same_password(request, row.person) else None",
        "return row",
    ),
    ("tenants/middleware.py", "if what is AGENCY or what.served:", "if True:"),
    # Files on disk: the signature, its end and its tenant, and what counts as public.
    ("media_core/storages/signed_files.py", "if tenant_id != bound_tenant().id.hex or ", "if "),
    ("media_core/storages/signed_files.py", " or time.time() >= expires_at:", ":"),
    (
        "media_core/storages/models.py",
        'Q(published_document__visibility="public")',
        "Q(pk__isnull=False)",
    ),
    (
        "media_core/files/find.py",
        "StoredObject.objects.stored().served_now()",
        "StoredObject.objects.stored()",
    ),
    # Files of apps: nothing else has such a name, none that is not there yet or any more, and who reads them.
    ("media_core/files/find.py", "of_apps.served_now()", "of_apps"),
    ("media_core/files/find.py", ".published()\n        .served_now()", ".published()"),
    (
        "media_core/files/find.py",
        "StoredObject.objects.app_files(PRIVATE_AREA)",
        "StoredObject.objects.stored().filter(kind='app', area='private')",
    ),
    (
        "media_core/files/find.py",
        "StoredObject.objects.app_files(PRIVATE_AREA)",
        "StoredObject.objects.filter(kind='app', area='private', claimed_at__isnull=False)",
    ),
    (
        "media_core/files/find.py",
        "StoredObject.objects.app_files(PRIVATE_AREA)",
        "StoredObject.objects.stored().filter(claimed_at__isnull=False)",
    ),
    ("media_core/files/find.py", ".filter(app_name=name)", ".filter(name__endswith=name)"),
    (
        "media_core/storages/models.py",
        "Q(kind=StoredObject.Kind.APP, claimed_at__isnull=False)",
        "Q(kind=StoredObject.Kind.APP)",
    ),
    ("media_core/documents/permissions.py", "(request, name) is True", "(request, name)"),
    (
        "media_core/documents/permissions.py",
        "    except REFUSALS:\n        return False",
        "    except REFUSALS:\n        return True",
    ),
    # Visits: who, where, how long, agreed to or not.
    (
        "tenants/people/models.py",
        "When(visit=None, then=roles_of",
        "When(pk__isnull=False, then=roles_of",
    ),
    (VISITS, 'Exists(active.filter(pk=OuterRef("person"))),', ""),
    (VISITS, 'Exists(operators.filter(person=OuterRef("person"))),', ""),
    (
        VISITS,
        'Exists(Tenant.objects.filter(pk=OuterRef("tenant"), status=Tenant.Status.ACTIVE)),',
        "",
    ),
    (VISITS, "left_at=None,\n        )\n\n    def waiting", ")\n\n    def waiting"),
    (
        VISITS,
        "Q(consent=Visit.Consent.GIVEN) | Q(~Exists(careful), ",
        "~Q(pk=None) | Q(~Exists(careful), ",
    ),
    (VISITS, "Q(~Exists(careful), consent", "Q(consent"),
    (VISITS, "entered_at=None,\n            asked_at", "asked_at"),
    (
        VISITS,
        "asked_at__gt=timezone.now() - REQUEST_LIFETIME,\n        )\n\n    def under_way",
        ")\n\n    def under_way",
    ),
    (VISITS, "consent__in=[Visit.Consent.GIVEN, Visit.Consent.NOT_NEEDED],", ""),
    (VISITS, "ends_at__gt=Now(),\n", "\n"),
    (
        VISITS,
        'When(may_write=True, then=Value("editor"))',
        'When(pk__isnull=False, then=Value("editor"))',
    ),
    (FLOW, "Visit.objects.filter(pk=visit_id, tenant=tenant)", "Visit.objects.filter(pk=visit_id)"),
    (
        FLOW,
        "Visit.objects.filter(pk=visit_id, person=operator.person_id)",
        "Visit.objects.filter(pk=visit_id)",
    ),
    (FLOW, "Visit.objects.waiting().exclude(person_id=admin.person_id)", "Visit.objects.waiting()"),
    (FLOW, "ticket_hash=_digest(ticket), tenant=tenant)", "ticket_hash=_digest(ticket))"),
    (FLOW, ".filter(ticket_expires_at__gt=now)", ""),
    (FLOW, "session.flush()", "pass"),
    (FLOW, "person=person_id, may_write=True)", "person=person_id)"),
    (
        "media_core/visits/views.py",
        'if request.headers.get("Origin") != agency_origin(request):',
        "if False:",
    ),
    ("media_core/documents/permissions.py", "if member.visit:", "if False:"),
    ("media_core/documents/permissions.py", "if editor.visit:", "if False:"),
)


@dataclass(frozen=True)
class Mutant:
    """One place in one file, and the text that takes the check away."""

    file: str
    before: str
    after: str
    line: int
    decider: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.before[:60]}"

    def applied(self, text: str) -> str:
        """Return the file's text without the check."""
        lines = text.splitlines(keepends=True)
        head, tail = "".join(lines[: self.line - 1]), "".join(lines[self.line - 1 :])
        assert self.before in tail
        return head + tail.replace(self.before, self.after, 1)


def functions_of(file: str) -> set[str]:
    """Return the names of a module's functions."""
    tree = ast.parse((ROOT / file).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def mutants() -> list[Mutant]:
    """Return a mutant for every permission call and every guard."""
    files = [
        path for app in ("tenants", "media_core") for path in sorted((ROOT / app).rglob("*.py"))
    ]
    found = [mutant for path in files for mutant in _calls_in(path)]
    return found + [_guard(*guard) for guard in GUARDS]


def _calls_in(path: Path) -> Iterator[Mutant]:
    text = path.read_text()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and (name := _name(node.func)) in DECIDERS:
            before = ast.get_source_segment(text, node) or ""
            receiver = (
                ast.get_source_segment(text, node.func.value)
                if isinstance(node.func, ast.Attribute)
                else ""
            )
            first = ast.get_source_segment(text, node.args[0]) if node.args else ""
            after = (
                DECIDERS[name].replace("{receiver}", receiver or "").replace("{first}", first or "")
            )
            yield Mutant(str(path.relative_to(ROOT)), before, after, node.lineno, name)


def _name(node: ast.expr) -> str:
    return (
        node.attr
        if isinstance(node, ast.Attribute)
        else node.id
        if isinstance(node, ast.Name)
        else ""
    )


def _guard(file: str, before: str, after: str) -> Mutant:
    text = (ROOT / file).read_text()
    assert before in text, (
        f"{file} no longer says {before!r}: tell tests/mutants.py what guards now."
    )
    return Mutant(file, before, after, text[: text.index(before)].count("\n") + 1)

"""Who takes part in the demo, and where they belong."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoTenant:
    """A client project of the demo: its name and, before .localhost, its host."""

    label: str
    name: str

    @property
    def host(self) -> str:
        return f"{self.label}.localhost"


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Someone who signs in. `tenant` is a site's label, or "agency"."""

    name: str
    email: str
    tenant: str
    role: str


AGENCY_HOST = "agency.localhost"
DEMO_TENANTS = (
    DemoTenant("acme", "Acme Tools"),
    DemoTenant("globex", "Globex Gardens"),
    DemoTenant("initech", "Initech Software"),
)
DEMO_PEOPLE = (
    DemoPerson("Olga Owner", "olga@agency.example", "agency", "owner"),
    DemoPerson("Otto Operator", "otto@agency.example", "agency", "operator"),
    DemoPerson("Fiona Finance", "fiona@agency.example", "agency", "finance"),
    DemoPerson("Ada Admin", "ada@acme.example", "acme", "admin"),
    DemoPerson("Ed Editor", "ed@acme.example", "acme", "editor"),
    DemoPerson("Vic Viewer", "vic@acme.example", "acme", "viewer"),
    DemoPerson("Eve Admin", "eve@globex.example", "globex", "admin"),
    DemoPerson("Gus Viewer", "gus@globex.example", "globex", "viewer"),
    DemoPerson("Ines Admin", "ines@initech.example", "initech", "admin"),
    # Belongs to two tenants, and has to sign in on each.
    DemoPerson("Max Freelance", "max@freelance.example", "acme", "editor"),
    DemoPerson("Max Freelance", "max@freelance.example", "globex", "viewer"),
)

"""Who takes part in the demo, and where they belong."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Site:
    """A client project of the demo: its name and, before .localhost, its host."""

    label: str
    name: str

    @property
    def host(self) -> str:
        return f"{self.label}.localhost"


@dataclass(frozen=True, slots=True)
class Actor:
    """Someone who signs in. `tenant` is a site's label, or "agency"."""

    name: str
    email: str
    tenant: str
    role: str


AGENCY_HOST = "agency.localhost"
SITES = (
    Site("acme", "Acme Tools"),
    Site("globex", "Globex Gardens"),
    Site("initech", "Initech Software"),
)
ACTORS = (
    Actor("Olga Owner", "olga@agency.example", "agency", "owner"),
    Actor("Otto Operator", "otto@agency.example", "agency", "operator"),
    Actor("Fiona Finance", "fiona@agency.example", "agency", "finance"),
    Actor("Ada Admin", "ada@acme.example", "acme", "admin"),
    Actor("Ed Editor", "ed@acme.example", "acme", "editor"),
    Actor("Vic Viewer", "vic@acme.example", "acme", "viewer"),
    Actor("Eve Admin", "eve@globex.example", "globex", "admin"),
    Actor("Gus Viewer", "gus@globex.example", "globex", "viewer"),
    Actor("Ines Admin", "ines@initech.example", "initech", "admin"),
    # Belongs to two tenants, and has to sign in on each.
    Actor("Max Freelance", "max@freelance.example", "acme", "editor"),
    Actor("Max Freelance", "max@freelance.example", "globex", "viewer"),
)

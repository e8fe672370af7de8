"""What lies under a path, as the ledger knows it. Folders are only parts of names."""

from django.db.models import F, Func, TextField, Value
from django.db.models.functions import StrIndex, Substr

from media_core.app_files.models import AppFile
from media_core.app_files.names import validate_app_name


def list_path(area: str, path: str) -> tuple[list[str], list[str]]:
    """Return the folders and the files right under a path of the bound tenant's; '' is the whole area. Two queries.

    PostgreSQL picks them out of the names that begin so; what lies deeper is never sent.
    """
    whole_area = path in {"", ".", "./"}
    beginning = "" if whole_area else f"{validate_app_name(area, path.removesuffix('/'))}/"
    files = AppFile.objects.live(area).filter(name__startswith=beginning)
    rest = files.annotate(rest=Substr("name", len(beginning) + 1))
    parts = rest.annotate(slash=StrIndex("rest", Value("/")))
    first = Func(F("rest"), Value("/"), Value(1), function="split_part", output_field=TextField())
    folders = parts.filter(slash__gt=0).values_list(first, flat=True).distinct()
    here = parts.filter(slash=0).values_list("rest", flat=True)
    return sorted(folders), sorted(here)

"""python -m tests.bench.versus.site.fill: tables, a signed-in user, and a document in a private collection.

Prints as JSON what is needed to open it. Run again it starts anew.
"""

import json
import os
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.versus.site.settings"
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402 - settings are this site's
from django.contrib.auth.models import Group  # noqa: E402
from django.core.files.base import ContentFile  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from wagtail.documents import get_document_model  # noqa: E402
from wagtail.models import Collection, CollectionViewRestriction  # noqa: E402

LOGIN, GROUPS = CollectionViewRestriction.LOGIN, CollectionViewRestriction.GROUPS


def private_collection(kind: str) -> Collection:
    """Return a collection for whoever is signed in, which of the private kinds asks the least, or for a group."""
    known = Collection.objects.filter(name=kind).first()
    if known:
        return known
    collection = Collection.get_first_root_node().add_child(name=kind)
    restriction = CollectionViewRestriction.objects.create(
        collection=collection, restriction_type=kind
    )
    if kind == GROUPS:
        restriction.groups.add(Group.objects.get(name="Editors"))
    return collection


def private_document(kind: str) -> Any:
    return get_document_model().objects.create(
        title="Offer",
        collection=private_collection(kind),
        file=ContentFile(b"%PDF-1.7 an offer", name="offer.pdf"),
    )


def main() -> None:
    call_command("migrate", verbosity=0)
    users: Any = get_user_model().objects
    user, _ = users.get_or_create(username="vic")
    user.groups.add(Group.objects.get(name="Editors"))
    get_document_model().objects.all().delete()
    document, for_a_group = private_document(LOGIN), private_document(GROUPS)
    stranger, browser = Client(), Client()
    browser.force_login(user)
    # Private it is, or there would be nothing to compare.
    for private in (document, for_a_group):
        assert "/login/" in stranger.get(private.url)["Location"]
    facts = {
        "session": browser.cookies["sessionid"].value,
        "wagtail": document.url,
        "for_a_group": for_a_group.url,
        "per_link": f"/per-link/{document.pk}",
        "folder": "documents/offer",
    }
    print(json.dumps(facts))


main()

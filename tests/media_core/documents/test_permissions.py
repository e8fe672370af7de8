"""Both forms of each question, about one row and about many, give the same answer over a whole tree."""

import itertools
import random

import pytest

from media_core.documents.folders import Folder, FolderReader
from media_core.documents.models import Document
from media_core.documents.opening import find
from media_core.documents.permissions import may_read, may_read_folder, readers
from tenants.binding import bind_tenant
from tenants.people.models import Membership
from tests.conftest import member
from tests.folders import new_folder
from tests.media_core.conftest import document_row

pytestmark = pytest.mark.django_db

# For each of three folders, one in the other: not restricted, for nobody, for ed, for ed and vic.
RULES = (None, (), ("ed",), ("ed", "vic"))


def plainly_reads(who, rules):
    """Say in three words what D2 says in many: each restriction on the way names them, or they are an admin."""
    return who == "ada" or all(rule is None or who in rule for rule in rules)


def grow_tree(tenant, people):
    """Return a folder with a document for each way of up to three rules; each folder lies in that of the way above."""
    tree = dict[tuple[tuple[str, ...] | None, ...], Folder]()
    for way in (way for depth in (1, 2, 3) for way in itertools.product(RULES, repeat=depth)):
        named = None if way[-1] is None else [people[name] for name in way[-1]]
        tree[way] = new_folder(tenant, str(way[-1]), within=tree.get(way[:-1]), readers=named)
        with bind_tenant(tenant):
            document_row(str(way), folder=tree[way])
    return tree


def test_every_restriction_on_the_way_must_name_the_member(acme, globex, people):
    tree = grow_tree(acme, people)
    assert len(tree) == 4 + 4**2 + 4**3
    with bind_tenant(acme):
        for who in ("ada", "ed", "vic", "max"):
            asker = member(people[who], acme)
            expected = {way for way in tree if plainly_reads(who, way)}
            listed = set(Folder.objects.readable_by(asker))
            documents = {row.folder for row in Document.objects.readable_by(asker)}
            readable = {way for way in tree if may_read_folder(asker, tree[way])}
            counted = {
                way
                for way, folder in tree.items()
                if readers(folder.path).filter(person=people[who]).exists()
            }
            assert {way for way in tree if tree[way] in listed} == expected
            assert {way for way in tree if tree[way] in documents} == expected
            assert (readable, counted) == (expected, expected)


@pytest.mark.parametrize("seed", range(3))
def test_the_twins_agree_over_any_tree(seed, acme, globex, people):
    chance = random.Random(seed)  # noqa: S311 - a tree, not a secret
    named = [people[name] for name in ("ed", "vic", "max")]
    folders = [new_folder(acme, "0")]
    for number in range(1, 14):
        only = chance.choice([None, None, chance.sample(named, chance.randint(0, 2))])
        within = chance.choice([None, *folders])
        folders.append(new_folder(acme, str(number), within=within, readers=only))
    with bind_tenant(acme):
        # Names of those who are no members, or were before they left, say nothing.
        FolderReader.objects.create(folder=folders[-1], person_id=people["eve"].pk, person_name="")
        FolderReader.objects.filter(person_id=people["max"].pk).update(
            added_at=Membership.objects.get(person=people["max"], tenant=acme).created_at
        )
        for folder in chance.choices(folders, k=20):
            document_row(folder=folder)
        document_row()
        for row in Membership.objects.filter(tenant=acme).select_related("person"):
            asker = member(row.person, acme)
            listed = set(Folder.objects.readable_by(asker))
            assert listed == {folder for folder in folders if may_read_folder(asker, folder)}
            assert listed == {f for f in folders if readers(f.path).filter(pk=row.pk).exists()}
            documents = set(Document.objects.readable_by(asker))
            assert documents == {d for d in Document.objects.all() if may_read(asker, d)}
            opened = {d for d in Document.objects.all() if find(d.pk, asker, is_noted=True)}
            assert documents == opened


def test_a_stranger_knows_of_no_folder(acme):
    folder = new_folder(acme)
    with bind_tenant(acme):
        assert not Folder.objects.readable_by(None).exists()
        assert not may_read_folder(None, folder)

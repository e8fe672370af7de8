"""Deleting an app's file: it is gone for everybody at once, and its bytes live on for a while.

The file is marked in the app's own transaction, so a rollback brings it back. Its object is condemned once that is
committed: the quota's row, which others wait for, is not held while the app goes on. A public object moves to
`private/` before, and its name is free again.
"""

from functools import partial

from media_core.app_files.ledger import find_file
from media_core.app_files.moving import condemn_deleted_now, run_after_commit


def delete_file(area: str, name: str) -> None:
    """Delete a file; one that is not there counts as deleted. Raises NameRefused. Two statements.

    After the commit six more; for a public file 23 more, and three bucket requests.
    """
    try:
        file = find_file(area, name)
    except FileNotFoundError:
        return
    if file.mark_deleted():
        run_after_commit(partial(condemn_deleted_now, file.pk))

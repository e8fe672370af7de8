"""What can stand in the way of the demo's PostgreSQL, each as one line that says what to do."""


class NoPostgres(Exception):
    """There is no PostgreSQL to be had."""


class UnusableData(NoPostgres):
    """The data folder holds no cluster that these programs can run. It is left as it is."""


class StartFailed(NoPostgres):
    """PostgreSQL was started and did not come up."""


class NotRunning(NoPostgres):
    """The server is not running."""


class Unresponsive(NoPostgres):
    """The server neither answers nor ends."""

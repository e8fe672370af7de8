"""Work beside the requests: what kinds of it there are, how it is asked for, and the worker that does it.

A kind of job works on rows: the rows are the queue, and a job says only that a tenant may have some that are due. So
there is at most one waiting job for each tenant and kind, and it does not matter how often one is requested.
"""

"""How the bucket is to be set up, as code: CORS, lifecycle and, in mode `policy`, the bucket policy.

The bucket is shared, so each is merged: ours are found by id and replaced, others' stay as they are.
"""

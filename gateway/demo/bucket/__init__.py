"""An S3 store for the demo and the tests: a development tool, on loopback only.

Inside works moto, which answers like S3 but believes whoever asks. In front of it stands a row of
layers that refuse what a real store refuses. Their model is Ceph RGW, the software of the first
provider this project runs on; where RGW is laxer than AWS the stricter answer is given, and what a
layer does not understand is refused.

The modules in the order of a request: server, request, operations, layers, temper, cors, signatures,
forms, access, quirks, overrides, bodies, limits, contents,
lifecycle, uploads, store. `faults` lists the faults a test can switch on, which
`temper` and the other layers then show. `embedded` starts all of it in a process of its own.
"""

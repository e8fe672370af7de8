"""The suite's bucket tests on Ceph RGW, the software of the first provider this project runs on: `make test-ceph`."""

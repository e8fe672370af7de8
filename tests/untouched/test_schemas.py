def test_it(acme, globex):
    pass

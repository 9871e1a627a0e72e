"""The page that everybody may see."""

import unittest

from app.web import routes


class Home(unittest.TestCase):
    def test_it_greets(self):
        assert routes()["GET", "/"]({}).text == "Welcome"


if __name__ == "__main__":
    unittest.main()

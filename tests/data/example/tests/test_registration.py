import unittest

from app.web import routes


class Registration(unittest.TestCase):
    def test_a_name_is_given_once(self):
        register = routes()["POST", "/register"]
        form = {"name": "bob", "password": "long enough"}
        self.assertEqual([register(form).status for _ in range(2)], [201, 409])
        self.assertEqual(register({"name": "carl", "password": "short"}).status, 409)

import unittest

from app import users
from app.web import routes


class Login(unittest.TestCase):
    def test_a_session_is_opened_for_the_right_password_alone(self):
        users.add("dora", "long enough")
        login = routes()["POST", "/login"]
        self.assertEqual(login({"name": "dora", "password": "long enough"}).status, 200)
        self.assertEqual(login({"name": "dora", "password": "wrong"}).status, 401)
        self.assertEqual(login({}).status, 401)

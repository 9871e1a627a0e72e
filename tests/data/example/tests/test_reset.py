import unittest

from app import users
from app.pages import reset
from app.web import routes


class Reset(unittest.TestCase):
    def test_a_token_sets_a_new_password_once(self):
        users.add("eve", "long enough")
        routes()["POST", "/reset"]({"name": "eve"})
        token = reset.outbox[-1][1]
        confirm = routes()["POST", "/reset/confirm"]
        form = {"token": token, "password": "even longer"}
        self.assertEqual([confirm(form).status for _ in range(2)], [200, 400])
        self.assertTrue(users.check("eve", "even longer"))

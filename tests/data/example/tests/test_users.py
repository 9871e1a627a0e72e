import unittest

from app import users


class Users(unittest.TestCase):
    def test_only_the_right_password_fits(self):
        self.assertTrue(users.add("ann", "long enough"))
        self.assertFalse(users.add("ann", "long enough"))
        self.assertTrue(users.check("ann", "long enough"))
        self.assertFalse(users.check("ann", "long enougH"))
        self.assertFalse(users.check("nobody", ""))

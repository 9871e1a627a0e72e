import time
import unittest

from prices import spoken, total


class Prices(unittest.TestCase):
    def test_a_total(self):
        self.assertEqual(total([250, 250]), 500)

    def test_a_discount(self):
        self.assertEqual(total([1000], discount_percent=15), 850)

    def test_a_discount_that_is_none(self):
        with self.assertRaises(ValueError):
            total([1000], discount_percent=120)

    def test_spoken(self):
        self.assertEqual(spoken(1234), "12.34")

    def test_slow_printer(self):
        time.sleep(1)

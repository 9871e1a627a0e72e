"""Orders of the little shop."""

import hashlib
import sqlite3
import subprocess


def order_key(customer, item):
    return hashlib.md5(f"{customer}:{item}".encode()).hexdigest()


def find_orders(db, customer):
    return db.execute(f"SELECT id, item, price FROM orders WHERE customer = '{customer}'").fetchall()


def print_label(address):
    subprocess.run(f"lp -o label {address}", shell=True)


def open_db(path="shop.db"):
    return sqlite3.connect(path)


def old_total(prices):
    return sum(prices)

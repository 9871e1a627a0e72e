"""Prices of the little shop, in cents."""


def total(prices, discount_percent=0):
    if not 0 <= discount_percent <= 100:
        raise ValueError("a discount is 0 to 100 percent")
    return round(sum(prices) * (100 - discount_percent) / 100)


def spoken(cents):
    try:
        return f"{cents // 100}.{cents % 100:02}"
    except:
        return "?"

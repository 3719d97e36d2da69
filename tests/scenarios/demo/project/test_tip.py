import unittest

from tip import format_money, parse_money, split_bill


class SplitBill(unittest.TestCase):
    def test_the_tip_is_a_share_of_the_bill(self):
        split = split_bill(bill=8450, percent=20, people=1)
        self.assertEqual((split.tip, split.total), (1690, 10140))

    def test_everybody_pays_a_share_of_the_total(self):
        self.assertEqual(split_bill(bill=9000, percent=20, people=3).each, 3600)

    def test_the_table_never_pays_too_little(self):
        split = split_bill(bill=10000, percent=0, people=3)
        self.assertEqual(split.each, 3334)
        self.assertGreaterEqual(split.each * 3, split.total)

    def test_nobody_cannot_pay(self):
        with self.assertRaises(ValueError):
            split_bill(bill=100, percent=10, people=0)


class Money(unittest.TestCase):
    def test_amounts_are_read_as_cents(self):
        self.assertEqual(parse_money(" 84.5 "), 8450)

    def test_what_is_no_amount_is_refused(self):
        for text in ("", "ten", "-1", "0.005", "nan"):
            with self.subTest(text=text), self.assertRaises(ValueError):
                parse_money(text)

    def test_cents_have_two_digits(self):
        self.assertEqual(format_money(8405), "84.05")


if __name__ == "__main__":
    unittest.main()

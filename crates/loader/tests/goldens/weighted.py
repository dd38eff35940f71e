"""Writes weighted.txt: the first numbers of weighted epochs, from the description of the draws.

    python weighted.py > weighted.txt

A line is the count of samples, the seed, the epoch, and the first 30 numbers. The weight of sample s is
s * s % 97, of which the greatest is 96. Weights are whole numbers, so a chance is compared exactly.
"""

from fractions import Fraction

MASK = 2**64 - 1
GAMMA = 0x9E3779B97F4A7C15


class SplitMix64:
    """Steele, Lea and Flood (2014)."""

    def __init__(self, state):
        self.state = state & MASK

    def next(self):
        self.state = (self.state + GAMMA) & MASK
        z = self.state
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
        return z ^ (z >> 31)


def number(count, seed, epoch, place):
    key = SplitMix64(SplitMix64(seed).next() ^ epoch).next()
    rng = SplitMix64(SplitMix64(key + place).next())
    while True:
        product = rng.next() * count
        chance = Fraction(rng.next() >> 11, 2**53)
        if product & MASK < 2**64 % count:
            continue
        sample = product >> 64
        if chance < Fraction(sample * sample % 97, 96):
            return sample


for count, seed, epoch in [(1_000, 0, 0), (1_000, 42, 7), (3, 1, 2), (123_456_789_012, 5, 1)]:
    print(count, seed, epoch, *(number(count, seed, epoch, place) for place in range(30)))

"""Writes cpcv.txt: folds of skfolio 1.12.2's CombinatorialPurgedCV.

    pip install skfolio==1.12.2
    python cpcv.py > cpcv.txt

A line a fold: rows, groups, tested groups, purged, embargo | train rows | test rows; runs as `a-b`,
with b excluded. Rows divide by groups: skfolio gives the last group all that is left, we as KFold does.
"""

import numpy as np
from skfolio.model_selection import CombinatorialPurgedCV


def runs(rows):
    rows = np.sort(np.asarray(rows))
    starts = np.r_[True, np.diff(rows) > 1]
    ends = np.r_[starts[1:], True]
    return " ".join(f"{a}-{b + 1}" for a, b in zip(rows[starts], rows[ends]))


for rows, groups, tested, purged, embargo in [
    (60, 6, 2, 0, 0), (66, 6, 2, 3, 0), (65, 5, 3, 2, 4), (100, 10, 2, 1, 2), (48, 4, 2, 5, 1),
]:
    cv = CombinatorialPurgedCV(groups, tested, purged_size=purged, embargo_size=embargo)
    for train, tests in cv.split(np.zeros((rows, 1))):
        test = np.concatenate(tests)
        print(rows, groups, tested, purged, embargo, "|", runs(train), "|", runs(test))

"""Market bars into training datasets for trading agents.

>>> import barloom
>>> ds = barloom.build_dataset({"dataset": {"lookback": 64}}, 1_000_000, bars="bars.parquet")
>>> for batch in ds.loader(batch_size=4096, shuffle=True):
...     windows, meta, reward = batch["windows"], batch["meta"], batch["reward"]

Arrays are NumPy's, over memory that is not copied; ``torch.from_dlpack`` and ``torch.from_numpy``
take them as they are, and ``barloom.torch`` has datasets for PyTorch's ``DataLoader``. Errors are
subclasses of ``ValueError`` and ``OSError`` with the words of the command line.
"""

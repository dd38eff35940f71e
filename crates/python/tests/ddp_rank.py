"""One rank of test_ddp.py: trains with DistributedDataParallel and prints what it saw.

python ddp_rank.py RENDEZVOUS RANK WORLD_SIZE BATCH_SIZE
"""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta

os.environ["GLOO_SOCKET_IFNAME"] = "lo"
os.environ["OMP_NUM_THREADS"] = "1"

import torch
from torch import distributed, nn
from torch.utils.data import DataLoader

from barloom.torch import IterableDataset
from conftest import in_memory


def train(dataset: IterableDataset) -> tuple[list[list[int]], list[float]]:
    """An epoch without workers, one with: samples of each step, parameters after the last."""
    torch.manual_seed(0)
    model = nn.Linear(5 * 12 + 9, 1).double()
    if distributed.is_initialized():
        model = nn.parallel.DistributedDataParallel(model)
    seen = []
    for workers in (0, 2):
        for batch in DataLoader(dataset, batch_size=None, num_workers=workers):
            inputs = torch.cat([batch["windows"].flatten(1), batch["meta"]], dim=1).double()
            loss = (model(inputs)[:, 0] - 100.0 * batch["reward"].double()).square().mean()
            model.zero_grad()
            loss.backward()
            with torch.no_grad():  # torch.optim takes seconds to import
                for parameter in model.parameters():
                    parameter -= 0.05 * parameter.grad
            seen.append(batch["sample"].tolist())
    parameters = torch.cat([parameter.detach().flatten() for parameter in model.parameters()])
    return seen, parameters.tolist()


def main() -> None:
    rendezvous, rank, world_size, batch_size = sys.argv[1], *map(int, sys.argv[2:])
    torch.set_num_threads(1)
    # Made before the ranks know each other, as a careless script would.
    dataset = IterableDataset(
        in_memory(1_003), batch_size, shuffle=True, seed=3, drop_last=True, columns=["sample"]
    )
    if world_size > 1:
        distributed.init_process_group(
            "gloo",
            init_method=f"file://{rendezvous}",
            rank=rank,
            world_size=world_size,
            timeout=timedelta(seconds=60),
        )
    seen, parameters = train(dataset)
    if world_size > 1:
        distributed.barrier()
        distributed.destroy_process_group()
    print(json.dumps({"seen": seen, "parameters": parameters}))


if __name__ == "__main__":
    main()

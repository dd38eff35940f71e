"""Programs that train on barloom's samples; ``python -m barloom.examples`` lists them."""

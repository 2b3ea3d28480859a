"""What map_losses.py, map_storage.py and map_coverage.py share: the sets, the pairs they are judged on, and the tables."""

"""What scripts/fuzz_readers.py is made of: valid files of every kind, ways to spoil them, and the readers."""

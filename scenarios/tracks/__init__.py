"""What collars say: how animals meet fences, what a fence is worth to them, and which land they choose."""

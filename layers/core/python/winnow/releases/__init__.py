"""When a release is proven: live precision, its changes, and what follows from them."""

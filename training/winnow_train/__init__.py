"""Training and measuring, for the command line; of the images only `train` has a part of it."""

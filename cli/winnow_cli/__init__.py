"""The `winnow` command: the same commands for the local stack and, with `--stack`, for AWS."""

"""The `winnow` command: the same words for the local stack and, with `--stack`, a deployed one."""

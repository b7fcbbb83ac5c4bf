"""Start the runtime interface client with the search path that AWS's Python base gives it."""

import os
import sys

from awslambdaric.__main__ import main

if "PYTHONPATH" not in os.environ:
    sys.path.insert(0, "/opt/python")
    sys.path.insert(0, "/opt/python/lib/python3.13/site-packages")
sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
main([__file__, os.environ["_HANDLER"]])

"""`winnow`, which may be interrupted from its first moment on, and left by whoever reads it."""

import sys


def main() -> None:
    """Run the command line. Exits with 130 where Ctrl-C comes while it is still being loaded."""
    try:
        from winnow.errors import LocalFileError
        from winnow_cli.app import app
        from winnow_cli.console import give_up_output, note, prepare_streams
        from winnow_cli.options import UNREAD
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    prepare_streams()
    code: int | str | None = 0
    try:
        try:
            app()
        except SystemExit as ended:
            code = ended.code
        # Help and wrong calls are printed by the framework, which flushes nothing.
        sys.stdout.flush()
    except BrokenPipeError:
        give_up_output()
        code = UNREAD
    except OSError as error:
        give_up_output()
        note(f"{LocalFileError.code}: The output cannot be written: {error.strerror}.")
        code = 1
    raise SystemExit(code)


if __name__ == "__main__":
    main()

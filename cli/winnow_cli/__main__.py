"""`winnow`: handles Ctrl-C and a closed output pipe at any moment."""

import sys


def main() -> None:
    """Run the command line. Exits with 130 after Ctrl-C, also during the imports."""
    try:
        from winnow.errors import LocalFileError
        from winnow_cli.app import app
        from winnow_cli.console import discard_output, note, prepare_streams
        from winnow_cli.options import EXIT_UNREAD
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    prepare_streams()
    code: int | str | None = 0
    try:
        try:
            app()
        except SystemExit as ended:
            # Rich, which prints the help, ends the process where nobody reads it.
            unread = isinstance(ended.__context__, BrokenPipeError)
            code = EXIT_UNREAD if unread else ended.code
        except KeyboardInterrupt:
            # Before the framework catches it: it builds all commands first.
            code = 130
        # Help and usage errors are printed by the framework, which flushes nothing.
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()
        code = EXIT_UNREAD
    except OSError as error:
        discard_output()
        note(f"{LocalFileError.code}: The output cannot be written: {error.strerror}.")
        code = 1
    raise SystemExit(code)


if __name__ == "__main__":
    main()

"""`winnow`, which may be interrupted from its first moment on."""


def main() -> None:
    """Run the command line. Exits with 130 where Ctrl-C comes while it is still being loaded."""
    try:
        from winnow_cli.app import app
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    app()


if __name__ == "__main__":
    main()

"""The sizes of images: a layer that several share counts once, and each limit is its own."""

from tests.bench.image_sizes import LIMIT_MB, TOGETHER, Layer, Size, too_large, total

PACKAGES = Layer("packages", 30_000_000, 9_000_000)
CODE = Layer("code", 400_000, 100_000)


def test_a_shared_layer_counts_once() -> None:
    assert total([PACKAGES, CODE]) == {"compressed_mb": 9.1, "uncompressed_mb": 30.4}
    assert total({PACKAGES, CODE, PACKAGES}) == total([PACKAGES, CODE])


def test_all_together_may_be_larger_than_one() -> None:
    large = Size(compressed_mb=LIMIT_MB + 1.0, uncompressed_mb=0.0)
    assert too_large({"api": large, TOGETHER: large}) == ["api"]

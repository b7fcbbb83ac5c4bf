"""STS benchmark: the encoder's cosine, and a projection learned on the train pairs."""

from tests.quality.row import Commands, Row, data_folder, fresh


def measure() -> list[Row]:
    sts = data_folder() / "sts"
    test = sts / "stsb-en-test.csv"
    plain = Commands()
    cosine = plain("evaluate-similarity", "--data", test)
    learned = Commands()
    out = fresh("similarity") / "projection"
    learned("train-projection", "--data", sts / "stsb-en-train.csv", "--out", out)
    projected = learned("evaluate-similarity", "--data", test, "--projection", out)
    return [
        Row(
            10,
            "STS benchmark test, Pearson: cosine",
            cosine["pearson"],
            0.735,
            f"{cosine['pairs']:,} pairs; Spearman {cosine['spearman']:.3f}.",
            plain.shown,
        ),
        Row(
            11,
            "STS benchmark test, Pearson: with a projection learned on the train pairs",
            projected["pearson"],
            0.785,
            "A 512x512 map, its decay and steps chosen on the development pairs, averaged over "
            f"four orders of the pairs. Spearman {projected['spearman']:.3f}. The full-size USE is "
            "published with 0.782 (Cer et al. 2018, the transformer).",
            learned.shown,
        ),
    ]

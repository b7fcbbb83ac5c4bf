"""From a dropped CSV to its written result, on a local stack of its own.

`python -m tests.bench.end_to_end ENGINE ROWS` prints one JSON document. The peer is the time that
the sentences of the same CSV take to encode, in this process, with the same engine and threads.
"""

import csv
import io
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.corpus import cases

TIMEOUT_S = 900
LATER_FILES = 5
PAUSE_S = 3.0
"""After a file: what follows its result, the queue and the index, has ended by then."""


def table(rows: int) -> tuple[bytes, list[str]]:
    """A CSV of cases, and every segment in it."""
    from winnow.judging.text import segments

    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["case_id", "note"])
    found: list[str] = []
    for case_id, note in cases(rows):
        writer.writerow([case_id, note])
        found += [note[start:end] for start, end in segments.spans(note)]
    return text.getvalue().encode(), found


def main(engine: str, rows: int) -> dict[str, object]:
    from winnow_encoder import load_encoder
    from winnow_local.deploy import client_config, session
    from winnow_local.stack import start_detached, stop
    from winnow_local.state import StateDir

    content, sentences = table(rows)
    root = Path(__file__).parents[2]
    encoder = load_encoder(root / "build" / "model", engine=engine, threads=0)
    encoder(sentences[:64])
    started = time.perf_counter()
    encoder(sentences)
    encode_s = time.perf_counter() - started
    del encoder

    os.environ["WINNOW_ENGINE"] = engine
    with tempfile.TemporaryDirectory() as folder:
        state_dir = StateDir(Path(folder))
        state = start_detached(state_dir, lambda _: None)
        try:
            s3 = session().client("s3", endpoint_url=state.endpoint, config=client_config())
            dynamodb = session().client(
                "dynamodb", endpoint_url=state.endpoint, config=client_config()
            )

            def drop(key: str, body: bytes) -> float:
                began = time.perf_counter()
                s3.put_object(Bucket=state.outputs["UploadsBucket"], Key=key, Body=body)
                while time.perf_counter() - began < TIMEOUT_S:
                    items = dynamodb.query(
                        TableName=state.outputs["Table"],
                        IndexName="by_object",
                        KeyConditionExpression="object_key = :key",
                        ExpressionAttributeValues={":key": {"S": key}},
                    )["Items"]
                    if items and items[0]["state"]["S"] == "SUCCEEDED":
                        return time.perf_counter() - began
                    if items and items[0]["state"]["S"] == "FAILED":
                        raise SystemExit(items[0]["error_message"]["S"])
                    # Asking takes the cores' time, too: more seldom, the longer it takes.
                    time.sleep(max(0.02, (time.perf_counter() - began) / 100))
                raise SystemExit("The run did not end in time.")

            small = b"case_id,note\nA,Melena for a week.\n"
            first_s = drop("inbox/L33774/first.csv", small)
            later_s = []
            for number in range(LATER_FILES):
                time.sleep(PAUSE_S)
                later_s.append(drop(f"inbox/L33774/later-{number}.csv", small))
            time.sleep(PAUSE_S)
            drop_s = drop("inbox/L33774/large.csv", content)
        finally:
            stop(state_dir)
    return {
        "rows": rows,
        "sentences": len(sentences),
        "distinct_sentences": len(set(sentences)),
        "encode_s": encode_s,
        "drop_to_result_s": drop_s,
        "ratio": drop_s / encode_s,
        "first_file_s": first_s,
        "later_file_s": statistics.median(later_s),
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]))))

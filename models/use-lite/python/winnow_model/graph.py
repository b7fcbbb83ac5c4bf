"""The TensorFlow.js graph model of the package, made into a SavedModel.

`model.json` holds a GraphDef as JSON whose constants lie in binary shards. Three things differ from
what protobuf's JSON parser and TensorFlow expect: byte attributes stand as lists of integers, the
constants are not in their nodes, and int64 constants are stored as int32.
"""

import base64
import json
import os
import tarfile
from pathlib import Path
from typing import Any

from winnow.errors import ModelInvalidError
from winnow_model.fetch import member
from winnow_model.weights import read_weights

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # read once, when TensorFlow is imported

SIGNATURE = "serving_default"
OUTPUT = "module_apply_default/Encoder_en/hidden_layers/l2_normalize:0"

Json = dict[str, Any]


def write_saved_model(package: tarfile.TarFile, folder: Path) -> None:
    """Write the package's graph as a SavedModel that `tensorflow_hub.load` takes.

    Its one signature, `serving_default`, takes a sparse batch of token ids: `indices` int64 [N, 2]
    (row, position; sorted) and `values` int64 [N]; it returns `embeddings`, float32 [rows, 512],
    L2-normalised. The number of rows is the largest row index plus one, so a row without a token
    is lost at the end: leave such rows out. Only the first 128 tokens of a row count.
    """
    import tensorflow as tf

    graph_def = _graph_def(package)

    def encode(indices: Any, values: Any) -> Any:
        (vectors,) = tf.graph_util.import_graph_def(
            graph_def,
            input_map={"indices:0": indices, "values:0": values},
            return_elements=[OUTPUT],
            name="use",
        )
        return {"embeddings": tf.ensure_shape(vectors, [None, 512])}

    module = tf.Module()
    module.encode = tf.function(
        encode,
        input_signature=[
            tf.TensorSpec([None, 2], tf.int64, name="indices"),
            tf.TensorSpec([None], tf.int64, name="values"),
        ],
    )
    tf.saved_model.save(module, str(folder), signatures={SIGNATURE: module.encode})


def _graph_def(package: tarfile.TarFile) -> Any:
    import tensorflow as tf
    from google.protobuf import json_format

    topology = json.loads(member(package, "dist/model.json"))["modelTopology"]
    constants = read_weights(package)
    for node in topology["node"]:
        for attribute in node.get("attr", {}).values():
            _bytes_to_base64(attribute)
    graph_def = json_format.ParseDict(topology, tf.compat.v1.GraphDef())
    for node in graph_def.node:
        if node.op == "Const":
            if node.name not in constants:
                raise ModelInvalidError(f"The package holds no value for the constant {node.name}.")
            dtype = tf.dtypes.as_dtype(node.attr["dtype"].type)
            value = constants[node.name].astype(dtype.as_numpy_dtype)
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value, dtype, value.shape))
    return graph_def


def _bytes_to_base64(attribute: Json) -> None:
    if isinstance(attribute.get("s"), list):
        attribute["s"] = _base64(attribute["s"])
    several = attribute.get("list")
    if isinstance(several, dict) and isinstance(several.get("s"), list):
        several["s"] = [_base64(one) if isinstance(one, list) else one for one in several["s"]]


def _base64(numbers: list[int]) -> str:
    return base64.b64encode(bytes(numbers)).decode("ascii")

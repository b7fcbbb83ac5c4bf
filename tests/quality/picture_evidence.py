"""Whether a class activation says which part of a picture spoke for its label: a deletion test.

`python -m tests.quality.picture_evidence` reads the bicycles and motorcycles of WINNOW_DATA. A head
learns from one half. Of pictures of the other half the ten places of 7 x 7 that spoke most for the
label are covered with the picture's mean colour. How much does the label's probability fall, and
how much if random places are covered, or those in the middle? docs/adr/0048 has the numbers.
"""

from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray

from tests.quality.row import ROOT
from tests.quality.rows.two_wheels import _fitted, wheels
from winnow.heads.linear import LinearHead
from winnow.judging.pictures.trained import picture_inputs
from winnow.limits.reading import ReadLimits
from winnow_encoder.pictures import PICTURES_FILE, PICTURES_FOLDER, load_picture_encoder, scaled
from winnow_ocr.squares import Square, squares_of

MODEL = ROOT / "build" / "model"
PICTURES = 120
SIDE, PLACES, COVERED = 7, 49, 10
Order = NDArray[np.intp]


class Maps:
    """The encoder's last layer before the mean over the picture; without the fast kernels."""

    def __init__(self, file: Path) -> None:
        plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        self._interpreter = Interpreter(
            str(file), experimental_op_resolver_type=plain, experimental_preserve_all_tensors=True
        )
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._map = next(
            tensor["index"]
            for tensor in self._interpreter.get_tensor_details()
            if list(tensor["shape"]) == [1, SIDE, SIDE, 1280]
        )

    def __call__(self, square: Square) -> NDArray[np.float32]:
        """Shape [49, 1280]."""
        self._interpreter.set_tensor(self._input, scaled(square[None]))
        self._interpreter.invoke()
        found: NDArray[np.float32] = self._interpreter.get_tensor(self._map)
        return found.reshape(PLACES, -1)


def activation(head: LinearHead, features: NDArray[np.float32], label: int) -> NDArray[np.float64]:
    """What each place adds to a label's logit over the mean of the others', but for a constant."""
    length = np.linalg.norm(features.mean(axis=0))
    of_places = head.logits(picture_inputs((features / length).astype(np.float32)))
    margins: NDArray[np.float64] = of_places[:, label] - np.delete(of_places, label, 1).mean(axis=1)
    return margins


def covered(square: Square, places: Order) -> Square:
    """The picture with its mean colour on some places."""
    made, step = square.copy(), square.shape[0] // SIDE
    for row, column in (divmod(int(place), SIDE) for place in places):
        made[row * step : (row + 1) * step, column * step : (column + 1) * step] = square.mean(
            axis=(0, 1)
        )
    return made


def main() -> None:
    """Print how much the probability falls, and how often it falls most by the activation."""
    files, known = wheels()
    squares = [one for one in squares_of(files, ReadLimits()) if isinstance(one, np.ndarray)]
    encode, maps = load_picture_encoder(MODEL), Maps(MODEL / PICTURES_FOLDER / PICTURES_FILE)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(known))
    learned, tested = np.split(order, 2)
    fitted = _fitted(encode([squares[i] for i in learned]), known[learned], encode.info)
    head = LinearHead.load(fitted.card, fitted.arrays)
    rows, columns = np.divmod(np.arange(PLACES), SIDE)
    middle = np.argsort((rows - SIDE // 2) ** 2 + (columns - SIDE // 2) ** 2, kind="stable")
    falls = []
    for square in (squares[i] for i in tested[:PICTURES]):
        [whole] = head.logits(picture_inputs(encode([square])))
        label = int(whole.argmax())
        spoke = np.argsort(-activation(head, maps(square), label))
        orders = [spoke, spoke[::-1], middle, *(rng.permutation(PLACES) for _ in range(3))]
        hidden = encode([covered(square, places[:COVERED]) for places in orders])
        logits = head.logits(picture_inputs(hidden))
        before, *after = head.probabilities(np.vstack([whole, logits]))[:, label]
        falls.append([before - one for one in (*after[:3], np.mean(after[3:]))])
    names = ("spoke most", "spoke least", "in the middle", "random")
    found = np.array(falls)
    for name, column in zip(names, found.T, strict=True):
        larger = (found[:, 0] > column).mean()
        print(f"{name}: falls by {column.mean():.3f}; the first falls more in {larger:.2f}")


if __name__ == "__main__":
    main()

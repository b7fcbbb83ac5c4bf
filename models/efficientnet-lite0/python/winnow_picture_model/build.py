"""`winnow model build`: from the locked package to the files that the picture encoder loads."""

from collections.abc import Callable
from pathlib import Path

from winnow.errors import ModelInvalidError
from winnow_encoder.artefacts import Manifest
from winnow_encoder.pictures import CLASSES_FILE, PICTURES_FILE, PICTURES_FOLDER
from winnow_model.build import present, replaced, write_manifest
from winnow_model.template import filled, read_template
from winnow_picture_model.network import class_layer, halved
from winnow_picture_model.package import read_lock, read_package
from winnow_picture_model.weights import read_weights

RECIPE = "2"
"""Raise it whenever this package, or the template, makes another file of the same input."""
TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


def build_picture_model(model_dir: Path, report: Callable[[str], None]) -> Manifest:
    """Build the picture encoder's files below `model_dir`, and return its manifest.

    `report` is told, in a sentence each, what is going on. When the file is there and right,
    nothing is done.

    Raises PackageUnavailableError when the package is not installed, ModelInvalidError when it is
    not the locked one or `model_dir` cannot be written.
    """
    lock = read_lock()
    folder = model_dir / PICTURES_FOLDER
    found = present(folder)
    if found is not None and (found.package, found.recipe) == (lock.model, RECIPE):
        report(f"The picture model in {folder} is up to date.")
        return found
    try:
        weights = read_weights(read_package(lock))
        network, classes = halved(weights), class_layer(weights)
    except KeyError as error:
        raise ModelInvalidError(f"The package holds no weight {error.args[0]}.") from None
    file = filled(*read_template(PICTURES_FILE, TEMPLATES), network)
    with replaced(folder) as fresh:
        (fresh / PICTURES_FILE).write_bytes(file)
        (fresh / CLASSES_FILE).write_bytes(classes)
        manifest = write_manifest(fresh, "efficientnet-lite0", lock.model, RECIPE)
    report(f"The picture model is in {folder}.")
    return manifest

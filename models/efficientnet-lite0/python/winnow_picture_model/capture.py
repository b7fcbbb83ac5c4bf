"""`make templates`: take the template from what TensorFlow's converter makes of the network."""

from collections.abc import Callable
from pathlib import Path

from winnow_encoder.native import quietly
from winnow_encoder.pictures import PICTURES_FILE
from winnow_model.capture import capture, write_template
from winnow_picture_model.build import TEMPLATES
from winnow_picture_model.convert import to_flatbuffer
from winnow_picture_model.network import folded, halved
from winnow_picture_model.package import read_lock, read_package
from winnow_picture_model.weights import read_weights


def write_templates(folder: Path, report: Callable[[str], None]) -> None:
    """Convert the locked package with TensorFlow and write the template of its file."""
    weights = read_weights(read_package(read_lock()))
    with quietly():
        flatbuffer = to_flatbuffer(folded(weights))
    template, empty = capture(flatbuffer, halved(weights))
    write_template(folder, PICTURES_FILE, template, empty)
    report(f"{PICTURES_FILE}: {len(template.placements)} weights.")


if __name__ == "__main__":
    write_templates(TEMPLATES, print)

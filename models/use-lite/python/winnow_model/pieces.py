"""The package's vocabulary, made into a sentencepiece model."""

import json

from winnow.errors import ModelInvalidError

RESERVED = 6
"""Ids below this are never found in text."""

_NORMAL, _UNKNOWN, _CONTROL, _UNUSED = 1, 2, 3, 5


def to_sentencepiece(vocabulary: bytes) -> bytes:
    """`vocab.json` (a list of [piece, score]) as a serialised sentencepiece unigram ModelProto.

    The normaliser is the identity and keeps all white space: NFKC is the caller's. A score of null
    counts as 0, as it does in the reference tokeniser. Of a piece that stands more than once, only
    the last can be found: the others are marked unused. Reserved pieces are control pieces, so that
    their names in a text are ordinary text. Scores are stored as float32; their first 12
    significant digits are those of `vocab.json`.
    """
    from sentencepiece import sentencepiece_model_pb2 as proto

    pairs = json.loads(vocabulary)
    last = {piece: number for number, (piece, _) in enumerate(pairs)}
    model = proto.ModelProto()
    for number, (piece, score) in enumerate(pairs):
        entry = model.pieces.add()
        entry.piece, entry.score = piece, 0.0 if score is None else score
        if number == 0:
            entry.type = _UNKNOWN
        elif number < RESERVED:
            entry.type = _CONTROL
        elif last[piece] != number:
            entry.type = _UNUSED
            # sentencepiece refuses a piece that stands twice, used or not.
            entry.piece = f"<unused_{number}>"
        else:
            entry.type = _NORMAL
        if score is not None and float(f"{entry.score:.12g}") != score:
            raise ModelInvalidError(f"The score of piece {number} does not fit float32.")
    trainer, normaliser = model.trainer_spec, model.normalizer_spec
    trainer.model_type = proto.TrainerSpec.UNIGRAM
    trainer.vocab_size = len(pairs)
    trainer.unk_id, trainer.bos_id, trainer.eos_id, trainer.pad_id = 0, 1, 2, -1
    trainer.unk_piece, trainer.bos_piece, trainer.eos_piece = (pair[0] for pair in pairs[:3])
    normaliser.name = "identity"
    normaliser.add_dummy_prefix = True
    normaliser.remove_extra_whitespaces = False
    normaliser.escape_whitespaces = True
    data: bytes = model.SerializeToString(deterministic=True)
    return data

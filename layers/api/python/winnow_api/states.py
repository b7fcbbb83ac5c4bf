"""What holds of reviews, as it is answered."""

from winnow.reviews.models import Totals
from winnow.reviews.notes import Notes
from winnow_api.services import Services
from winnow_api.shapes import TotalsAnswer


def notes_of(services: Services) -> Notes:
    """The notes and drafts of this stack."""
    return Notes(services.store(), services.results_bucket)


def totals_of(totals: Totals) -> TotalsAnswer:
    """Counts, as they are answered."""
    return TotalsAnswer(**totals.model_dump(), open=totals.open)

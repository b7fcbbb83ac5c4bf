"""The table of routes: who may use each, what it takes and what it answers. Default deny.

A route that is not in the table is answered with 404, whatever the gateway passes on. The key of a
route is the gateway's (`routeKey`), so nothing here parses paths.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from pydantic import BaseModel

from winnow.search.exports import ExportRequest
from winnow.search.shapes import SearchAnswer, StatsRequest
from winnow_api import shapes
from winnow_api.identity import Group

R, A, X = Group.REVIEWER, Group.AUDITOR, Group.ADMIN
EVERYBODY = frozenset({R, A, X})
REVIEWERS = frozenset({R, X})
ADMINS = frozenset({X})
PUBLIC: frozenset[Group] = frozenset()


@dataclass(frozen=True)
class Route:
    """One route."""

    summary: str
    groups: frozenset[Group]
    """Who may use it; `PUBLIC`: anybody, signed in or not."""
    module: str
    """Where its handler is; loaded when it is first called."""
    function: str
    given: type[BaseModel] = shapes.Nothing
    """The query of a GET, the JSON body of a POST."""
    answer: type[BaseModel] | str = shapes.Nothing
    """A shape that is sent as JSON, or a content type."""
    path: type[BaseModel] = shapes.Nothing
    status: int = 200
    max_body: int = shapes.MAX_BODY
    """Bytes."""

    @property
    def public(self) -> bool:
        """Whether it needs no token."""
        return self.groups is PUBLIC

    def handler(self) -> Any:
        """The function that answers it."""
        return getattr(import_module(self.module), self.function)


_PAGE = "winnow_api.page"
_ABOUT = "winnow_api.about"
_PREDICTIONS = "winnow_api.predictions"
_UPLOADS = "winnow_api.uploads"
_RECORDS = "winnow_api.records"
_QUEUE = "winnow_api.queue"
_REVIEWS = "winnow_api.decisions"
_EXPORT = "winnow_api.export"
_SEARCH = "winnow_api.search"
_SAVED = "winnow_api.saved"
_ALARMS = "winnow_api.alarms"
_MODELS = "winnow_api.models"
_RELEASES = "winnow_api.releases"
HTML = "text/html; charset=utf-8"
CSV = "text/csv; charset=utf-8"

ROUTES: Mapping[str, Route] = {
    "GET /": Route("The review page", PUBLIC, _PAGE, "frame", shapes.Anything, HTML),
    "GET /signed-in": Route("The page, on return from sign-in", PUBLIC, _PAGE, "signed_in",
                            shapes.Anything, answer=HTML),
    "GET /assets/{file}": Route("A part of the page", PUBLIC, _PAGE, "asset",
                                answer="*/*", path=shapes.AssetPath),
    "GET /v1/health": Route("Whether the function answers", PUBLIC, _ABOUT, "health",
                            answer=shapes.Health),
    "GET /v1/me": Route("Who is signed in", EVERYBODY, _ABOUT, "me", answer=shapes.Me),
    "GET /v1/processes": Route("Processes to judge by", EVERYBODY, _ABOUT, "processes",
                               answer=shapes.Processes),
    "POST /v1/predictions": Route("Judge a text or a picture, and keep the prediction", REVIEWERS,
                                  _PREDICTIONS, "create", shapes.PredictionRequest,
                                  shapes.Prediction, status=201,
                                  max_body=shapes.MAX_PICTURE_BODY),
    "GET /v1/predictions": Route("Predictions, newest first", EVERYBODY, _PREDICTIONS, "listed",
                                 shapes.PredictionQuery, shapes.Predictions),
    "GET /v1/predictions/{id}": Route("One prediction", EVERYBODY, _PREDICTIONS, "one",
                                      answer=shapes.Prediction, path=shapes.PredictionPath),
    "POST /v1/uploads": Route("A form to drop a file with", REVIEWERS, _UPLOADS, "form",
                              shapes.UploadRequest, shapes.UploadForm, status=201),
    "GET /v1/uploads": Route("Uploads, newest first", EVERYBODY, _UPLOADS, "listed",
                             shapes.Page, shapes.Uploads),
    "GET /v1/uploads/{id}": Route("One upload with its results", EVERYBODY, _UPLOADS, "one",
                                  answer=shapes.UploadDetail, path=shapes.UploadPath),
    "GET /v1/uploads/{id}/records": Route("Its records in short", EVERYBODY, _RECORDS, "listed",
                                          shapes.RecordsQuery, shapes.Records,
                                          path=shapes.UploadPath),
    "GET /v1/uploads/{id}/records/{n}": Route("One record with text and evidence", EVERYBODY,
                                              _RECORDS, "one", answer=shapes.ItemAnswer,
                                              path=shapes.RecordPath),
    "GET /v1/uploads/{id}/records/{n}/history": Route("What happened to a record", EVERYBODY,
                                                      _RECORDS, "history",
                                                      answer=shapes.History,
                                                      path=shapes.RecordPath),
    "POST /v1/uploads/{id}/queue": Route("Put an earlier upload's records into the queue",
                                         REVIEWERS, _QUEUE, "add", answer=shapes.Queued,
                                         path=shapes.UploadPath),
    "GET /v1/queue": Route("Records that wait for a person", EVERYBODY, _QUEUE, "listed",
                           shapes.QueueQuery, shapes.QueueAnswer),
    "POST /v1/leases": Route("Take the next records, for five minutes", REVIEWERS, _QUEUE,
                             "lease", shapes.LeaseRequest, shapes.LeaseAnswer),
    "POST /v1/leases/renew": Route("Keep records longer", REVIEWERS, _QUEUE, "renew",
                                   shapes.LeaseNames, shapes.LeasesUntil),
    "POST /v1/leases/release": Route("Give records back", REVIEWERS, _QUEUE, "release",
                                     shapes.LeaseNames, shapes.LeasesUntil),
    "POST /v1/reviews": Route("Decide a record", REVIEWERS, _REVIEWS, "decide",
                              shapes.ReviewRequest, shapes.ReviewAnswer, status=201),
    "POST /v1/reviews/undo": Route("Take back one's last decision", REVIEWERS, _REVIEWS, "undo",
                                   shapes.VersionedRecord, shapes.UndoAnswer),
    "POST /v1/reviews/skip": Route("Leave a record to somebody else", REVIEWERS, _REVIEWS,
                                   "skip", shapes.VersionedRecord, shapes.SkipAnswer),
    "POST /v1/drafts": Route("Keep what is typed so far", REVIEWERS, _REVIEWS, "draft",
                             shapes.DraftRequest, shapes.Saved),
    "GET /v1/reviews/export.csv": Route("Decisions as CSV, at most 4 MB a page", EVERYBODY,
                                        _EXPORT, "page", shapes.ExportQuery, CSV),
    "POST /v1/search": Route("Find records in all results", EVERYBODY, _SEARCH, "search",
                             shapes.PictureSearchRequest, SearchAnswer,
                             max_body=shapes.MAX_PICTURE_BODY),
    "POST /v1/search/export": Route("Everything that a search finds, as a file", EVERYBODY,
                                    _SEARCH, "export", ExportRequest, shapes.ExportLink),
    "POST /v1/stats": Route("A chart over the records of all results", EVERYBODY, _SEARCH,
                            "stats", StatsRequest, shapes.Chart),
    "GET /v1/searches": Route("Saved searches", EVERYBODY, _SAVED, "listed",
                              answer=shapes.SavedSearchList),
    "POST /v1/searches": Route("Save a search", EVERYBODY, _SAVED, "save",
                               shapes.SaveSearchRequest, shapes.SavedSearchDetail, status=201),
    "GET /v1/searches/{id}": Route("One saved search", EVERYBODY, _SAVED, "one",
                                   answer=shapes.SavedSearchDetail, path=shapes.SavedSearchPath),
    "DELETE /v1/searches/{id}": Route("Delete a saved search", EVERYBODY, _SAVED, "delete",
                                      answer=shapes.SavedSearchItem, path=shapes.SavedSearchPath),
    "GET /v1/alarms": Route("Alarms of the stack that ring", EVERYBODY, _ALARMS, "listed",
                            answer=shapes.Alarms),
    "GET /v1/models": Route("Processes with their versions in use, and what rings", EVERYBODY,
                            _MODELS, "listed", answer=shapes.Models),
    "GET /v1/models/{process}": Route("A process with its versions and its history", EVERYBODY,
                                      _MODELS, "one", shapes.Page, shapes.ProcessDetail,
                                      path=shapes.ProcessPath),
    "GET /v1/models/{process}/{sha}": Route("One version", EVERYBODY, _MODELS, "version",
                                            answer=shapes.ModelDetail, path=shapes.ModelPath),
    "GET /v1/models/{process}/{sha}/evaluation": Route("A link to a version's evaluation",
                                                       EVERYBODY, _MODELS, "evaluation",
                                                       answer=shapes.EvaluationLink,
                                                       path=shapes.ModelPath),
    "POST /v1/models/{process}/train": Route("Train a process again", ADMINS, _MODELS, "train",
                                             answer=shapes.TrainingRequested,
                                             path=shapes.ProcessPath, status=202),
    "GET /v1/releases": Route("Releases under way", EVERYBODY, _RELEASES, "listed",
                              shapes.ReleasesQuery, shapes.Releases),
    "POST /v1/releases": Route("Release a version, or take it back", ADMINS, _RELEASES, "change",
                               shapes.ReleaseRequest, shapes.ProcessModels),
}  # fmt: skip

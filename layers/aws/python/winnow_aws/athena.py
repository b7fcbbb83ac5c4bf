"""Statements that Amazon Athena carries out; the workgroup says where their results are written."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from winnow.errors import IndexDamagedError, SearchInvalidError, SearchTooSlowError, WinnowError
from winnow_aws.aws_errors import translated

POLL_S = 0.1
MAX_PARAMETER = 1024
"""Characters that Athena takes of a parameter."""
_Statement = tuple[str, Sequence[object]]
_Values = Sequence[str | None]
_WHERE = "of the search index, which Athena reads"


class AthenaQueries:
    """Implements `winnow_search.athena.Queries`: a statement is its SQL and its parameters."""

    def __init__(
        self,
        client: Any,
        workgroup: str,
        database: str,
        monotonic: Callable[[], float],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take boto3's client, and names of what the stack has."""
        self._client = client
        self._workgroup = workgroup
        self._database = database
        self._monotonic = monotonic
        self._sleep = sleep

    def run(self, statements: Sequence[_Statement], within_s: float) -> list[Iterator[_Values]]:
        end = self._monotonic() + within_s
        started: list[str] = []
        try:
            started += [self._start(one) for one in statements]
            for query in started:
                while not self._done(query):
                    if self._monotonic() >= end:
                        raise SearchTooSlowError("It took more time than a search may.")
                    self._sleep(POLL_S)
        except BaseException:
            self._stop(started)
            raise
        return [self._rows(query, end) for query in started]

    def _start(self, statement: _Statement) -> str:
        sql, parameters = statement
        # Athena takes no empty list.
        given = {"ExecutionParameters": [_literal(one) for one in parameters]} if parameters else {}
        with translated(_WHERE):
            started = self._client.start_query_execution(
                QueryString=sql,
                QueryExecutionContext={"Database": self._database},
                WorkGroup=self._workgroup,
                **given,
            )
        return str(started["QueryExecutionId"])

    def _done(self, query: str) -> bool:
        with translated(_WHERE):
            found = self._client.get_query_execution(QueryExecutionId=query)
        match found["QueryExecution"]["Status"]["State"]:
            case "SUCCEEDED":
                return True
            case "CANCELLED":
                raise SearchTooSlowError("It reads more of the index than a search may.")
            case "FAILED":
                # Its reason may have a text: it stands in Athena alone.
                raise IndexDamagedError(f"Athena failed to carry out the query {query}.")
        return False

    def _rows(self, query: str, end: float) -> Iterator[_Values]:
        pages = self._client.get_paginator("get_query_results").paginate(QueryExecutionId=query)
        with translated(_WHERE):
            for number, page in enumerate(pages):
                # The first row of the first page has the names of the columns.
                for row in page["ResultSet"]["Rows"][number == 0 :]:
                    yield [value.get("VarCharValue") for value in row["Data"]]
                if self._monotonic() >= end:
                    raise SearchTooSlowError("It took more time than a search may.")

    def _stop(self, queries: Sequence[str]) -> None:
        for query in queries:
            with suppress(WinnowError), translated(_WHERE):
                self._client.stop_query_execution(QueryExecutionId=query)


def _literal(value: object) -> str:
    """A parameter as Athena takes it: one literal of SQL.

    >>> _literal("it's"), _literal(0.5)
    ("'it''s'", '0.5')
    """
    if not isinstance(value, str):
        return repr(value)
    literal = "'" + value.replace("'", "''") + "'"
    if len(literal) > MAX_PARAMETER:
        raise SearchInvalidError("A phrase is longer than Athena takes.")
    return literal

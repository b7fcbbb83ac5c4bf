"""Every error that Winnow raises on purpose, each with a stable code and what to do about it.

A base in the tree catches all below it: `except InputError` is for every fault of a dropped file,
whatever it is.

    WinnowError
      RetryableError
      PermanentError
        InternalError
        SettingsError
        ProcessError
          ProcessInvalidError
          ProcessUnknownError
        InputError
          FileError
            FileEmptyError
            FileTypeError
            FileUnreadableError
              ReaderFailedError
            FileTooLargeError
            FileEncryptedError
            FileBombError
            TimeLimitError
            NoTextLayerError
            NoTextFoundError
            NoTextColumnError
            NoRecordsError
            ObjectGoneError
          ThresholdError
            ThresholdInvalidError
            ThresholdRefusedError
            ThresholdTooLowError
        ModelError
          ModelInvalidError
          TensorFlowMissingError
          HeadInvalidError
          HeadMissingError
          TrainingDataError
            ReviewsTooFewError
          PackageUnavailableError
        RegistryError
          VersionUnknownError
          VersionAlteredError
          ReleaseConflictError
          ReleaseInvalidError
            RolledBackAlreadyError
          CodeReleaseUnsupportedError
          CodeReleaseFailedError
          PublishInvalidError
          NotReproducibleError
          TrainingRunningError
          TrainingOffError
          TrainingDiedError
          TrainingTooLargeError
          TrainingFailedError
        RunError
          UploadAbandonedError
          ConfidenceThresholdNotMetError
          StoredDataInvalidError
          RunSupersededError
          ChunkTooSlowError
          IndexDamagedError
          EventInvalidError
        AwsError
          AccessDeniedError
            AwsCredentialsError
          AwsRefusedError
          AwsNotSetUpError
          AwsClockError
          AwsUnreachableError
          AwsBusyError
          EndpointUnreachableError
        StackError
          StackNotRunningError
          StackFailedError
          StackUnknownError
          DockerMissingError
        DeploymentError
          StagesInvalidError
          StageUnknownError
          AccountMismatchError
          ChecksFailedError
          ImageFailedError
          DeploymentRunningError
          StackStuckError
          DeploymentFailedError
          NotVerifiedError
          BootstrapFailedError
        WebhookError
          WebhookOffError
          WebhookAddressMissingError
          WebhookAddressInvalidError
          WebhookRefusedError
        CommandError
          LocalFileError
          UploadUnknownError
          NotFinishedError
          NotRedrivableError
        ReviewError
          RecordUnknownError
          RecordErasedError
          DecisionInvalidError
          ReviewConflictError
            RecordJudgedAgainError
          NothingToUndoError
          ReviewOffError
        UserError
          AddressInvalidError
          UserNameInvalidError
          UserExistsError
          UserUnknownError
          UserNeededError
        RequestError
          RequestInvalidError
          RequestTooLongError
          QueueTooLongError
          CursorInvalidError
          IdempotencyKeyMissingError
          IdempotencyKeyReusedError
          NotSignedInError
          NotAllowedError
          RouteUnknownError
          ProcessNotOpenError
          PredictionUnknownError
          SearchInvalidError
          SearchTooSlowError
          SavedSearchUnknownError
          SearchNameTakenError
          SavedSearchesFullError
          SearchTooLongError
          SearchUnavailableError


          ExportTooLongError

The code is a contract: it is in e-mails, in the table, in results and in docs/errors.md.
Messages name identifiers, counts and settings, never document text. Tests hold the tree and the
page to the classes.
"""

import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar


class WinnowError(Exception):
    """Base of all errors that Winnow raises on purpose.

    `str(error)` is `<code>: <message>`, the form in which it crosses the workflow.
    """

    code: ClassVar[str] = "internal"
    hint: str = ""
    """What the user can do about it; shown by `winnow why` and in e-mails of abandoned uploads.

    The e-mail of a failed run contains the command `winnow why UPLOAD_ID` instead.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        """Take what is wrong.

        Args:
            message: A sentence for people, without text of a document.
            hint: What to do, where more is known than for every error of this class.
        """
        super().__init__(message)
        self.message = message
        if hint is not None:
            self.hint = hint

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class RetryableError(WinnowError):
    """Something outside failed for now; the same call may succeed later."""

    code = "temporary"
    hint = "Nothing is wrong with the file. Submit it again. If it fails again, see the AWS status."


class PermanentError(WinnowError):
    """The same call will fail again until somebody changes its input or the settings."""


class InternalError(PermanentError):
    """A defect in Winnow itself. The original exception goes to the log, without its message."""

    code = "internal"
    hint = "This is a defect in Winnow. Report the upload id and this code; the file is kept."


class SettingsError(PermanentError):
    """An environment variable is missing or wrong; the message names the variable."""

    code = "settings"
    hint = "Correct the named setting in the template or the environment and deploy again."


class ProcessError(PermanentError):
    """The definition that records are to be judged by is wrong or missing."""


class ProcessInvalidError(ProcessError):
    """A process definition does not validate; the message lists `file:line: field: problem`."""

    code = "process_invalid"
    hint = "Run `winnow process validate FILE` and correct the lines it names."


class ProcessUnknownError(ProcessError):
    """No process has the id or code that the upload names."""

    code = "process_unknown"
    hint = (
        "Drop the file under inbox/<process id or code>/, or set x-amz-meta-process. Use one of "
        "the processes that the failure names."
    )


class InputError(PermanentError):
    """What was dropped cannot be processed: its sender has to change it."""


class FileError(InputError):
    """The file cannot be read as records."""


class FileEmptyError(FileError):
    """The object has no bytes, or nothing but white space."""

    code = "file_empty"
    hint = "Check the export that made the file, then drop the file again with its content."


class FileTypeError(FileError):
    """No reader knows the file's format."""

    code = "file_type"
    hint = "Save it as one of the formats in docs/formats.md and drop it again."


class FileUnreadableError(FileError):
    """The bytes are not what the format demands."""

    code = "file_unreadable"
    hint = "Open the file in the program that made it, save it again, and drop it again."


class ReaderFailedError(FileUnreadableError):
    """A reader has a defect that this file brings out.

    The message has the exception's name and line, never its text: that may be document text.
    """

    def __init__(self, problem: Exception) -> None:
        frame = traceback.extract_tb(problem.__traceback__)[-1:]
        where = "".join(f" at {Path(at.filename).name}:{at.lineno}" for at in frame)
        super().__init__(f"Its reader fails on it ({type(problem).__name__}{where}).")


class FileTooLargeError(FileError):
    """A limit on size, line length, rows or columns is passed; the message names the setting."""

    code = "file_too_large"
    hint = "Split the file, or raise the limit that the failure names."


class FileEncryptedError(FileError):
    """The file asks for a password."""

    code = "file_encrypted"
    hint = "Save it without a password and drop it again."


class FileBombError(FileError):
    """The file would take far more room than is allowed when it is read or unpacked."""

    code = "file_bomb"
    hint = (
        "Check where the file comes from. If you trust it, raise the limit that the failure names."
    )


class TimeLimitError(FileError):
    """Reading the file takes longer than the limit."""

    code = "time_limit"
    hint = (
        "Open the file in the program that made it, save it again or split it, and drop it again."
    )


class NoTextLayerError(FileError):
    """The file is a picture of text, and nothing here reads pictures."""

    code = "no_text_layer"
    hint = "Make the file searchable with an OCR program and drop it again."


class NoTextFoundError(FileError):
    """OCR read the pictures and found no text on them."""

    code = "no_text_found"
    hint = "Look at the pages: are they blank, handwritten or upside down? Scan them again."


class NoTextColumnError(FileError):
    """A table has no column that the process takes text from."""

    code = "no_text_column"
    hint = "Name the text column as the process expects (see `input` in its definition)."


class NoRecordsError(FileError):
    """The file was read and contains no records."""

    code = "no_records"
    hint = "The file has only a header or white space. Drop it again with its rows."


class ObjectGoneError(FileError):
    """The object version is no longer in the bucket."""

    code = "object_gone"
    hint = "The file was deleted before it was read. Drop it again."


class ThresholdError(InputError):
    """The threshold that the object asks for cannot be used."""


class ThresholdInvalidError(ThresholdError):
    """The object's `x-amz-meta-threshold` is not a number from 0 to 1."""

    code = "threshold_invalid"
    hint = "Give a threshold from 0 to 1, for example 0.8, or leave it out."


class ThresholdRefusedError(ThresholdError):
    """The object has an `x-amz-meta-threshold`, which the stack refuses (`SenderThreshold`)."""

    code = "threshold_refused"
    hint = (
        "Drop the file again without x-amz-meta-threshold, or deploy the stack with "
        "SenderThreshold=higher."
    )


class ThresholdTooLowError(ThresholdError):
    """The object's `x-amz-meta-threshold` is below the threshold that is used without it."""

    code = "threshold_too_low"
    hint = (
        "Drop the file again with a threshold that is not lower, or without one. If every sender "
        "may lower it, deploy the stack with SenderThreshold=any."
    )


class ModelError(PermanentError):
    """The encoder or a trained head is missing, damaged or cannot be made."""


class ModelInvalidError(ModelError):
    """The model's files are missing, truncated or altered."""

    code = "model_invalid"
    hint = "Build the model again with `winnow model build` and, in AWS, deploy again."


class TensorFlowMissingError(ModelError):
    """The engine `tensorflow` was chosen, but TensorFlow or its SavedModel is missing."""

    code = "tensorflow_missing"
    hint = (
        "Run `make setup`: it installs TensorFlow and makes the SavedModel. Or use the engine "
        "litert, which needs neither."
    )


class HeadInvalidError(ModelError):
    """A trained head is damaged, or was trained for another process, definition or encoder."""

    code = "head_invalid"
    hint = "Train it again with `winnow train`, using the model that will judge."


class HeadMissingError(ModelError):
    """A label has no example sentences, and the process has no trained head."""

    code = "head_missing"
    hint = "Run `winnow train` for the process, or give each of its labels example sentences."


class TrainingDataError(ModelError):
    """The labelled data do not fit the process, or are too few to train on or to measure."""

    code = "training_data"
    hint = "Compare the columns and labels that the message names with the process."


class ReviewsTooFewError(TrainingDataError):
    """People have decided too few records of a process to train it."""

    code = "reviews_too_few"
    hint = "Decide more records (`winnow review`), then train again. Nothing was changed."


class PackageUnavailableError(ModelError):
    """A locked package cannot be fetched from its registry."""

    code = "package_unavailable"
    hint = (
        "Check the network, the proxy and npm's own configuration, then run `winnow model build` "
        "again."
    )


class RegistryError(PermanentError):
    """A version of a process cannot be published, used or released."""


class VersionUnknownError(RegistryError):
    """The process has no such version, or the digits that were given fit several."""

    code = "version_unknown"
    hint = "`winnow model list PROCESS` lists the versions. Name one by at least 6 of its digits."


class VersionAlteredError(RegistryError):
    """A file of a version is not what was published."""

    code = "version_altered"
    hint = (
        "Nothing was judged with it. Release another version (`winnow model rollback PROCESS`), "
        "publish the definition again, and find out who wrote to the bucket of models."
    )


class ReleaseConflictError(RegistryError):
    """Somebody else has changed the process's versions since they were shown; nothing changed."""

    code = "release_conflict"
    hint = "Look at what holds now (`winnow model show PROCESS`). If it is still right, try again."


class ReleaseInvalidError(RegistryError):
    """What was asked for does not fit the versions of the process; nothing changed."""

    code = "release_invalid"
    hint = "`winnow release status PROCESS` shows what is released and what can be done next."


class RolledBackAlreadyError(ReleaseInvalidError):
    """The champion before is one that was taken back; nothing changed."""

    code = "rolled_back_already"
    hint = (
        "Nothing is left to take back. To make the other version champion again all the same: "
        "`winnow model promote PROCESS previous`, or `--force`."
    )


class CodeReleaseUnsupportedError(RegistryError):
    """The stack cannot release code in this way; nothing changed."""

    code = "code_release_unsupported"
    hint = (
        "On the local stack use `winnow release blue-green --code`. A stack in AWS can do it once "
        "it is deployed with this version."
    )


class CodeReleaseFailedError(RegistryError):
    """CloudFormation could not make, change or delete a stack of a release of code."""

    code = "code_release_failed"
    hint = (
        "Correct what the message names, then call the command again: it goes on where it stopped. "
        "`winnow release status --code` shows which stack judges."
    )


class PublishInvalidError(RegistryError):
    """A definition with its head cannot be published; nothing changed."""

    code = "publish_invalid"
    hint = "Correct what the message names. `winnow process validate FILE` finds most of it."


class NotReproducibleError(RegistryError):
    """A version cannot be trained again: what it was trained on is gone or was never kept."""

    code = "not_reproducible"
    hint = "`winnow model show PROCESS VERSION` lists what it was trained on, and what is missing."


class TrainingRunningError(RegistryError):
    """The process is being trained already."""

    code = "training_running"
    hint = "Wait for its e-mail, or for its challenger in `winnow model show PROCESS`."


class TrainingOffError(RegistryError):
    """The stack has no function that trains."""

    code = "training_off"
    hint = "Train where the code is (`winnow retrain PROCESS`), or deploy a stack that trains."


class TrainingDiedError(RegistryError):
    """A training ended without an answer: it ran out of time or of memory."""

    code = "training_died"
    hint = (
        "Nothing was changed. Give the train function more memory (TrainMemory), which also makes "
        "it faster, or train on a larger machine: `winnow retrain PROCESS --stack NAME`."
    )


class TrainingTooLargeError(RegistryError):
    """A training would take more time or memory than a function has."""

    code = "training_too_large"
    hint = (
        "Nothing was changed. Turn large trainings on (`winnow training create STAGE`), deploy "
        "with more TrainMemory, or train on a larger machine: `winnow retrain PROCESS --stack "
        "NAME`."
    )


class TrainingFailedError(RegistryError):
    """A training that somebody waited for failed."""

    code = "training_failed"
    hint = "Nothing was changed. The message has the code of the reason, and what to do about it."


class RunError(PermanentError):
    """A run, or a step of it, cannot continue although its file can be read."""


class UploadAbandonedError(RunError):
    """Several runs of the upload ended without a result, and the sweep starts no other."""

    code = "upload_abandoned"
    hint = (
        "Look at the runs in Step Functions. After you remove the cause, run "
        "`winnow redrive UPLOAD_ID`."
    )


class ConfidenceThresholdNotMetError(RunError):
    """The process says `on_none: fail` and no record reached the threshold."""

    code = "confidence_threshold_not_met"
    hint = (
        "Every record was set aside: look at review.jsonl. Lower the threshold only if measured "
        "data justify it."
    )


class StoredDataInvalidError(RunError):
    """An intermediate object is missing, truncated or altered, or the model changed in mid-run."""

    code = "stored_data_invalid"
    hint = (
        "If the run failed, `winnow redrive UPLOAD_ID` reads the file again and reuses nothing "
        "damaged. If results cannot be read, a newer winnow may have written them."
    )


class RunSupersededError(RunError):
    """A later run of the upload has written its results; this run does not overwrite them."""

    code = "run_superseded"
    hint = "Do nothing: the later run reports on the upload. `winnow status UPLOAD_ID` shows it."


class ChunkTooSlowError(RunError):
    """Judging a chunk of records would outlast the function's time; it is judged in halves."""

    code = "chunk_too_slow"
    hint = (
        "Nothing is lost: the chunk is judged again in halves. If the run failed with this "
        "code, give Classify more time or memory, and run `winnow redrive UPLOAD_ID`."
    )


class IndexDamagedError(RunError):
    """A file of the search index cannot be read; the results themselves are untouched."""

    code = "index_damaged"
    hint = "Nothing is lost: the index can be made again from the results at any time."


class EventInvalidError(RunError):
    """A function was called with an event of another shape; the message names the fields."""

    code = "event_invalid"
    hint = "Call it with an event of its own shape: events/README.md has one for each function."


class AwsError(PermanentError):
    """AWS cannot be called, or does not do what a call asks for."""


class AccessDeniedError(AwsError):
    """A call to AWS is not allowed."""

    code = "access_denied"
    hint = (
        "In a failed run, compare the function's role with template.yaml; at the command line, "
        "check the AWS profile and what it may do. An encryption key may be missing too."
    )


class AwsCredentialsError(AccessDeniedError):
    """A command has no AWS credentials, or AWS does not accept them (any longer)."""

    code = "aws_credentials"
    hint = (
        "Sign in again (`aws sso login`, `aws configure`) or renew the keys in the environment; "
        "`aws sts get-caller-identity` shows whether AWS accepts them."
    )


class AwsRefusedError(AwsError):
    """AWS refuses a call, and would refuse it again."""

    code = "aws_refused"
    hint = (
        "Look up AWS's code, in brackets, for the call that the message names. A bucket, table or "
        "key of the stack may be deleted or disabled. Deploy the stack again."
    )


class AwsNotSetUpError(AwsError):
    """A command finds no AWS region, profile or settings that it can use."""

    code = "aws_not_set_up"
    hint = (
        "Set the region (AWS_REGION, or `region` in the profile) and the profile (AWS_PROFILE) "
        "that the stack was deployed with. `aws configure list` shows which ones are in use."
    )


class AwsClockError(AwsError):
    """This machine's clock is so wrong that AWS refuses the calls that it signs."""

    code = "aws_clock"
    hint = "Set this machine's clock (in a virtual machine too), then try the command again."


class AwsUnreachableError(AwsError):
    """A command gets no answer from AWS: network, proxy, certificate, or a region's name."""

    code = "aws_unreachable"
    hint = (
        "Check the network, the region's name, the proxy (HTTPS_PROXY, NO_PROXY) and, behind one, "
        "its certificate (AWS_CA_BUNDLE), then try the command again."
    )


class AwsBusyError(AwsError):
    """AWS asks a command to slow down, or fails for now."""

    code = "aws_busy"
    hint = "Try the command again in a minute. If it fails again, look at the AWS status."


class EndpointUnreachableError(AwsError):
    """A function runs outside AWS and gets no answer from an AWS endpoint."""

    code = "endpoint_unreachable"
    hint = "Start the local stack with `winnow up`, and pass on the variables of .winnow/sam."


class StackError(PermanentError):
    """The stack that a command needs does not exist or does not work."""


class StackNotRunningError(StackError):
    """No local stack runs in this folder, or it does not answer."""

    code = "stack_not_running"
    hint = "Start one with `winnow up`. If one hangs, end it with `winnow down` first."


class StackFailedError(StackError):
    """The local stack could not be started or deployed; the message contains the end of its log."""

    code = "stack_failed"
    hint = "Correct what the message names, then run `winnow up` again."


class StackUnknownError(StackError):
    """No deployed stack of this name can be seen, or it is not one of Winnow's."""

    code = "stack_unknown"
    hint = "Check the name, the region and the AWS profile (`aws cloudformation describe-stacks`)."


class DockerMissingError(StackError):
    """`winnow up --docker` finds no Docker engine that answers."""

    code = "docker_missing"
    hint = "Start Docker and check that `docker info` answers. Or use `winnow up` without --docker."


class DeploymentError(PermanentError):
    """A stage cannot be deployed, or something went wrong while it was."""


class StagesInvalidError(DeploymentError):
    """stages.toml, or samconfig.toml beside it, is not valid; the message names the tables."""

    code = "stages_invalid"
    hint = "Correct the tables that the message names; docs/deploying.md has each field."


class StageUnknownError(DeploymentError):
    """stages.toml has no stage of this name."""

    code = "stage_unknown"
    hint = "`winnow stages` lists the stages. Add a table [stages.NAME] to stages.toml."


class AccountMismatchError(DeploymentError):
    """The AWS credentials are for another account than the stage's."""

    code = "account_mismatch"
    hint = (
        "Sign in to the account that stages.toml names: set AWS_PROFILE, or `profile` of the "
        "stage. Nothing was done."
    )


class ChecksFailedError(DeploymentError):
    """A check before the deployment failed; the message says what each one found."""

    code = "checks_failed"
    hint = "Do what each line says, then deploy again. Nothing was changed in AWS."


class ImageFailedError(DeploymentError):
    """An image cannot be pushed or copied."""

    code = "image_failed"
    hint = "Nothing is deployed. Check the network and what the credentials may do in ECR."


class DeploymentRunningError(DeploymentError):
    """Another deployment of the stage is under way, or began meanwhile."""

    code = "deployment_running"
    hint = "`winnow deploy STAGE --follow` shows it. Deploy again when it has ended."


class StackStuckError(DeploymentError):
    """The stack is in a state in which this cannot be done."""

    code = "stack_stuck"
    hint = "`winnow stages` shows the state of each stage; docs/deploying.md says what it means."


class DeploymentFailedError(DeploymentError):
    """A resource could not be made, changed or deleted; the message says which one, and why."""

    code = "deployment_failed"
    hint = "Correct what the message names, then deploy again."


class NotVerifiedError(DeploymentError):
    """The stage is deployed, but a sample did not go the whole way."""

    code = "not_verified"
    hint = "The stage is deployed. `winnow audit --stack STAGE` shows where the sample is."


class BootstrapFailedError(DeploymentError):
    """CloudFormation could not make the roles of `winnow bootstrap`; the message says why."""

    code = "bootstrap_failed"
    hint = (
        "Correct what the message names, delete the stack of roles if it is ROLLBACK_COMPLETE, and "
        "run `winnow bootstrap` again."
    )


class WebhookError(PermanentError):
    """A notice cannot be posted to the chat."""


class WebhookOffError(WebhookError):
    """The stack posts to no chat."""

    code = "webhook_off"
    hint = "Set NotifyWebhook of the stage to slack or teams, and deploy it. Then give the address."


class WebhookAddressMissingError(WebhookError):
    """Nobody has said yet where notices are posted."""

    code = "webhook_address_missing"
    hint = "Run `winnow deploy STAGE --secret notify-webhook`; it asks for the chat's address."


class WebhookAddressInvalidError(WebhookError):
    """The address is not one of the chat that NotifyWebhook names."""

    code = "webhook_address_invalid"
    hint = (
        "Copy the address of an incoming webhook (Slack), or of a workflow for webhook requests "
        "(Teams), and give it to `winnow deploy STAGE --secret notify-webhook`."
    )


class WebhookRefusedError(WebhookError):
    """The chat does not take a notice."""

    code = "webhook_refused"
    hint = (
        "The webhook may be deleted, or its channel archived. Make a new one, and give its address "
        "to `winnow deploy STAGE --secret notify-webhook`."
    )


class CommandError(PermanentError):
    """A command asks for what this machine or the stack does not have."""


class LocalFileError(CommandError):
    """A file or folder of this machine cannot be read or written by a command."""

    code = "local_file"
    hint = "Check that it exists, that you may read or write it, and that the disk has room."


class UploadUnknownError(CommandError):
    """No upload has this id, or more than one begins with it."""

    code = "upload_unknown"
    hint = "`winnow status` lists the uploads that the stack knows."


class NotFinishedError(CommandError):
    """The upload has no results: its run has not ended, or it failed."""

    code = "not_finished"
    hint = "`winnow why UPLOAD_ID` shows the state of the run."


class NotRedrivableError(CommandError):
    """The upload succeeded or was erased, its run has not ended, or it is too old to tell."""

    code = "not_redrivable"
    hint = "`winnow status UPLOAD_ID` shows its state. To judge the file again, drop it again."


class ReviewError(PermanentError):
    """What a person asked for in a review cannot be done."""


class RecordUnknownError(ReviewError):
    """The upload has no such record, or its results have expired or were deleted."""

    code = "record_unknown"
    hint = (
        "`winnow results UPLOAD_ID` lists the records. If they have expired, drop the file again."
    )


class RecordErasedError(ReviewError):
    """The record was erased on request; its text is gone and it cannot be decided any more."""

    code = "record_erased"
    hint = "Go on with the next record. `winnow history UPLOAD_ID RECORD` shows who erased it."


class DecisionInvalidError(ReviewError):
    """The decision is none of the record's process."""

    code = "decision_invalid"
    hint = "Choose one of the decisions that the message lists, or say that you cannot tell."


class ReviewConflictError(ReviewError):
    """Somebody else has changed the record since it was shown; nothing was written."""

    code = "review_conflict"
    hint = "Look at the decision that holds now. If you disagree, decide the record again."


class RecordJudgedAgainError(ReviewConflictError):
    """A later run has judged the record again since it was shown; nothing was written."""

    code = "record_judged_again"
    hint = (
        "Open the record again and decide what it says now. A program sends `run` back as it was "
        "shown it."
    )


class NothingToUndoError(ReviewError):
    """The last change of the record is not a decision of the person who wants to undo it."""

    code = "nothing_to_undo"
    hint = "Decide the record again instead: the history keeps both decisions."


class ReviewOffError(ReviewError):
    """The stack was deployed without reviews."""

    code = "review_off"
    hint = "Deploy the stack with the parameter ReviewPage=true."


class UserError(PermanentError):
    """A user of the review page cannot be added or removed. No message has an address."""


class AddressInvalidError(UserError):
    """What was given is not an e-mail address."""

    code = "address_invalid"
    hint = "Give one address, such as maria@example.org."


class UserNameInvalidError(UserError):
    """A user cannot have this name, which stands beside what they decide."""

    code = "user_name_invalid"
    hint = "Give another with --name: 1 to 64 of a to z, 0 to 9, and . _ - between them."


class UserExistsError(UserError):
    """The stack's user pool has a user with this name or address."""

    code = "user_exists"
    hint = (
        "`winnow users list` shows the users. For another group, remove the user and add them "
        "again; for another user of the same name, give one with --name."
    )


class UserUnknownError(UserError):
    """The stack's user pool has no such user."""

    code = "user_unknown"
    hint = "`winnow users list` shows the users."


class UserNeededError(UserError):
    """The local stack's own user cannot be removed: its page signs this one in."""

    code = "user_needed"
    hint = "Remove another user, or end the local stack: `winnow down`."


class RequestError(PermanentError):
    """A request to the API is refused; whoever sent it has to change it."""


class RequestInvalidError(RequestError):
    """A request's body, query or path does not have the shape that its route takes."""

    code = "request_invalid"
    hint = "Correct the fields that the message names. docs/openapi.json describes every route."


class RequestTooLongError(RequestError):
    """A request's body, or the text in it, is longer than the API judges or stores."""

    code = "request_too_long"
    hint = "Shorten the text, or drop it as a file: POST /v1/uploads gives a form for that."


class QueueTooLongError(RequestError):
    """The upload has more records for review than the API puts into the queue in its time."""

    code = "queue_too_long"
    hint = "Run `winnow queue --add UPLOAD_ID`, which may take as long as it needs."


class CursorInvalidError(RequestError):
    """A list's `cursor` was not given by this list, or was given for another filter."""

    code = "cursor_invalid"
    hint = "Ask for the list again without `cursor`, then pass on the cursors that it answers."


class IdempotencyKeyMissingError(RequestError):
    """A POST has no `Idempotency-Key` header, or one that is no key."""

    code = "idempotency_key_missing"
    hint = (
        "Send a new random key (1 to 64 visible ASCII characters) with every request, and the same "
        "key when you send the same request again."
    )


class IdempotencyKeyReusedError(RequestError):
    """A POST has the `Idempotency-Key` of another request of the same user and route."""

    code = "idempotency_key_reused"
    hint = "Send a new key with every new request. The first request of the key was carried out."


class NotSignedInError(RequestError):
    """A request has no access token, or one that is no longer valid."""

    code = "not_signed_in"
    hint = "Sign in again. A program gets a token with its client credentials: see docs/api.md."


class NotAllowedError(RequestError):
    """The signed-in user is in no group that may use this route."""

    code = "not_allowed"
    hint = "Ask an administrator of the stack to add you to a group: see the table in docs/api.md."


class RouteUnknownError(RequestError):
    """The API has no such route."""

    code = "route_unknown"
    hint = "Compare method and path with docs/openapi.json."


class ProcessNotOpenError(RequestError):
    """No process of this name is open to the user."""

    code = "process_not_open"
    hint = "Use the id of a process that GET /v1/processes lists."


class PredictionUnknownError(RequestError):
    """No prediction has this id: it never was, has expired, or is of a process not open to you."""

    code = "prediction_unknown"
    hint = "GET /v1/predictions lists the predictions that are kept."


class SearchInvalidError(RequestError):
    """A search cannot be carried out as it was asked."""

    code = "search_invalid"
    hint = "Change what the message names. docs/results.md names the fields of a record."


class SearchTooSlowError(RequestError):
    """A search or a chart took longer than it may, and was stopped; or the index is being read."""

    code = "search_too_slow"
    hint = (
        "Narrow it down: name a process, or a time (`since`, `until`), or use fewer words. While "
        "the index is being read, ask again."
    )


class SavedSearchUnknownError(RequestError):
    """No saved search of this id is the user's or shared with them."""

    code = "saved_search_unknown"
    hint = "GET /v1/searches lists those that are there."


class SearchNameTakenError(RequestError):
    """There is a saved search of this name."""

    code = "search_name_taken"
    hint = "Choose another name, or delete the search that has it first."


class SavedSearchesFullError(RequestError):
    """A user, or a group that searches are shared with, has as many saved searches as are kept."""

    code = "saved_searches_full"
    hint = "Delete one that is not needed any more."


class SearchTooLongError(RequestError):
    """A search has more text, or more conditions, than are saved."""

    code = "search_too_long"
    hint = "Shorten the text that records are to be like, or name fewer ids."


class SearchUnavailableError(RequestError):
    """The search function did not answer."""

    code = "search_unavailable"
    hint = (
        "Ask again. If it fails again, the log of the function `search` says why. "
        "`winnow search --from-results` does without it."
    )


class ExportTooLongError(RequestError):
    """A search finds more records than are written to one file."""

    code = "export_too_long"
    hint = "Narrow it down: name a process, or a time (`since`, `until`), and export in parts."


def catalogue() -> dict[str, type[WinnowError]]:
    """Every code and its class, in the order of this module."""
    return {
        cls.code: cls
        for cls in _subclasses(WinnowError)
        # A base that only groups others, and a narrower class of the same code, define none.
        if "code" in vars(cls)
    }


def _subclasses(cls: type[WinnowError]) -> Iterator[type[WinnowError]]:
    for child in cls.__subclasses__():
        yield child
        yield from _subclasses(child)

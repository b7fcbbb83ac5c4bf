"""All that there is only with ReviewPage: the table of reviews, the API, and who may sign in."""

import json
import re
from typing import Any

from tests.template.rules.files import KEPT
from tests.template.rules.shape import AnyOrder, Keyed, att, given, ref, skips, sub, text
from tests.template.rules.stack import Stack

CONDITION = "HasReviewPage"
_HERE = "http://${Api}.${LocalApiHost}"
_THERE = "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}"


def page(path: str = "/") -> Any:
    """An address of the page: where the API is."""
    return given("IsLocal", sub(f"{_HERE}{path}"), sub(f"{_THERE}{path}"))


SIGN_IN = given(
    "IsLocal",
    ref("LocalSignIn"),
    sub("https://${SignInDomain}.auth.${AWS::Region}.amazoncognito.com"),
)

# Route -> its key. No token is asked for the first ones, which hold no data.
PUBLIC = {
    "GetPageRoute": "GET /",
    "GetSignedInRoute": "GET /signed-in",
    "GetAssetsFileRoute": "GET /assets/{file}",
    "GetHealthRoute": "GET /v1/health",
}
ROUTES = {
    "GetMeRoute": "GET /v1/me",
    "GetProcessesRoute": "GET /v1/processes",
    "PostPredictionsRoute": "POST /v1/predictions",
    "GetPredictionsRoute": "GET /v1/predictions",
    "GetPredictionsIdRoute": "GET /v1/predictions/{id}",
    "PostUploadsRoute": "POST /v1/uploads",
    "GetUploadsRoute": "GET /v1/uploads",
    "GetUploadsIdRoute": "GET /v1/uploads/{id}",
    "GetUploadsIdRecordsRoute": "GET /v1/uploads/{id}/records",
    "GetUploadsIdRecordsNRoute": "GET /v1/uploads/{id}/records/{n}",
    "GetUploadsIdRecordsNHistoryRoute": "GET /v1/uploads/{id}/records/{n}/history",
    "PostUploadsIdQueueRoute": "POST /v1/uploads/{id}/queue",
    "GetQueueRoute": "GET /v1/queue",
    "PostLeasesRoute": "POST /v1/leases",
    "PostLeasesRenewRoute": "POST /v1/leases/renew",
    "PostLeasesReleaseRoute": "POST /v1/leases/release",
    "PostReviewsRoute": "POST /v1/reviews",
    "PostReviewsUndoRoute": "POST /v1/reviews/undo",
    "PostReviewsSkipRoute": "POST /v1/reviews/skip",
    "PostDraftsRoute": "POST /v1/drafts",
    "GetReviewsExportCsvRoute": "GET /v1/reviews/export.csv",
    "PostSearchRoute": "POST /v1/search",
    "PostSearchExportRoute": "POST /v1/search/export",
    "PostStatsRoute": "POST /v1/stats",
    "GetSearchesRoute": "GET /v1/searches",
    "PostSearchesRoute": "POST /v1/searches",
    "GetSearchesIdRoute": "GET /v1/searches/{id}",
    "DeleteSearchesIdRoute": "DELETE /v1/searches/{id}",
    "GetAlarmsRoute": "GET /v1/alarms",
    "GetModelsRoute": "GET /v1/models",
    "GetModelsProcessRoute": "GET /v1/models/{process}",
    "GetModelsProcessShaRoute": "GET /v1/models/{process}/{sha}",
    "GetModelsProcessShaEvaluationRoute": "GET /v1/models/{process}/{sha}/evaluation",
    "PostModelsProcessTrainRoute": "POST /v1/models/{process}/train",
    "GetReleasesRoute": "GET /v1/releases",
    "PostReleasesRoute": "POST /v1/releases",
}
GROUPS = {"ReviewerGroup": "reviewer", "AuditorGroup": "auditor", "AdminGroup": "admin"}
# Client of a program -> its one scope: who has its secret may ask for all that the client may.
PROGRAMS = {"ReviewerClient": "reviewer", "AuditorClient": "auditor"}
CLIENTS = ("PageClient", *PROGRAMS)
PERMISSIONS = ("EndedPermission", "ApiPermission")
# With NotifyWebhook, not with ReviewPage.
TO_NOTIFY = "NoticePermission"
# What is of a type that the rest of the stack has, too.
COMMON = {
    *("ReviewsTable", "QueueFunction", "ApiFunction", "QueueRole", "ApiRole"),
    *("TrainFunction", "TrainRole", "TrainLogs", "TrainSchedule", "TrainScheduleRole"),
    *("GoldenSchedule", "GoldenScheduleRole"),
    *("QueueLogs", "ApiLogs", "ApiAccessLogs", "EndedRule", "ReviewsUndelivered"),
    *("ReviewsUndeliveredPolicy", "ReviewsUndeliveredAlarm"),
    *("IndexFunction", "IndexRole", "IndexLogs", "IndexSchedule", "IndexScheduleRole"),
    *("SearchFunction", "SearchRole", "SearchLogs", "ChangedRule", "Changes", "ChangesPolicy"),
    *("Unindexed", "UnindexedPolicy", "UnindexedAlarm"),
    *("PageErrorsAlarm", "PageThrottlesAlarm"),
}
INVENTORY = {
    "AWS::Lambda::Permission": {*PERMISSIONS, TO_NOTIFY},
    "AWS::Lambda::EventSourceMapping": {"DecidedStream", "ChangesMapping"},
    "AWS::Cognito::UserPool": {"UserPool"},
    "AWS::Cognito::UserPoolDomain": {"SignInDomain"},
    "AWS::Cognito::UserPoolGroup": set(GROUPS),
    "AWS::Cognito::UserPoolResourceServer": {"ResourceServer"},
    "AWS::Cognito::UserPoolClient": set(CLIENTS),
    "AWS::ApiGatewayV2::Api": {"Api"},
    "AWS::ApiGatewayV2::Stage": {"ApiStage"},
    "AWS::ApiGatewayV2::Integration": {"ApiIntegration"},
    "AWS::ApiGatewayV2::Authorizer": {"ApiAuthorizer"},
    "AWS::ApiGatewayV2::Route": {*PUBLIC, *ROUTES},
}
RESOURCES = COMMON.union(*INVENTORY.values()) - {TO_NOTIFY}
"""Everything that is not there without the parameter."""

# What an on-failure destination, a source and a principal are, by the permission.
CALLERS = {
    "EndedPermission": ("QueueFunction", "events", att("EndedRule")),
    TO_NOTIFY: ("NotifyFunction", "sns", ref("Topic")),
    "ApiPermission": (
        "ApiFunction",
        "apigateway",
        sub("arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*"),
    ),
}


def permission(name: str, stack: Stack) -> Any:
    """One function, by its alias, for one caller."""
    function, service, source = CALLERS.get(name, ("", "", ""))
    return _made(
        "AWS::Lambda::Permission",
        Action="lambda:InvokeFunction",
        FunctionName=ref(f"{function}.Alias"),
        Principal=f"{service}.amazonaws.com",
        SourceArn=source,
    )


DECISIONS = '{"eventName": ["INSERT"], "dynamodb": {"Keys": {"sk": {"S": [{"prefix": "event#"}]}}}}'
COUNTED = '{"eventName": ["INSERT", "MODIFY"], "dynamodb": {"Keys": {"sk": {"S": ["queued"]}}}}'


def changes() -> Any:
    """Changes of some seconds together, by few calls at once; what fails is taken again."""
    return _made(
        "AWS::Lambda::EventSourceMapping",
        FunctionName=ref("IndexFunction.Alias"),
        EventSourceArn=att("Changes"),
        BatchSize=100,
        MaximumBatchingWindowInSeconds=5,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        ScalingConfig={"MaximumConcurrency": 4},
    )


def stream(name: str, stack: Stack) -> Any:
    """Decisions at once, and together those that wait; what fails is halved, and kept at last."""
    if name == "ChangesMapping":
        return changes()
    return _made(
        "AWS::Lambda::EventSourceMapping",
        FunctionName=ref("QueueFunction.Alias"),
        EventSourceArn=att("ReviewsTable", "StreamArn"),
        # From the first decision: LATEST would miss what happens while the mapping is made.
        StartingPosition="TRIM_HORIZON",
        BatchSize=100,
        MaximumBatchingWindowInSeconds=0,
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=10,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        FilterCriteria={"Filters": [{"Pattern": DECISIONS}, {"Pattern": COUNTED}]},
        DestinationConfig={"OnFailure": {"Destination": att("ReviewsUndelivered")}},
    )


def user_pool(name: str, stack: Stack) -> Any:
    """Nobody signs up; long passwords; a second factor for who wants one; not easily deleted."""
    password = {
        "MinimumLength": 14,
        **{f"Require{one}": True for one in ("Lowercase", "Uppercase", "Numbers", "Symbols")},
        "TemporaryPasswordValidityDays": 3,
    }
    made = _made(
        "AWS::Cognito::UserPool",
        UserPoolName=ref("AWS::StackName"),
        AdminCreateUserConfig={"AllowAdminCreateUserOnly": True},
        # With this alias Cognito takes no e-mail address for a name.
        AliasAttributes=["email"],
        UsernameConfiguration={"CaseSensitive": False},
        AutoVerifiedAttributes=["email"],
        UserAttributeUpdateSettings={"AttributesRequireVerificationBeforeUpdate": ["email"]},
        AccountRecoverySetting={"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]},
        MfaConfiguration="OPTIONAL",
        EnabledMfas=["SOFTWARE_TOKEN_MFA"],
        Policies={"PasswordPolicy": password},
        DeletionProtection="ACTIVE",
    )
    # A rollback cannot delete a protected pool.
    return {**made, **KEPT, "DeletionPolicy": "Retain"}


def domain(name: str, stack: Stack) -> Any:
    own = {"Fn::Select": [2, {"Fn::Split": ["/", ref("AWS::StackId")]}]}
    return _made(
        "AWS::Cognito::UserPoolDomain",
        UserPoolId=ref("UserPool"),
        Domain={"Fn::Sub": ["winnow-${Id}", {"Id": own}]},
    )


def group(name: str, stack: Stack) -> Any:
    return _made(
        "AWS::Cognito::UserPoolGroup",
        UserPoolId=ref("UserPool"),
        GroupName=GROUPS.get(name),
        Description=text(20),
    )


def resource_server(name: str, stack: Stack) -> Any:
    scopes = {one: {"ScopeName": one, "ScopeDescription": text(20)} for one in GROUPS.values()}
    return _made(
        "AWS::Cognito::UserPoolResourceServer",
        UserPoolId=ref("UserPool"),
        Identifier="winnow",
        Name="Winnow",
        Scopes=Keyed("ScopeName", scopes),
    )


def client(name: str, stack: Stack) -> Any:
    """The page has no secret and asks for no scope of ours; a program's has one, and one scope."""
    minutes = (
        ("AccessToken", "IdToken", "RefreshToken") if name == "PageClient" else ("AccessToken",)
    )
    own: dict[str, Any] = {
        "UserPoolId": ref("UserPool"),
        "ClientName": name.removesuffix("Client").lower(),
        "GenerateSecret": name != "PageClient",
        "AllowedOAuthFlowsUserPoolClient": True,
        "EnableTokenRevocation": True,
        **{f"{one}Validity": 60 for one in minutes},
        "TokenValidityUnits": dict.fromkeys(minutes, "minutes"),
    }
    if name == "PageClient":
        own |= {
            "AllowedOAuthFlows": ["code"],
            "AllowedOAuthScopes": ["openid"],
            "CallbackURLs": [page("/signed-in")],
            "LogoutURLs": [page()],
            "SupportedIdentityProviders": ["COGNITO"],
            "ExplicitAuthFlows": AnyOrder(["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]),
            "PreventUserExistenceErrors": "ENABLED",
        }
    else:
        own |= {
            "AllowedOAuthFlows": ["client_credentials"],
            "AllowedOAuthScopes": [sub(f"${{ResourceServer}}/{PROGRAMS.get(name)}")],
            "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"],
        }
    return _made("AWS::Cognito::UserPoolClient", **own)


def api(name: str, stack: Stack) -> Any:
    """No CORS: the page is of the same origin."""
    return _made(
        "AWS::ApiGatewayV2::Api",
        Name=ref("AWS::StackName"),
        Description=text(20),
        ProtocolType="HTTP",
    )


# Nothing that names a record, a file or a person, and no query.
LOGGED = {
    *("requestId", "requestTime", "routeKey", "status", "responseLength", "responseLatency"),
    *("integrationLatency", "integrationStatus", "error.responseType"),
}


def _log_line(found: Any) -> str | None:
    try:
        values = json.loads(found).values()
    except (TypeError, ValueError, AttributeError):
        return "a line of JSON"
    names = {one.removeprefix("$context.") for one in values}
    said = set(re.findall(r"\$context\.([\w.]+)", found))
    return None if names == said == LOGGED else f"what is logged is {sorted(LOGGED)}"


# Requests a second, and at once: what anybody may call gets little of the account's concurrency.
LIMITS = {
    "GET /": (10, 20),
    "GET /signed-in": (10, 20),
    "GET /assets/{file}": (50, 100),
    "GET /v1/health": (5, 10),
}


def _limits(rate: int, burst: int) -> Any:
    return {"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": burst}


def stage(name: str, stack: Stack) -> Any:
    """A limit for all routes, and a lower one of its own for each that asks for no token."""
    made = _made(
        "AWS::ApiGatewayV2::Stage",
        ApiId=ref("Api"),
        StageName="$default",
        AutoDeploy=True,
        DefaultRouteSettings=_limits(200, 400),
        RouteSettings={key: _limits(*LIMITS.get(key, (0, 0))) for key in PUBLIC.values()},
        AccessLogSettings={"DestinationArn": att("ApiAccessLogs"), "Format": _log_line},
    )
    # API Gateway refuses settings of a route that is not there yet.
    return {**made, "DependsOn": AnyOrder(list(PUBLIC))}


def integration(name: str, stack: Stack) -> Any:
    return _made(
        "AWS::ApiGatewayV2::Integration",
        ApiId=ref("Api"),
        IntegrationType="AWS_PROXY",
        IntegrationUri=ref("ApiFunction.Alias"),
        PayloadFormatVersion="2.0",
        TimeoutInMillis=30_000,
    )


def authorizer(name: str, stack: Stack) -> Any:
    return _made(
        "AWS::ApiGatewayV2::Authorizer",
        ApiId=ref("Api"),
        Name="user-pool",
        AuthorizerType="JWT",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={
            "Issuer": sub("https://${UserPool.ProviderName}"),
            "Audience": AnyOrder([ref(one) for one in CLIENTS]),
        },
    )


def route(name: str, stack: Stack) -> Any:
    """A token for every route but those that hold no data."""
    shared = {"ApiId": ref("Api"), "Target": sub("integrations/${ApiIntegration}")}
    if name in PUBLIC:
        made = _made(
            "AWS::ApiGatewayV2::Route",
            RouteKey=PUBLIC[name],
            AuthorizationType="NONE",
            **shared,
        )
        return {**made, "Metadata": skips("CKV_AWS_309")}
    return _made(
        "AWS::ApiGatewayV2::Route",
        RouteKey=ROUTES.get(name),
        AuthorizationType="JWT",
        AuthorizerId=ref("ApiAuthorizer"),
        **shared,
    )


def _made(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


RULES = {
    "AWS::Lambda::Permission": permission,
    "AWS::Lambda::EventSourceMapping": stream,
    "AWS::Cognito::UserPool": user_pool,
    "AWS::Cognito::UserPoolDomain": domain,
    "AWS::Cognito::UserPoolGroup": group,
    "AWS::Cognito::UserPoolResourceServer": resource_server,
    "AWS::Cognito::UserPoolClient": client,
    "AWS::ApiGatewayV2::Api": api,
    "AWS::ApiGatewayV2::Stage": stage,
    "AWS::ApiGatewayV2::Integration": integration,
    "AWS::ApiGatewayV2::Authorizer": authorizer,
    "AWS::ApiGatewayV2::Route": route,
}

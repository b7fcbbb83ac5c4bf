"""What the images are told about a stack, where a test needs no whole one."""

FUNCTIONS = (
    "serialize",
    "scan",
    "classify",
    "filter",
    "sweep",
    "dispatch",
    "digest",
    "notify",
    "queue",
    "api",
    "publish",
    "train",
    "index",
    "search",
)
"""Every function that has an image."""
API = {
    "MODEL_DIR": "/opt/model",
    "MODELS_TABLE": "models",
    "WEB_DIR": "/opt/web",
    "UPLOADS_BUCKET": "uploads",
    "TABLE_NAME": "runs",
    "REVIEWS_TABLE": "reviews",
    "PAGE_URL": "http://a1b2c3d4.execute-api.localhost:4566/",
    "SIGN_IN_URL": "http://127.0.0.1:4570",
    "SIGN_IN_CLIENT": "page",
    "USER_POOL": "pool",
    "RETENTION_DAYS": "90",
    "SEARCH_FUNCTION": "search",
}

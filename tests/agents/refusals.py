"""What the services answer when they refuse, by program and case: the script of the model, and what the
program's user has set up.

A case is (script, settings). The words of the bodies are those of the services. Moments lie three hours or
three days ahead of the run, so that they are on the same day and on another one.
"""
import time

HOUR_S, DAY_S = 3600, 86400
NOW_S = int(time.time())


def moment(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW_S + seconds))


def anthropic(status, kind, message, headers=None, **details):
    error = {"type": kind, "message": message, **details}
    body = {"type": "error", "error": error, "request_id": "req_000000000000000000000000"}
    return {"status": status, "body": body, "headers": headers or {}}


def openai(status, message, kind, code, headers=None, **more):
    body = {"error": {"message": message, "type": kind, "param": None, "code": code, **more}}
    return {"status": status, "body": body, "headers": headers or {}}


def openai_failed(code, message):
    """The stream begins, and fails within."""
    error = {"code": code, "message": message}
    response = {"id": "resp_0", "object": "response", "status": "failed", "error": error, "output": []}
    return {"events": [
        {"type": "response.created", "response": {"id": "resp_0"}},
        {"type": "response.failed", "response": response},
    ]}


def used_up(resets_s, plan, **more):
    """A limit of a ChatGPT plan; without a moment where `resets_s` is None."""
    error = {"type": "usage_limit_reached", "message": "The usage limit has been reached", "plan_type": plan, **more}
    headers = {}
    if resets_s:
        error |= {"resets_at": NOW_S + resets_s, "resets_in_seconds": resets_s}
        headers = {
            "x-codex-primary-used-percent": "100.0", "x-codex-primary-window-minutes": "300",
            "x-codex-primary-reset-at": str(NOW_S + resets_s),
        }
    return {"status": 429, "body": {"error": error}, "headers": headers}


def google(status, state, message, *details):
    body = {"error": {"code": status, "message": message, "status": state, "details": list(details)}}
    return {"status": status, "body": body}


def quota(identity, delay=None):
    violation = {
        "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
        "quotaId": identity, "quotaDimensions": {"location": "global", "model": "gemini-2.5-pro"},
        "quotaValue": "50",
    }
    rpc = "type.googleapis.com/google.rpc."
    details = [{"@type": rpc + "QuotaFailure", "violations": [violation]}]
    details.append({"@type": rpc + "Help", "links": [{
        "description": "Learn more about Gemini API quotas", "url": "https://ai.google.dev/gemini-api/docs/rate-limits",
    }]})
    if delay:
        details.append({"@type": rpc + "RetryInfo", "retryDelay": delay})
    words = "You exceeded your current quota, please check your plan and billing details. For more information on " \
        "this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits."
    words += f"\nPlease retry in {delay}." if delay else ""
    return google(429, "RESOURCE_EXHAUSTED", words, *details)


def unified(claim, resets_s, **more):
    reset = str(NOW_S + resets_s)
    window = {"five_hour": "5h"}.get(claim, "7d")
    return {
        "retry-after": str(resets_s), "anthropic-ratelimit-unified-status": "rejected",
        "anthropic-ratelimit-unified-reset": reset, "anthropic-ratelimit-unified-representative-claim": claim,
        f"anthropic-ratelimit-unified-{window}-status": "rejected",
        f"anthropic-ratelimit-unified-{window}-reset": reset,
        f"anthropic-ratelimit-unified-{window}-utilization": "1.0",
        **{f"anthropic-ratelimit-unified-{name.replace('_', '-')}": value for name, value in more.items()},
    }


RATE = (429, "rate_limit_error", "This request would exceed your account's rate limit. Please try again later.")
OVERAGE = {"overage_status": "rejected", "overage_disabled_reason": "out_of_credits"}
TOO_LONG = (400, "invalid_request_error", "prompt is too long: 204321 tokens > 200000 maximum")
CREDIT = (
    400, "invalid_request_error",
    "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.",
)
SPEND = "You have reached your specified API usage limits. You will regain access on {} at 00:00 UTC."
NO_OAUTH = "OAuth token has expired. Please obtain a new token or refresh your existing token."
REVOKED = "OAuth token has been revoked. Please obtain a new token."
NOT_ALLOWED = "OAuth authentication is currently not allowed for this organization."
PERMISSION = "Your API key does not have permission to use the specified resource."
RATE_HEADERS = {"retry-after": "3600", "anthropic-ratelimit-requests-reset": moment(HOUR_S)}

ANTHROPIC = {
    "429": anthropic(*RATE),
    "429-retry-after": anthropic(*RATE, RATE_HEADERS),
    "401": anthropic(401, "authentication_error", "invalid x-api-key"),
    "403": anthropic(403, "permission_error", PERMISSION),
    "credit": anthropic(*CREDIT),
    "spend": anthropic(400, "invalid_request_error", SPEND.format(time.strftime("%Y-%m-%d", time.gmtime(NOW_S + 3 * DAY_S)))),
    "500": anthropic(500, "api_error", "Internal server error"),
    "503": anthropic(503, "api_error", "Service Unavailable"),
    "529": anthropic(529, "overloaded_error", "Overloaded"),
    "overloaded-stream": anthropic(529, "overloaded_error", "Overloaded") | {"events": [
        {"type": "message_start", "message": {
            "id": "msg_0", "type": "message", "role": "assistant", "model": "claude", "content": [], "stop_reason": None,
            "stop_sequence": None, "usage": {"input_tokens": 10, "output_tokens": 1},
        }},
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
    ]},
    "too-long": anthropic(*TOO_LONG),
}

CLAUDE = {name: (script, {}) for name, script in ANTHROPIC.items()} | {
    "429-until": (anthropic(*RATE, unified("five_hour", 3 * HOUR_S)), {}),
    "429-retry-after-90": (anthropic(*RATE, {"retry-after": "90"}), {}),
    "down": ({}, {"down": True}),
    "no-host": ({}, {"base": "http://api.example.invalid"}),
    "never": ({}, {"key": None}),
    "oauth-five-hour": (anthropic(*RATE, unified("five_hour", 3 * HOUR_S)), {"key": "oauth"}),
    "oauth-five-hour-credits": (anthropic(*RATE, unified("five_hour", 3 * HOUR_S, **OVERAGE)), {"key": "oauth"}),
    "oauth-seven-day": (anthropic(*RATE, unified("seven_day", 3 * DAY_S)), {"key": "oauth"}),
    "oauth-seven-day-opus": (anthropic(*RATE, unified("seven_day_opus", 3 * DAY_S)), {"key": "oauth"}),
    "oauth-no-claim": (anthropic(*RATE, {
        "anthropic-ratelimit-unified-status": "rejected", "retry-after": str(3 * HOUR_S),
        "anthropic-ratelimit-unified-reset": str(NOW_S + 3 * HOUR_S),
    }), {"key": "oauth"}),
    "oauth-429": (anthropic(*RATE), {"key": "oauth"}),
    "oauth-spend": (anthropic(*RATE, unified(
        "five_hour", 3 * HOUR_S, overage_status="rejected", overage_disabled_reason="org_spend_cap_reached",
    )), {"key": "oauth"}),
    "oauth-401": (anthropic(401, "authentication_error", NO_OAUTH), {"key": "oauth"}),
    "oauth-login-401": (anthropic(401, "authentication_error", NO_OAUTH), {"key": "login"}),
    "oauth-login-expired": (anthropic(401, "authentication_error", NO_OAUTH), {"key": "expired"}),
    "oauth-login-five-hour": (anthropic(*RATE, unified("five_hour", 3 * HOUR_S)), {"key": "login"}),
    "oauth-403": (anthropic(403, "permission_error", REVOKED), {"key": "oauth"}),
    "oauth-org": (anthropic(403, "permission_error", NOT_ALLOWED), {"key": "oauth"}),
}

TPM = "Rate limit reached for gpt-5 in organization org-000000000000000000000000 on tokens per min (TPM): Limit 30000, " \
    "Used 28000, Requested 5000. Please try again in 6s. Visit https://platform.openai.com/account/rate-limits to learn more."
NO_QUOTA = "You exceeded your current quota, please check your plan and billing details. For more information on this " \
    "error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors."
LONG = "Your input exceeds the context window of this model. Please adjust your input and try again."
BUSY = "Our servers are currently overloaded. Please try again later."
SERVER = "The server had an error while processing your request. Sorry about that!"
BAD_KEY = "Incorrect API key provided: x. You can find your API key at https://platform.openai.com/account/api-keys."
NO_BEARER = "Missing bearer or basic authentication in header"

OPENAI = {
    "429": openai(429, TPM, "tokens", "rate_limit_exceeded"),
    "429-retry-after": openai(429, TPM, "tokens", "rate_limit_exceeded", {
        "retry-after": "3600", "x-ratelimit-reset-requests": "1h0m0s",
    }),
    "quota": openai(429, NO_QUOTA, "insufficient_quota", "insufficient_quota"),
    "401": openai(401, BAD_KEY, "invalid_request_error", "invalid_api_key"),
    "403": openai(403, "Country, region, or territory not supported", "request_forbidden", "unsupported_country_region_territory"),
    "500": openai(500, SERVER, "server_error", None),
    "503": openai(503, BUSY, "service_unavailable_error", "server_is_overloaded"),
    "529": openai(529, "Overloaded", "server_error", None),
    "too-long": openai(400, LONG, "invalid_request_error", "context_length_exceeded"),
}
CODEX = {name: (script, {}) for name, script in OPENAI.items()} | {
    "stream-429": (openai_failed("rate_limit_exceeded", TPM), {}),
    "stream-quota": (openai_failed("insufficient_quota", NO_QUOTA), {}),
    "stream-too-long": (openai_failed("context_length_exceeded", LONG), {}),
    "stream-overloaded": (openai_failed("server_is_overloaded", BUSY), {}),
    "down": ({}, {"down": True}),
    "no-host": ({}, {"base": "http://api.example.invalid"}),
    "no-key": ({}, {"key": None}),
    "never": (openai(401, NO_BEARER, "invalid_request_error", None), {"key": "never"}),
    "chatgpt-plus": (used_up(3 * HOUR_S, "plus"), {"key": "plus"}),
    "chatgpt-plus-days": (used_up(3 * DAY_S, "plus"), {"key": "plus"}),
    "chatgpt-free": (used_up(3 * HOUR_S, "free"), {"key": "free"}),
    "chatgpt-pro": (used_up(3 * HOUR_S, "pro"), {"key": "pro"}),
    "chatgpt-team": (used_up(3 * HOUR_S, "team"), {"key": "team"}),
    "chatgpt-no-moment": (used_up(None, "plus"), {"key": "plus"}),
    "chatgpt-not-included": ({"status": 429, "body": {"error": {
        "type": "usage_not_included", "message": "Usage not included", "plan_type": "free",
    }}}, {"key": "free"}),
    "chatgpt-401": (openai(401, "Your authentication token has expired. Please try signing in again.", None, "token_expired"), {"key": "plus"}),
    "chatgpt-revoked": (openai(401, "Your refresh token has been invalidated.", None, "refresh_token_invalidated"), {"key": "plus"}),
}

LIMITS = "GenerateRequestsPer{}PerProjectPerModel-FreeTier"
BAD_GOOGLE_KEY = google(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com",
    "metadata": {"service": "generativelanguage.googleapis.com"},
})
GOOGLE = {
    "429": google(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
    "429-minute": quota(LIMITS.format("Minute"), "32.018s"),
    "429-long-delay": quota(LIMITS.format("Minute"), "10800s"),
    "429-day": quota(LIMITS.format("Day"), "32.018s"),
    "429-day-no-delay": quota(LIMITS.format("Day")),
    "400-key": BAD_GOOGLE_KEY,
    "401": google(401, "UNAUTHENTICATED", "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."),
    "403": google(403, "PERMISSION_DENIED", "The caller does not have permission"),
    "500": google(500, "INTERNAL", "An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting"),
    "503": google(503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
    "529": google(529, "UNKNOWN", "Overloaded"),
    "too-long": google(400, "INVALID_ARGUMENT", "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."),
}
CLOUD = {"domain": "cloudcode-pa.googleapis.com", "@type": "type.googleapis.com/google.rpc.ErrorInfo"}
EXHAUSTED = (
    429, "RESOURCE_EXHAUSTED", "You have exhausted your capacity on this model. Your quota will reset after 3h14m47s.",
    CLOUD | {"reason": "QUOTA_EXHAUSTED", "metadata": {
        "model": "gemini-2.5-pro", "quotaResetDelay": "3h14m47.5s", "quotaResetTimeStamp": moment(3 * HOUR_S),
    }},
)
IN_HOURS = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "11687.5s"}
GEMINI = {name: (script, {}) for name, script in GOOGLE.items()} | {
    "429-exhausted": (google(*EXHAUSTED), {}),
    "429-exhausted-delay": (google(*EXHAUSTED, IN_HOURS), {}),
    "down": ({}, {"down": True}),
    "no-host": ({}, {"base": "http://api.example.invalid"}),
    "no-key": ({}, {"key": None}),
    "never": ({}, {"key": None, "type": None, "base": None}),
    "oauth-never": ({}, {"key": None, "type": "oauth-personal"}),
}

OPENCODE = {name: (script, {}) for name, script in ANTHROPIC.items()} | {
    "down": ({}, {"down": True}),
    "no-host": ({}, {"base": "http://api.example.invalid"}),
    "no-key": (anthropic(401, "authentication_error", "x-api-key header is required"), {"key": None}),
    "never": ({}, {"key": "never"}),
} | {
    f"openai-{name}": (OPENAI[name], {"provider": "openai"}) for name in ("429", "quota", "401", "503", "too-long")
} | {
    f"google-{name}": (GOOGLE[name], {"provider": "google"}) for name in ("429-minute", "429-day", "400-key", "too-long")
}

CASES = {"claude": CLAUDE, "codex": CODEX, "gemini": GEMINI, "opencode": OPENCODE}

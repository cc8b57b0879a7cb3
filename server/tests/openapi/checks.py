"""What Schemathesis cannot know of this API; loaded by it (see schemathesis.toml)."""

from pathlib import Path

import jsonschema_rs
import schemathesis
import yaml
from schemathesis.core.parameters import ParameterLocation

DOCUMENT = yaml.safe_load((Path(__file__).parents[2] / "src/openapi.yaml").read_text())
SCHEMAS = {
    "/api/v1/share": "Share",
    "/api/v1/create": "Share",
    "/api/v1/generate": "Generate",
    "/api/v1/secret/{key}": "Open",
    "/api/v1/private/{key}/burn": "Burn",
    "/api/v1/metadata/{key}/burn": "Burn",
    "/api/v1/receipt/{key}/burn": "Burn",
}

# Why a request that keeps to the document may be refused all the same. Further
# messages would say that the document asks for less than the program does.
BEYOND_SCHEMAS = (
    "Not authorized",
    "Secret value exceeds",
    "An account is required",
    "Undeliverable email address",
    "Unknown domain",
    "You do not have permission",
    "Passphrase must be no more than",
    "Double check that passphrase",
    "Vuelva a comprobar",
    "Vérifiez",
    "Bitte überprüfen",
    "Verifique",
    "Unknown secret",
    "A parameter contains a NUL",
    "The request body has too many parts",
    "The request has too many parameters",
    "The request body is nested too deeply",
)


@schemathesis.check
def another_method_leads_nowhere(ctx, response, case):
    """405 is unknown to the API; pages say what they have. HEAD goes where GET goes."""
    documented = DOCUMENT["paths"][case.operation.path]
    method = response.request.method.lower()
    if "$ref" in documented:
        documented = DOCUMENT["components"]["pathItems"][documented["$ref"].rsplit("/", 1)[1]]
    if method in documented or (method == "head" and "get" in documented):
        return
    is_page = "pages" in case.operation.tags
    expected = 405 if is_page else 404
    assert response.status_code == expected, f"{method} is not documented, and answered {response.status_code}"
    assert is_page == ("allow" in response.headers)


@schemathesis.check
def an_account_is_needed_where_it_says_so(ctx, response, case):
    """And only there: a guest who needs none is never told that one is missing."""
    signed = "Authorization" in response.request.headers
    needed = case.operation.definition.raw.get("security") == [{"account": []}]
    refused = b"Not authorized" in response.content
    if needed and not signed:
        assert response.status_code == 404
        assert response.headers["x-ots-intended-status"] == ["401"]
    if not needed and not signed:
        assert not refused, "a guest was refused"


@schemathesis.check
def the_intended_status_fits_the_message(ctx, response, case):
    """An intended 401, 429, 400 or none, by what the answer says."""
    if response.status_code != 404 or not is_json(response):
        return
    message = response.json().get("message")
    intended = response.headers.get("x-ots-intended-status", [None])[0]
    nowhere = message in (None, "Not Found", "Unknown secret")
    expected = None if nowhere else "401" if message == "Not authorized" else "400"
    assert intended == expected, f"{message!r} came with the intended status {intended}"


@schemathesis.check
def what_breaks_the_document_is_refused(ctx, response, case):
    """Nothing is done for a body that does not fit, once it is read as v1 reads it."""
    if response.status_code != 200 or case.operation.path not in SCHEMAS or not negative_body(case):
        return
    assert fits(case), "a body that breaks the document was taken"


@schemathesis.check
def what_keeps_to_the_document_is_taken(ctx, response, case):
    """A well-formed request is refused for reasons that no schema can give, or not at all."""
    if response.status_code != 404 or not is_json(response):
        return
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    message = response.json().get("message", "")
    assert message.startswith(BEYOND_SCHEMAS), f"a sound request was refused: {message!r}"


def is_json(response):
    return response.headers["content-type"][0].startswith("application/json")


def negative_body(case):
    return case.meta is not None and case.meta.is_negative_at(ParameterLocation.BODY)


def fits(case):
    schema = {"$ref": f"#/components/schemas/{SCHEMAS[case.operation.path]}"}
    whole = schema | {"components": DOCUMENT["components"]}
    validator = jsonschema_rs.Draft202012Validator(whole)
    if case.media_type == "application/json":
        return validator.is_valid(as_read(case.body, as_json_text))
    return any(validator.is_valid(as_read(body, as_form_text)) for body in as_sent(case.body))


def as_sent(body):
    """What a form may hold: no value is left out or, in parts, sent as a word."""
    yield body
    if isinstance(body, dict):
        yield {name: "null" if value is None else value for name, value in body.items()}


def as_read(body, as_text):
    """A body with everything as text that is read as text, and without what is ignored."""
    if not isinstance(body, dict):
        return body
    read = {name: as_text(value) for name, value in body.items() if value is not None}
    for ignored in ("share_domain", "locale", "continue"):
        if not isinstance(read.get(ignored), str):
            read.pop(ignored, None)
    if isinstance(read.get("ttl"), float):
        read["ttl"] = str(read["ttl"])
    if isinstance(read.get("length"), str):
        read["length"] = int(read["length"]) if read["length"].lstrip("-").isdecimal() else 12
    # A set is on or off, whatever is said of it, and all else is ignored.
    sets = body.get("character_sets")
    read["character_sets"] = dict.fromkeys(sets, True) if isinstance(sets, dict) else {}
    return read


def as_json_text(value):
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case [*items]:
            return [as_json_text(item) for item in items if item is not None]
        case _:
            return value


def as_form_text(value):
    """In a form all is text, and of a repeated name the last counts."""
    match value:
        case [*_, last]:
            return as_form_text(last)
        case []:
            return ""
        case dict():
            return "{}"
        case _:
            return str(value)

"""Config files: options, formats and errors with their place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisa_testkit.mock_server import JobService, ManualClock, MockControls, RandomIds
from aisa_testkit.mock_server.config import MockConfig, load_config, read_config
from aisa_testkit.mock_server.errors import ConfigError
from aisa_testkit.openapi import Call, Document, DocumentError, Reply, load_document
from aisa_testkit.openapi.json import Json

LONG = "sk-live-of-a-user-1234567890"

YAML = """\
# A bad day.
scenario: out-of-gpu
scenarios:
  out-of-gpu:
    about: The GPU runs out of memory halfway.
    outcome: failed
    code: out_of_gpu
    seconds: 30
    faults:
      - {operation: retrieve, status: 503, every: 3, nth: 2}
  hasty: {seconds: 1, expires: 5}
faults:
  - {operation: create, lost: true, times: 1}
  - {latency: {uniform: [0.1, 0.2]}, key: sk-slow}
limits: {requests_per_minute: 30, in_flight: 2, spend: 4}
keys:
  sk-main: {}
  sk-slow: {limits: free}
  sk-gone: {revoked: true}
  sk-poor: {spend: 0, forbidden: {model: [sora-2-pro]}}
"""

TOML = """\
# A bad day.
scenario = "out-of-gpu"

[scenarios.out-of-gpu]
about = "The GPU runs out of memory halfway."
outcome = "failed"
code = "out_of_gpu"
seconds = 30

[[scenarios.out-of-gpu.faults]]
operation = "retrieve"
status = 503
every = 3
nth = 2

[scenarios.hasty]
seconds = 1
expires = 5

[[faults]]
operation = "create"
lost = true
times = 1

[[faults]]
latency = {uniform = [0.1, 0.2]}
key = "sk-slow"

[limits]
requests_per_minute = 30
in_flight = 2
spend = 4

[keys.sk-main]

[keys.sk-slow]
limits = "free"

[keys.sk-gone]
revoked = true

[keys.sk-poor]
spend = 0
forbidden = {model = ["sora-2-pro"]}
"""

JSON = orjson.dumps(
    {
        "scenario": "out-of-gpu",
        "scenarios": {
            "out-of-gpu": {
                "about": "The GPU runs out of memory halfway.",
                "outcome": "failed",
                "code": "out_of_gpu",
                "seconds": 30,
                "faults": [{"operation": "retrieve", "status": 503, "every": 3, "nth": 2}],
            },
            "hasty": {"seconds": 1, "expires": 5},
        },
        "faults": [
            {"operation": "create", "lost": True, "times": 1},
            {"latency": {"uniform": [0.1, 0.2]}, "key": "sk-slow"},
        ],
        "limits": {"requests_per_minute": 30, "in_flight": 2, "spend": 4},
        "keys": {
            "sk-main": {},
            "sk-slow": {"limits": "free"},
            "sk-gone": {"revoked": True},
            "sk-poor": {"spend": 0, "forbidden": {"model": ["sora-2-pro"]}},
        },
    }
).decode()

WriteFile = Callable[[str, str], Path]


@pytest.fixture
def write_file(tmp_path: Path) -> WriteFile:
    """Write a file with this name and text."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def send(service: JobService, operation: str, *, key: str, job: str = "", model: str = "") -> Reply:
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    body = orjson.dumps({"prompt": "A lighthouse in a storm", "model": model or "sora-2"})
    place = {"video_id": job} if job else {}
    return service.answer(Call(operation, place, headers=headers, body=body))


def code_of(reply: Reply) -> Json:
    return reply.status, orjson.loads(reply.body)["error"]["code"]


FORMATS = [("a.yaml", YAML), ("a.yml", YAML), ("a.json", JSON), ("a.toml", TOML), ("a", YAML)]


@pytest.mark.parametrize(("name", "text"), FORMATS, ids=["yaml", "yml", "json", "toml", "no name"])
def test_every_option_of_a_config_takes_effect(
    document: Document, write_file: WriteFile, name: str, text: str
) -> None:
    config = load_config(document, write_file(name, text))
    clock = ManualClock(1_780_000_000)
    service = JobService(
        document, clock=clock, ids=RandomIds(1), seed=1, strict=True, config=config
    )
    lost = send(service, "createVideo", key="sk-main")
    assert lost.delivery
    assert lost.delivery.bytes_delivered == -1
    created = send(service, "createVideo", key="sk-main")
    assert created.headers["x-ratelimit-limit"] == "30"
    assert code_of(send(service, "createVideo", key="sk-main")) == (429, "rate_limit_exceeded")
    job = orjson.loads(created.body)["id"]
    polls = [send(service, "getVideo", key="sk-main", job=job).status for _ in range(6)]
    assert polls == [200, 503, 200, 200, 503, 200]
    clock.advance(30)
    job_view = orjson.loads(send(service, "getVideo", key="sk-main", job=job).body)
    assert (job_view["status"], job_view["error"]["code"]) == ("failed", "out_of_gpu")
    slow = send(service, "listVideos", key="sk-slow")
    assert slow.delivery
    assert 0.1 <= slow.delivery.delay <= 0.2
    assert slow.headers["x-ratelimit-limit"] == "60"
    assert code_of(send(service, "listVideos", key="sk-gone")) == (401, "revoked_api_key")
    assert code_of(send(service, "createVideo", key="sk-poor")) == (429, "quota_exceeded")
    forbidden = send(service, "createVideo", key="sk-poor", model="sora-2-pro")
    assert code_of(forbidden) == (403, "model_not_allowed")
    assert send(service, "listVideos", key="sk-unused").status == 200
    names = [each["name"] for each in service.scenarios.to_json()]
    assert names[-2:] == ["out-of-gpu", "hasty"]


def test_all_formats_give_the_same_config(document: Document, write_file: WriteFile) -> None:
    configs = []
    for name, text in FORMATS:
        config = load_config(document, write_file(name, text))
        scenarios = {
            each: (s.description, s.outcome, [f.options for f in s.faults])
            for each, s in config.scenarios.items()
        }
        faults = [fault.options for fault in config.faults]
        configs.append((config.scenario, scenarios, faults, config.limits, config.keys))
    assert all(each == configs[0] for each in configs)


@pytest.mark.parametrize("name", ["empty.yaml", "empty.toml"])
@pytest.mark.parametrize("text", ["", "# Nothing yet.\n"], ids=["empty", "comment"])
def test_empty_file_is_the_default_config(
    document: Document, write_file: WriteFile, name: str, text: str
) -> None:
    assert load_config(document, write_file(name, text)) == MockConfig()
    assert JobService(document, config=MockConfig()).faults.to_json() == []


def test_options_of_the_service_override_its_config(document: Document) -> None:
    options: Json = {
        "scenario": "fails",
        "limits": "free",
        "keys": {"sk-a": {"revoked": True}, "sk-b": {"revoked": True}},
    }
    service = JobService(
        document,
        clock=ManualClock(1_780_000_000),
        scenario="instant",
        limits="growth",
        accounts={"sk-a": {}},
        config=read_config(document, options),
    )
    created = send(service, "createVideo", key="sk-a")
    assert orjson.loads(created.body)["status"] == "completed"
    assert created.headers["x-ratelimit-limit"] == "3000"
    assert send(service, "createVideo", key="sk-b").status == 401


def test_reset_restores_the_faults_of_the_config(document: Document) -> None:
    options = {"faults": [{"operation": "list", "status": 500, "times": 1}]}
    service = JobService(document, config=read_config(document, options))
    for _ in range(2):
        statuses = [send(service, "listVideos", key="k").status for _ in range(2)]
        assert statuses == [500, 200]
        MockControls(service).reset()


@pytest.mark.parametrize(
    ("text", "line", "pointer", "reason"),
    [
        ("- a list\n", 1, "", 'must be of type object, not ["a list"]'),
        ("a word\n", 1, "", "must be of type object, not 'a word'"),
        ("\nscenarois: {}\n", 2, "/scenarois", "is not known here"),
        ("scenario: 3\n", 1, "/scenario", "must be of type string, not 3"),
        (
            "\n\nscenario: explodes\n",
            3,
            "/scenario",
            "unknown scenario 'explodes', must be one of comp",
        ),
        ("scenario: slow:code\n", 1, "/scenario", "'slow:code': only a scenario whose jobs fail"),
        ("scenarios: []\n", 1, "/scenarios", "must be of type object, not []"),
        ("scenarios:\n  Own: {}\n", 1, "/scenarios", ""),
        ("scenarios:\n  own:\n  - 1\n", 2, "/scenarios/own", "must be of type object, not [1]"),
        (
            "scenarios:\n  own:\n    scale: 2\n    outcome: lost\n",
            2,
            "/scenarios/own",
            "no job ends as 'lost'; the final states are completed, failed",
        ),
        (
            "scenarios:\n  own:\n    seconds: soon\n",
            3,
            "/scenarios/own/seconds",
            "must be of type number, at least 0, not 'soon'",
        ),
        (
            "scenarios:\n  own:\n    faults:\n      - {lost: true}\n      - {status: 418}\n",
            5,
            "/scenarios/own/faults/1/status",
            "no operation has a documented response 418",
        ),
        (
            "scenarios:\n  own:\n    faults:\n      - lost: true\n        key: sk-1\n",
            5,
            "/scenarios/own/faults/0/key",
            "is not allowed here: the faults of a scenario affect",
        ),
        ("faults: {}\n", 1, "/faults", "must be of type array, not {}"),
        ("faults:\n- {}\n", 2, "/faults/0", "must have at least one of body"),
        (
            "faults:\n- lost: true\n- lost: true\n  operation: createvideo\n",
            4,
            "/faults/1/operation",
            "must be one of listVideos",
        ),
        (
            "faults:\n- change:\n    /id: 1\n    /nothing: 2\n",
            4,
            "/faults/0/change/~1nothing",
            "no response of these operations has a field at /nothing",
        ),
        ("limits: none at all\n", 1, "/limits", "must be one of none, free, starter, growth, or"),
        ("limits:\n  in_flight: 0\n", 2, "/limits/in_flight", "must be at least 1, not 0"),
        ("keys: []\n", 1, "/keys", "must be of type object, not []"),
        ("keys:\n  sk-1: {revoked: 1}\n", 2, "/keys/…/revoked", "must be of type boolean, not 1"),
        (f"keys:\n  {LONG}: [1]\n", 2, "/keys/…7890", "must be of type object, not [1]"),
        (f"keys:\n  {LONG}: {{}}\n  {LONG}: {{}}\n", 3, "/keys/…7890", "is a duplicate key"),
        ("a: 1\na: 2\n", 2, "/a", "is a duplicate key"),
        ("faults:\n- {latency: .nan}\n", None, "/faults/0/latency", ".nan is not a JSON number"),
        ("faults: [\n", 2, "", "is neither YAML nor JSON: "),
    ],
)
def test_yaml_error_names_pointer_and_line(
    document: Document,
    write_file: WriteFile,
    text: str,
    line: int | None,
    pointer: str,
    reason: str,
) -> None:
    path = write_file("bad.yaml", text)
    with pytest.raises(DocumentError) as refused:
        load_config(document, path)
    (problem,) = refused.value.problems
    assert (problem.pointer, problem.line) == (pointer, line)
    assert problem.reason.startswith(reason)
    assert str(refused.value).startswith(str(path))


@pytest.mark.parametrize(
    ("text", "pointer", "reason"),
    [
        ("[[faults]]\nlost = false\n", "/faults/0/lost", "must be true, not false"),
        ("scenario = 'explodes'\n", "/scenario", "unknown scenario 'explodes'"),
        ("[scenarios.own]\nseconds = -1\n", "/scenarios/own/seconds", "must be at least 0, not -1"),
        ("[keys.sk-1]\nspend = 'all'\n", "/keys/…/spend", "must be of type null or number"),
        ("[[faults]]\nlatency = nan\n", "/faults/0/latency", "must be a finite number, not nan"),
        (
            "[[faults]]\nchange = {'/id' = [0, 99999999999999999999]}\n",
            "/faults/0/change/~1id/1",
            "must be a number of at most 64 bits, not 99999999999999999999",
        ),
        ("scenario: slow\n", "", "is not TOML: "),
        (f"a = {'[' * 9999}\n", "", "is not TOML: "),
        ("scenario = 2026-05-04", "/scenario", "unknown scenario '2026-05-04', must be one of "),
        ("faults = 12:30:00", "/faults", "must be of type array, not '12:30:00'"),
    ],
    ids=["schema", "name", "own", "key", "nan", "too large", "YAML", "too deep", "date", "time"],
)
def test_toml_error_names_pointer(
    document: Document, write_file: WriteFile, text: str, pointer: str, reason: str
) -> None:
    with pytest.raises(DocumentError) as refused:
        load_config(document, write_file("bad.toml", text))
    (problem,) = refused.value.problems
    assert (problem.pointer, problem.line) == (pointer, None)
    assert problem.reason.startswith(reason)


def test_json_error_names_pointer_and_line(document: Document, write_file: WriteFile) -> None:
    with pytest.raises(
        DocumentError, match=r"bad\.json: line 2, /faults/0/cut: must be at least 0 and less than 1"
    ):
        load_config(document, write_file("bad.json", '{"faults":\n[{"cut": 1}]}'))


@pytest.mark.parametrize("name", ["missing.yaml", "missing.toml", "."])
def test_unreadable_file_is_a_document_error(document: Document, tmp_path: Path, name: str) -> None:
    with pytest.raises(DocumentError, match=r": cannot be read: (No such file|Is a directory)"):
        load_config(document, tmp_path / name)


@pytest.mark.parametrize("name", ["bytes.yaml", "bytes.toml"])
def test_binary_file_is_a_document_error(document: Document, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DocumentError, match=r"bytes\.[a-z]+: cannot be read: .*UTF-8"):
        load_config(document, path)


def test_config_uses_the_names_of_the_document(
    other_document: Document, document: Document
) -> None:
    options: Json = {
        "scenario": "withdrawn",
        "scenarios": {"withdrawn": {"outcome": "withdrawn", "code": "no_light"}},
        "faults": [{"operation": "rendering", "change": {"/job/phase/word": "dry"}, "times": 1}],
        "limits": "hobby",
        "keys": {"k": {"spend": 0.05}},
    }
    config = read_config(other_document, options)
    service = JobService(
        other_document,
        clock=ManualClock(1_780_000_000),
        ids=RandomIds(1),
        strict=True,
        config=config,
    )
    headers = {"x-render-key": "k", "content-type": "application/json"}
    created = service.answer(
        Call("submitRendering", headers=headers, body=b'{"scene": "A teapot"}')
    )
    assert created.headers["x-allowance"] == "5"
    place = {"ref": orjson.loads(created.body)["job"]["ref"]}
    poll = Call("rendering", place, headers=headers)
    states = [orjson.loads(service.answer(poll).body)["job"]["phase"]["word"] for _ in range(2)]
    assert states == ["dry", "waiting"]
    assert service.answer(Call("submitRendering", headers=headers, body=created.body)).status == 400
    again = service.answer(Call("submitRendering", headers=headers, body=b'{"scene": "A cup"}'))
    assert again.status == 402
    with pytest.raises(ConfigError, match=r"^/scenarios/withdrawn: no job ends as 'withdrawn'"):
        read_config(document, {"scenarios": {"withdrawn": {"outcome": "withdrawn"}}})


def test_error_below_an_empty_key_is_a_config_error(document: Document) -> None:
    with pytest.raises(ConfigError, match="must be of type object, not null"):
        read_config(document, {"keys": {"": {"forbidden": None}}})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = st.sampled_from(["own", "slow", "completes", "Own", "a-1", "", "fails:x"])
CONFIG_OPTIONS: dict[str, st.SearchStrategy[Json]] = {
    "scenario": NAMES | VALUES,
    "scenarios": VALUES
    | st.dictionaries(
        NAMES,
        VALUES
        | st.fixed_dictionaries(
            {}, optional={"outcome": NAMES, "seconds": VALUES, "scale": VALUES, "faults": VALUES}
        ),
        max_size=2,
    ),
    "faults": st.lists(
        VALUES
        | st.fixed_dictionaries({}, optional={"status": st.integers(399, 600), "lost": VALUES}),
        max_size=2,
    ),
    "limits": VALUES
    | st.sampled_from(["free", "none", "hobby"])
    | st.fixed_dictionaries(
        {}, optional={"requests_per_minute": VALUES, "in_flight": VALUES, "spend": VALUES}
    ),
    "keys": VALUES
    | st.dictionaries(
        st.text(max_size=5),
        VALUES
        | st.fixed_dictionaries(
            {},
            optional={
                "limits": VALUES,
                "spend": VALUES,
                "revoked": VALUES,
                "forbidden": VALUES | st.fixed_dictionaries({"model": VALUES}),
            },
        ),
        max_size=2,
    ),
}


@given(options=VALUES | st.fixed_dictionaries({}, optional=CONFIG_OPTIONS))
def test_any_json_is_a_config_or_a_config_error(options: Json) -> None:
    try:
        config = read_config(load_document(), options)
    except ConfigError as refused:
        reason: str | None = refused.reason
    else:
        reason = None
        JobService(load_document(), clock=ManualClock(1_780_000_000), config=config)
    assert reason != ""


@given(text=st.text() | st.binary().map(lambda content: content.decode("latin-1")))
def test_any_text_is_a_config_or_a_document_error(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.getbasetemp()
    for name in ("any.yaml", "any.toml"):
        path = folder / name
        path.write_bytes(text.encode(errors="surrogatepass"))
        try:
            loaded: object = load_config(load_document(), path)
        except DocumentError as refused:
            loaded = refused
        assert isinstance(loaded, DocumentError) or loaded == MockConfig()

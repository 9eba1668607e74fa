"""Several Compose files: override order, `.env`, include, extends, profiles, mounted files; and no file makes it fail."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_compose import SHOP, asked, compose, edges

from auditkit.errors import InputError, Problem
from auditkit.importers.compose import read_together
from auditkit.importers.validate import validate
from auditkit.project.audit import Audit


def test_later_files_override_earlier_ones() -> None:
    """Variables are replaced one by one, commands as a whole, replicas by the last; evidence names the file that says it."""
    base = "services: {a: {command: [--x, 'http://old:80'], environment: {B_URL: 'http://old', C_URL: 'http://c'}, scale: 1}}"
    prod = "services:\n  a: {command: [--x, 'http://b:80'], environment: [B_URL=http://b], scale: 4}\n  b: {}\n  c: {}\n"
    draft = read_together([("compose.yaml", base), ("prod.yaml", prod)])
    assert edges(draft) == {"a -> b": ["configured"], "a -> c": ["configured"]}
    assert [question.id for question in draft.questions] == ["placement a"]
    assert draft.components[0].data["instances"] == 4
    assert {e["source"] for item in draft.dependencies for e in item.data["evidence"] if item.data["to"] == "b"} == {"prod.yaml"}


def test_the_override_beside_a_file_is_read_with_it() -> None:
    """`docker compose up` reads compose.override.yaml too, so that is what runs."""
    draft = compose(
        "services: {a: {image: a}, b: {}}", {"compose.override.yaml": "services: {a: {environment: [B_URL=http://b]}}"}
    )
    assert edges(draft) == {"a -> b": ["configured"]}
    assert draft.dependencies[0].where() == "compose.override.yaml:1"


def test_reset_and_override_cut_off_what_lies_below() -> None:
    """`!reset` removes, `!override` replaces what would be merged (Compose specification, Merge)."""
    base = "services: {a: {depends_on: [b], environment: {C_URL: 'http://c'}}, b: {}, c: {}, d: {}}"
    over = "services:\n  a:\n    depends_on: !reset []\n    environment: !override\n      D_URL: http://d\n"
    assert edges(read_together([("a.yaml", base), ("b.yaml", over)])) == {"a -> d": ["configured"]}


def test_variables_come_from_the_file_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """`.env` fills in; the environment of this process does not, so that every machine gives the same system."""
    monkeypatch.setenv("DB", "wrong")
    text = "services: {a: {image: '${IMG}', environment: {DB_HOST: '${DB}', CACHE_HOST: }}, pg: {}, redis: {}}"
    assert edges(compose(text, {".env": "DB=pg\nCACHE_HOST=redis\n"})) == {
        "a -> pg": ["configured"],
        "a -> redis": ["configured"],
    }
    assert asked(compose(text)) == ["value a CACHE_HOST", "value a DB_HOST"]


def test_env_files_of_a_service_are_read() -> None:
    """`env_file` in its three forms; `environment` wins over it; what cannot be read is asked about."""
    text = (
        "services: {a: {env_file: [a.env, {path: ./b.env}], environment: [X_URL=http://x]}, b: {env_file: c.env}, x: , y: , z: }"
    )
    draft = compose(text, {"a.env": "X_URL=http://z\nY_HOST=z\n", "b.env": "Y_HOST=y # c"})
    assert edges(draft) == {"a -> x": ["configured"], "a -> y": ["configured"]}
    assert asked(draft) == ["env_file b c.env"]


def test_included_files_bring_their_own_folder_and_variables() -> None:
    """Paths and `.env` of an included file are beside it; the including project's variables win."""
    files = {
        "sub/compose.yaml": "services: {b: {env_file: b.env, environment: {D_HOST: '${D}', E_HOST: '${E}'}}, d: {}, e: {}}",
        "sub/.env": "D=wrong\nE=e\n",
        "sub/b.env": "C_URL=http://c\n",
        ".env": "D=d\n",
    }
    draft = compose("include: [sub/compose.yaml, {path: [gone.yaml]}]\nservices: {c: {}}", files)
    assert edges(draft) == {"b -> c": ["configured"], "b -> d": ["configured"], "b -> e": ["configured"]}
    assert asked(draft) == ["include gone.yaml"]
    assert "sub/compose.yaml" in {e["source"] for item in draft.components for e in item.data["evidence"]}


def test_extends_takes_over_what_the_other_service_says() -> None:
    """In one file and from another, over several steps; what the service says itself wins."""
    files = {
        "base.yaml": "services: {base: {extends: root, environment: {B_URL: 'http://b', C_URL: 'http://old'}}, root: {scale: 2}}"
    }
    text = "services: {a: {extends: {file: base.yaml, service: base}, environment: {C_URL: 'http://c'}}, b: {extends: a}, c: {}}"
    draft = compose(text, files)
    assert edges(draft) == {"a -> b": ["configured"], "a -> c": ["configured"], "b -> c": ["configured"]}
    assert [item.data.get("instances") for item in draft.components] == [2, 2, None]


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("services: {a: {extends: b}, b: {extends: a}}", {}),
        ("services: {a: {extends: a}}", {}),
        (
            "services: {a: {extends: {file: x.yaml, service: b}}}",
            {"x.yaml": "services: {b: {extends: {file: x.yaml, service: b}}}"},
        ),
        ("include: [compose.yaml]\nservices: {a: {}}", {"compose.yaml": "include: [compose.yaml]\nservices: {a: {}}"}),
        ("include: [x.yaml]\nservices: {a: {}}", {"x.yaml": "include: [y.yaml]", "y.yaml": "include: [x.yaml]"}),
    ],
)
def test_circles_are_problems(text: str, files: dict[str, str]) -> None:
    """What extends or includes itself is said once, and ends."""
    draft = compose(text, files)
    assert draft.problems
    assert all("again" in problem.what for problem in draft.problems)


def test_what_extends_something_unknown_is_said() -> None:
    """A service that the other file lacks is a problem; a file that cannot be read is a question."""
    draft = compose("services: {a: {extends: ghost}, b: {extends: {file: gone.yaml, service: x}}}")
    assert [problem.what for problem in draft.problems] == ["a extends ghost, which is not in compose.yaml"]
    assert asked(draft) == ["extends b"]


def test_services_of_a_profile_that_is_off_are_asked_about() -> None:
    """They do not run; what names them is asked about too. `.env` turns profiles on."""
    text = "services: {a: {environment: [B_URL=http://b]}, b: {profiles: [debug]}}"
    off = compose(text)
    assert [item.data["id"] for item in off.components] == ["a"]
    assert asked(off) == ["idle b", "profile b"]
    on = compose(text, {".env": "COMPOSE_PROFILES=x,debug\n"})
    assert edges(on) == {"a -> b": ["configured"]}
    assert not on.questions


def test_files_that_a_service_is_given_hold_addresses() -> None:
    """Configs, secrets and mounted files count for the one service that has them; shared ones are asked about."""
    text = """\
services:
  web:
    volumes: ['./nginx.conf:/etc/nginx/nginx.conf:ro', 'data:/data', '/etc/hosts:/etc/hosts']
    configs: [{source: app}]
    secrets: [dsn]
  a: {configs: [both]}
  b: {volumes: [{type: bind, source: ./x.ini, target: /x}], configs: [both]}
  api: {}
  pg: {}
  mq: {}
configs:
  app: {content: "broker.url=amqp://u:s3cr3t@mq:5672"}
  both: {file: both.yaml}
secrets:
  dsn: {file: ./dsn.txt}
volumes: {data: {}}
"""
    files = {
        "nginx.conf": "location / {\n  proxy_pass http://api:80;\n}",
        "dsn.txt": "postgres://u:s3cr3t@pg/x",
        "both.yaml": "url: http://pg",
        "x.ini": "host=s3cr3t-host",
    }
    draft = compose(text, files)
    assert edges(draft) == {"web -> api": ["configured"], "web -> mq": ["configured"], "web -> pg": ["configured"]}
    assert asked(draft) == ["not deployed s3cr3t-host", "shared file both"]
    assert "s3cr3t@" not in repr(draft)


@pytest.mark.parametrize("store", ["external: true", "file: ./gone.conf"])
def test_a_config_that_cannot_be_read_is_asked_about(store: str) -> None:
    """It lies in the cluster, or was not given; a secret like that is taken for a password, and not asked about."""
    draft = compose(f"services: {{a: {{configs: [c], secrets: [s]}}}}\nconfigs: {{c: {{{store}}}}}\nsecrets: {{s: {{{store}}}}}")
    assert asked(draft) == ["mounted a c"]


def test_a_secret_that_names_something_else_is_asked_about_without_repeating_it() -> None:
    """Not even the host inside a secret is told."""
    draft = compose("services: {a: {secrets: [dsn]}}\nsecrets: {dsn: {file: d}}", {"d": "postgres://u:p@hidden.example.net/x"})
    assert len(draft.questions) == 1
    assert "hidden" not in repr(draft)


def test_a_volume_of_two_services_is_asked_about() -> None:
    """A shared volume may be a shared fate; what is mounted from the machine is not one."""
    b = "{volumes: [{type: volume, source: v}, './x:/x']}"
    text = f"services: {{a: {{volumes: ['v:/v', './x:/x']}}, b: {b}, c: {{volumes: ['w:/w', '/w']}}}}"
    assert asked(compose(text)) == ["shared volume v"]


def test_a_merge_key_and_an_anchor_are_one_environment() -> None:
    """`<<` and anchors are how Compose files share settings."""
    text = "x-env: &env {B_URL: 'http://b'}\nservices: {a: {environment: {<<: *env, C: d}}, b: {}}"
    assert edges(compose(text)) == {"a -> b": ["configured"]}


def test_bombs_and_depth_are_refused_in_words() -> None:
    """Ten lines of aliases that stand for billions of values are an error, not a hang."""
    bomb = "services:\n  a0: &a0 [x, x]\n" + "".join(f"  a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
    with pytest.raises(InputError, match="aliases"):
        compose(bomb)
    with pytest.raises(InputError, match="nested deeper"):
        compose("services: " + "[" * 5000)


def test_a_chain_of_variables_stays_small() -> None:
    """Variables that double one another do not fill the memory."""
    chain = "A0=xxxxxxxxxx\n" + "".join(f"A{i}=$A{i - 1}$A{i - 1}$A{i - 1}$A{i - 1}\n" for i in range(1, 40))
    assert compose("services: {a: {environment: {X_URL: '$A39'}}}", {".env": chain}).components


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), cuts=st.integers(1, 6))
def test_mutated_files_never_give_a_traceback(seed: int, cuts: int) -> None:
    """Whatever becomes of a file: a draft that the gate accepts or refuses in words, or an error in words."""
    rng = random.Random(seed)
    text = SHOP
    for _ in range(cuts):
        at, end = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        piece = rng.choice(
            [
                "",
                "[]",
                "{}",
                ": ",
                "- ",
                "\n",
                "\t",
                "&a ",
                "*a",
                "${",
                "!reset ",
                "null",
                "1",
                "'",
                '"',
                "\x00",
                "é",
                "services:",
            ]
        )
        text = text[:at] + piece + (text[min(end, at + rng.randrange(40)) :] if rng.random() < 0.7 else text[at:])
    refused: tuple[Problem, ...] = ()
    try:
        draft = compose(text)
        for item in (*draft.components, *draft.dependencies, *draft.journeys):
            assert item.where()
        validate(draft)
    except InputError as error:
        refused = error.problems
    assert all("\n" not in str(problem) for problem in refused)


def test_in_a_folder_the_override_lies_on_top(tmp_path: Path) -> None:
    """By the alphabet it would come first, and the plain file would win; a second import finds the same."""
    (tmp_path / "in").mkdir()
    plain = "services: {a: {image: a, deploy: {replicas: 3}, restart: always}, b: {image: b}}"
    (tmp_path / "in" / "compose.yaml").write_text(plain)
    (tmp_path / "in" / "compose.override.yaml").write_text("services: {a: {deploy: {replicas: 5}, environment: [B=http://b]}}")
    audit = Audit.importing([tmp_path / "in"], tmp_path / "audit")
    assert audit.system.component("a").instances == 5
    before = (tmp_path / "audit" / "system.yaml").read_bytes()
    audit.import_files([tmp_path / "in"])
    assert (tmp_path / "audit" / "system.yaml").read_bytes() == before
    (tmp_path / "in" / "compose.override.yaml").write_text("services: {a: {deploy: {replicas: 7}, environment: [B=http://b]}}")
    audit.import_files([tmp_path / "in"])
    assert audit.system.component("a").instances == 7


@pytest.mark.parametrize("base", ["common/base.yaml", "common-services.yml"])
def test_a_file_that_others_only_extend_deploys_nothing(tmp_path: Path, base: str) -> None:
    """Its service is a pattern; what extends it has what it says."""
    (tmp_path / "in" / "common").mkdir(parents=True)
    text = f"services: {{a: {{image: a, extends: {{file: {base}, service: base}}}}, b: {{image: b}}}}"
    (tmp_path / "in" / "compose.yaml").write_text(text)
    (tmp_path / "in" / base).write_text("services: {base: {image: x, environment: [B=http://b], deploy: {replicas: 2}}}")
    audit = Audit.importing([tmp_path / "in"], tmp_path / "audit")
    assert [(c.id, c.instances) for c in audit.system.components if c.id != "b"] == [("a", 2)]
    assert [(d.caller, d.to) for d in audit.system.dependencies] == [("a", ("b",))]

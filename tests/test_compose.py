"""One Compose file: what is stated becomes evidence, start order stays start order, the rest is asked."""

from __future__ import annotations

import pytest

from auditkit.errors import InputError
from auditkit.importers.compose import COMPOSE, detect, read, read_together
from auditkit.importers.compose_variables import fill, read_env_file
from auditkit.model.draft import Draft


def compose(text: str, files: dict[str, str] | None = None) -> Draft:
    """The draft of one Compose file, with the files beside it."""
    return read(text, "compose.yaml", (files or {}).get)


def edges(draft: Draft) -> dict[str, list[str]]:
    """`from -> to` with the confidences of its evidence, sorted."""
    return {
        f"{item.data['from']} -> {item.data['to']}": sorted({e["confidence"] for e in item.data["evidence"]})
        for item in draft.dependencies
    }


def asked(draft: Draft) -> list[str]:
    """What is asked, sorted by id."""
    return sorted(question.id for question in draft.questions)


SHOP = """\
services:
  web:
    image: shop/web
    depends_on: [api]
    environment:
      API_URL: http://api:8080
      HOST: web
  api:
    image: shop/api
    environment:
      - DATABASE_URL=postgres://shop:${PW:-pw}@orders-db:5432/orders
      - CACHE_HOST=${CACHE:-redis}
      - PAYMENT_URL=https://pay.example.net/v1
      - DB_NAME=orders
      - OTEL_EXPORTER_OTLP_ENDPOINT=http://otel:4317
    depends_on:
      orders-db: {condition: service_healthy}
      worker: {condition: service_started, required: false}
    deploy: {replicas: 3}
    healthcheck: {test: [CMD, curl, "http://localhost:8080"]}
  worker:
    image: shop/worker
    command: ["run", "--broker", "mq", "--api=http://api:8080"]
    scale: 2
    healthcheck: {disable: true}
  orders-db: {image: "postgres:16"}
  redis: {image: redis}
  mq: {image: "rabbitmq:3"}
  otel: {image: otel/opentelemetry-collector}
  users: {image: locustio/locust, command: "--host http://web:80"}
"""


def test_a_shop_is_read_with_its_evidence() -> None:
    """Addresses are configured, start order is ordering, both kinds stand side by side; nothing else is invented."""
    assert edges(compose(SHOP)) == {
        "web -> api": ["configured", "ordering"],
        "api -> orders-db": ["configured", "ordering"],
        "api -> redis": ["configured"],
        "api -> otel": ["configured"],
        "api -> worker": ["ordering"],
        "worker -> mq": ["configured"],
        "worker -> api": ["configured"],
        "users -> web": ["configured"],
    }


def test_evidence_names_file_key_and_line() -> None:
    """Each dependency says where it stands."""
    item = next(item for item in compose(SHOP).dependencies if item.data["to"] == "redis")
    assert item.data["evidence"] == [
        {"source": "compose.yaml", "locator": "services.api.environment.CACHE_HOST", "confidence": "configured"}
    ]
    assert item.where() == "compose.yaml:12"


def test_an_address_of_something_else_is_a_question() -> None:
    """What is not deployed here is neither a component nor a dependency."""
    draft = compose(SHOP)
    assert asked(draft)[:-2] == ["not deployed pay.example.net"]
    question = draft.questions[-1]
    assert question.where == "api -> pay.example.net"
    assert question.what.endswith("(compose.yaml:13)")
    assert question.what.startswith("api names pay.example.net (in PAYMENT_URL), and nothing of that name is deployed here")


def test_components_say_what_is_stated_and_nothing_more() -> None:
    """Instances and health checks come from the file; collectors and load generators are marked by kind, not dropped."""
    found = {
        item.data["id"]: {k: v for k, v in item.data.items() if k not in ("id", "evidence")} for item in compose(SHOP).components
    }
    assert found == {
        "web": {"kind": "service"},
        "api": {"kind": "service", "instances": 3, "health_check": True},
        "worker": {"kind": "service", "instances": 2, "health_check": False},
        "orders-db": {"kind": "database"},
        "redis": {"kind": "cache"},
        "mq": {"kind": "queue"},
        "otel": {"kind": "telemetry"},
        "users": {"kind": "load-generator"},
    }


def test_a_kind_told_by_an_image_is_inferred() -> None:
    """The kind rests on a name pattern, and its evidence says so."""
    redis = next(item for item in compose(SHOP).components if item.data["id"] == "redis")
    assert [(e["locator"], e["confidence"]) for e in redis.data["evidence"]] == [
        ("services.redis", "declared"),
        ("services.redis.kind cache, by its image", "inferred"),
    ]


def test_what_a_load_generator_calls_is_proposed_as_a_journey() -> None:
    """The entry of the proposed journey is the load generator's target."""
    (journey,) = compose(SHOP).journeys
    assert (journey.data["entry"], journey.data["proposed"]) == ("web", True)


def test_nothing_of_a_credential_is_kept() -> None:
    """No item, question or problem repeats a password."""
    assert "s3cr3t" not in repr(compose(SHOP.replace("${PW:-pw}", "s3cr3t")))
    assert "s3cr3t" not in repr(compose(SHOP, {".env": "PW=s3cr3t"}))


def test_links_show_order_and_give_names() -> None:
    """A link is start order; its alias is a name that addresses may use."""
    draft = compose("services: {a: {image: a, links: ['pg:database', mq], environment: {DB: 'database:5432'}}, pg: {}, mq: {}}")
    assert edges(draft) == {"a -> pg": ["configured", "ordering"], "a -> mq": ["ordering"]}


def test_a_bare_word_counts_only_where_its_variable_says_so() -> None:
    """Database names, modes and own names are no addresses; a variable that does not say is asked about."""
    environment = "{DB_NAME: pg, MODE: pg, SERVICE_NAME: a, POSTGRES_USER: pg, STORE: pg, CACHE_HOST: redis}"
    draft = compose(f"services: {{a: {{environment: {environment}}}, pg: {{}}, redis: {{}}}}")
    assert edges(draft) == {"a -> redis": ["configured"]}
    assert asked(draft) == ["name a -> pg"]


def test_a_flag_that_does_not_say_is_inferred() -> None:
    """`-h web` may mean a host: the dependency is there, and known to be weak."""
    assert edges(compose("services: {a: {command: '-d 60 -h web'}, web: {}}")) == {"a -> web": ["inferred"]}


def test_without_a_shared_network_an_address_is_asked_about() -> None:
    """An address that cannot be reached is no dependency."""
    text = """\
services:
  a: {environment: {B_URL: "http://b", C_URL: "http://c", D_URL: "http://dee"}, networks: [front]}
  b: {networks: [back]}
  c: {networks: {front: {}, back: {}}}
  d: {networks: {front: {aliases: [dee]}}}
"""
    draft = compose(text)
    assert edges(draft) == {"a -> c": ["configured"], "a -> d": ["configured"]}
    assert asked(draft) == ["reaches a -> b"]


def test_container_names_are_addresses_and_hostnames_are_not() -> None:
    """Docker looks up container names; a hostname only looks like an address."""
    draft = compose(
        "services: {a: {environment: [X_URL=http://box, Y_URL=http://tin]}, b: {container_name: box}, c: {hostname: tin}}"
    )
    assert edges(draft) == {"a -> b": ["configured"]}
    assert asked(draft) == ["hostname tin"]


def test_start_order_after_something_unknown_is_asked() -> None:
    """`depends_on` of a service that no file has is a question."""
    assert asked(compose("services: {a: {depends_on: [ghost]}}")) == ["depends_on a -> ghost"]


def test_services_on_one_network_stack_depend_on_each_other_in_order_only() -> None:
    """`network_mode: service:x` needs x to be there first; its names are those of x."""
    draft = compose("services: {a: {network_mode: 'service:b', environment: [C_URL=http://c]}, b: {}, c: {}}")
    assert edges(draft) == {"a -> b": ["ordering"], "a -> c": ["configured"]}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("$A", "a"),
        ("${A}b", "ab"),
        ("${E:-d}${U:-d}${A:-d}", "dda"),
        ("[${E-d}]${U-d}${A-d}", "[]da"),
        ("${A:+x}${E:+x}${U:+x}", "x"),
        ("${A+x}${E+x}${U+x}", "xx"),
        ("${A:?why}${A?why}", "aa"),
        ("${U:-${E:-${A}}}", "a"),
        ("${U:-$A-$A}", "a-a"),
        ("$$A $${A}", "$A ${A}"),
        ("cost: 5$", "cost: 5$"),
        ("${U:-http://x:80/}", "http://x:80/"),
    ],
)
def test_all_forms_of_interpolation(text: str, filled: str) -> None:
    """Variables are filled in as Compose does: A is 'a', E is empty, U is not set (Compose specification, Interpolation)."""
    assert fill(text, {"A": "a", "E": ""}).text == filled


@pytest.mark.parametrize("text", ["${", "${A", "${-x}", "${A!x}", "${}"])
def test_forms_that_compose_refuses_are_problems(text: str) -> None:
    """A broken reference is reported with its line, and nothing fails."""
    draft = compose(f"services:\n  a:\n    environment:\n      B: '{text}'\n")
    assert [problem.where for problem in draft.problems] == ["compose.yaml:4"]


def test_an_address_from_a_variable_that_nothing_sets_is_asked() -> None:
    """Compose would take it from the shell; the file cannot say."""
    draft = compose("services: {a: {environment: {DB_HOST: '${PG}', B_URL: , PASSWORD: '${PW}', C: 'pg://${X}:5432'}}}")
    assert asked(draft) == ["value a B_URL", "value a C", "value a DB_HOST"]


def test_env_files_are_read_as_compose_reads_them() -> None:
    """Comments, quotes, export, references and names without value (Compose specification, .env syntax)."""
    text = "\ufeff# c\r\nA=1\r\nB = two # c\nexport C='$A'\nD=\"$A ${B}\"\nE=\nF\nG=h#i\n=x\n"
    assert read_env_file(text, {"F": "f"}) == {"A": "1", "B": "two", "C": "$A", "D": "1 two", "E": "", "F": "f", "G": "h#i"}


@pytest.mark.parametrize(
    ("name", "text", "answer"),
    [
        ("compose.yaml", "services:\n  a:\n    image: b\n", True),
        ("x.yml", "version: '3'\nservices:\n  a:\n    build: .\n", True),
        ("docker-compose.prod.yml", "services: {}", True),
        ("compose.yaml", "include:\n  - a.yaml\n", True),
        ("values.yaml", "services:\n  port: 80\n", False),
        ("x.yaml", "apiVersion: v1\nkind: Service\nservices:\n  image: a\n", False),
        ("system.yaml", "auditkit: 1\ncomponents: []\n", False),
        ("x", "\x00\xff{{{", False),
        ("", "", False),
    ],
)
def test_detection_looks_at_the_content(name: str, text: str, answer: bool) -> None:
    """A file is told by its services, not by its name alone."""
    assert detect(name, text) is answer


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "compose.yaml:1  is no YAML"),
        ("", "is empty"),
        ("a: 1", "compose.yaml:1  has no services"),
    ],
)
def test_what_is_no_compose_file_is_refused_in_words(text: str, says: str) -> None:
    """One line says what is wrong."""
    with pytest.raises(InputError, match=says):
        compose(text)


@pytest.mark.parametrize(
    "service",
    [
        "[]",
        "1",
        "text",
        "null",
        "{environment: 3}",
        "{environment: [1, {a: b}, null]}",
        "{depends_on: text}",
        "{depends_on: {1: 2}}",
        "{deploy: [], scale: {}}",
        "{deploy: {replicas: many}}",
        "{healthcheck: []}",
        "{healthcheck: {test: {}}}",
        "{networks: 1}",
        "{networks: {1: 2}}",
        "{volumes: {a: b}}",
        "{command: {a: b}}",
        "{configs: 1, secrets: {a: 1}}",
        "{extends: 1}",
        "{extends: []}",
        "{profiles: a}",
        "{env_file: {a: b}}",
        "{image: [], container_name: {}, hostname: []}",
        "{links: {}}",
        "{network_mode: []}",
    ],
)
def test_shapes_that_do_not_fit_are_no_traceback(service: str) -> None:
    """A list where a mapping belongs is a problem in words, or is passed over; other services are read all the same."""
    draft = compose(f"services:\n  1: {service}\n  ok: {{image: redis}}\n")
    assert [item.data["id"] for item in draft.components] == ["1", "ok"]
    assert all(problem.where.startswith("compose.yaml:") and problem.remedy for problem in draft.problems)


def test_problems_are_told_all_at_once() -> None:
    """Three mistakes are three lines."""
    draft = compose("services:\n  a: {environment: 1}\n  b: {deploy: {replicas: x}}\n  'c d': {}\n")
    assert [str(problem) for problem in draft.problems] == [
        "compose.yaml:4  'c d' is no name of a service  use letters, digits, '.', '_' and '-'",
        "compose.yaml:2  environment of a is a single value, not a mapping  write 'key: value' pairs",
        "compose.yaml:3  deploy.replicas of b is 'x', not a whole number  write for example 3",
    ]


def test_two_runs_give_the_same() -> None:
    """The same text gives the same draft."""
    assert repr(compose(SHOP)) == repr(compose(SHOP))
    assert COMPOSE.read(SHOP, "compose.yaml", lambda _: None) == read_together([("compose.yaml", SHOP)])


def test_restarts_and_limits_are_evidence_and_what_lacks_them_a_question() -> None:
    """In both spellings, as the last layer says; nobody is asked where no service has limits, or no restart is refused."""
    text = """
services:
  web: {image: w, restart: unless-stopped, deploy: {resources: {limits: {memory: 50M, cpus: "0.5"}}}}
  job: {image: j, restart: "no", mem_limit: 1g}
  db: {image: postgres, deploy: {restart_policy: {condition: any}}}
"""
    draft = compose(text)
    said = {item.data["id"]: [entry["locator"] for entry in item.data["evidence"]] for item in draft.components}
    assert "services.web.restart (unless-stopped)" in said["web"]
    assert "services.web.deploy.resources.limits (memory 50M, cpus 0.5)" in said["web"]
    assert "services.db.deploy.restart_policy.condition (any)" in said["db"]
    assert {question.id: question.what for question in draft.questions} == {
        "restart job": "job is not restarted when it ends (restart: no): what brings it back? (compose.yaml:4)",
        "limits": "web has limits of memory or processors, and db not: can one of them starve the others of a machine?"
        " (compose.yaml:5)",
    }
    assert not compose("services: {a: {image: a}, b: {image: b}}").questions
    everywhere = compose("services: {a: {image: a, deploy: {mode: global}}}").questions[0].what
    assert "a runs once on each machine (deploy.mode: global): how many machines are there?" in everywhere


@pytest.mark.parametrize(
    ("placement", "words", "line"),
    [
        ("", "nothing keeps them on different machines or zones", 4),
        (
            "{max_replicas_per_node: 1}",
            "max_replicas_per_node (1) spreads them over 3 machines or more, which may share a zone",
            5,
        ),
        (
            "{max_replicas_per_node: 2}",
            "max_replicas_per_node (2) spreads them over 2 machines or more, which may share a zone",
            5,
        ),
        ("{max_replicas_per_node: 5}", "nothing keeps them on different machines or zones", 4),
        (
            "{preferences: [{spread: node.labels.zone}]}",
            "a preference (spread: node.labels.zone) spreads them only as far as there is room",
            5,
        ),
        ("{constraints: [node.role == worker, node.labels.disk == ssd]}", "nothing keeps them on different machines or zones", 4),
        ("{constraints: [node.labels.zone != eu-1a]}", "nothing keeps them on different machines or zones", 4),
    ],
)
def test_several_instances_are_asked_how_far_they_are_apart(placement: str, words: str, line: int) -> None:
    """As of Kubernetes: a limit per machine binds, a preference does not, and neither says how many zones there are."""
    text = "services:\n  api:\n    image: a\n    deploy: {replicas: 3" + (
        f",\n      placement: {placement}}}" if placement else "}"
    )
    draft = compose(text + "\n")
    assert "placement" not in draft.components[0].data
    (asked,) = [question for question in draft.questions if question.id == "placement api"]
    assert asked.what == f"api has 3 instances, and {words}: how many are in each zone? (compose.yaml:{line})"


@pytest.mark.parametrize(
    ("constraints", "place"),
    [
        ("[node.labels.zone==eu-1a]", "eu-1a"),
        ("[node.role == manager, node.labels.az == b]", "b"),
        ("[node.hostname == db-1]", "db-1"),
        ("[node.hostname == db-1, node.labels.com.example.datacenter == north]", "north"),
        ("['node.labels.zone == ${ZONE:-eu-1c}']", "eu-1c"),
    ],
)
def test_a_constraint_to_one_place_is_the_placement(constraints: str, place: str) -> None:
    """A zone before a machine: it takes more with it. The rules are evidence, and nothing is asked."""
    draft = compose(f"services: {{api: {{image: a, deploy: {{replicas: 2, placement: {{constraints: {constraints}}}}}}}}}")
    assert draft.components[0].data["placement"] == {place: 2}
    assert not draft.questions
    assert any("deploy.placement.constraints (node." in entry["locator"] for entry in draft.components[0].data["evidence"])


def test_placement_adds_up_over_files_and_single_instances_are_not_asked() -> None:
    """Lists of an override are added to those below; one instance has nothing to be kept apart from."""
    base = "services: {api: {image: a, deploy: {placement: {constraints: [node.role == worker]}}}}"
    more = "services: {api: {deploy: {replicas: 2, placement: {constraints: [node.labels.zone == a]}}}}"
    draft = read_together([("compose.yaml", base), ("more.yaml", more)])
    assert draft.components[0].data["placement"] == {"a": 2}
    alone = read_together([("compose.yaml", base)])
    assert "placement" not in alone.components[0].data
    assert not alone.questions

"""Addresses in text are found in every spelling, and nothing else of the text is kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.importers.address_names import names_an_address
from auditkit.importers.addresses import addresses_in_arguments, addresses_in_file, fill_shell, find_addresses
from auditkit.importers.kinds import kind_of


def found(text: str, name: str = "X_URL") -> list[str]:
    return [str(address) for address in find_addresses(text, name)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cart:7070", ["cart:7070"]),
        ("http://cart", ["cart"]),
        ("https://cart.shop.svc.cluster.local:8443/v1?x=y:80", ["cart.shop.svc.cluster.local:8443"]),
        ("mongodb://u:p,w@h1:27017,h2:27017/db?replicaSet=rs", ["h1:27017", "h2:27017"]),
        ("mongodb+srv://u:p@cluster.example.net/db", ["cluster.example.net"]),
        ("amqp://guest:guest@mq:5672/%2f", ["mq:5672"]),
        ("redis+sentinel://:pw@s1:26379,s2:26379/mymaster", ["s1:26379", "s2:26379"]),
        ("jdbc:postgresql://pg-1:5432,pg-2:5432/db", ["pg-1:5432", "pg-2:5432"]),
        ("jdbc:mysql:loadbalance://h1,h2:33/db", ["h1", "h2:33"]),
        ("jdbc:oracle:thin:@ora:1521:sid", ["ora:1521"]),
        ("jdbc:oracle:thin:@//ora:1521/svc", ["ora:1521"]),
        ("jdbc:sqlserver://sql:1433;databaseName=x;user=a", ["sql:1433"]),
        ("root:pw@tcp(catalogue-db:3306)/socksdb", ["catalogue-db:3306"]),
        ("host=db port=5432 user=me dbname=x", ["db"]),
        ("Server=tcp:sql,1433;Database=shop;User Id=sa", ["sql:1433"]),
        ("redis:6379,ssl=False,abortConnect=False", ["redis:6379"]),
        ("kafka-1:9092, kafka-2:9092;kafka-3:9092", ["kafka-1:9092", "kafka-2:9092", "kafka-3:9092"]),
        ("PLAINTEXT://kafka:9092,EXTERNAL://localhost:29092", ["kafka:9092"]),
        ("http://a:81,http://b:82", ["a:81", "b:82"]),
        ("server.1=zoo1:2888:3888;server.2=zoo2:2888:3888", ["zoo1:2888", "zoo2:2888"]),
        ("-Dredis.host=redis -Dspring.data.mongodb.uri=mongodb://a:b@carts-db:27017/data", ["redis", "carts-db:27017"]),
        ("10.1.2.3:5432", ["10.1.2.3:5432"]),
        ("dns:///cart:80", ["cart:80"]),
        ("amqp://u:p@mq:5672/%2F?x=a@b:99", ["mq:5672"]),
    ],
)
def test_every_spelling_gives_its_hosts(text: str, expected: list[str]) -> None:
    """URLs, host:port, connection strings of drivers and lists of brokers give their hosts and ports."""
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "http://localhost:8080",
        "0.0.0.0:80",
        "[::1]:80",
        "10:30:00",
        "docker.io/library/redis:6379",
        "-Xms64m -Xmx128m -Djava.security.egd=file:/dev/urandom",
        "redis:7.0.4",
        "unix:///var/run/docker.sock",
        "",
        "://",
        "a" * 300,
    ],
)
def test_what_is_no_address_elsewhere_gives_nothing(text: str) -> None:
    """Loopback, times, images, files and noise are no addresses."""
    assert found(text, "X") == []


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("REDIS_HOST", True),
        ("dbUrl", True),
        ("--backend", True),
        ("DB_NAME", False),
        ("POSTGRES_USER", False),
        ("REDIS", None),
        ("", None),
    ],
)
def test_the_name_says_whether_a_bare_word_is_a_host(name: str, answer: bool | None) -> None:
    """A bare word is a host only where its variable says so."""
    assert names_an_address(name) is answer
    forms = [address.form for address in find_addresses("orders", name)]
    assert forms == {True: ["name"], False: [], None: ["word"]}[answer]


@pytest.mark.parametrize("name", ["DB_PASSWORD", "API_KEY", "GITHUB_TOKEN", "IMAGE"])
def test_values_of_credentials_and_images_are_not_searched(name: str) -> None:
    """What lies under the name of a credential is not looked at."""
    assert found("redis:6379", name) == []


@pytest.mark.parametrize(
    "text",
    [
        "postgres://shop:s3cr3t@db:5432/x?password=s3cr3t",
        "postgres://shop:s3cr3t/1@db:5432/x",
        "postgres://s3cr3t:5432/1@db:5432/x",
        "postgres://u:x@s3cr3t/1@db:5432/x?y=s3cr3t",
        "shop:s3cr3t@tcp(db:5432)/x",
        "host=db port=5432 password=s3cr3t:5432",
        "Server=db,5432;Password=s3cr3t:99;User=sa",
        "https://s3cr3t@db:5432/hook/s3cr3t",
        "s3cr3t:123@db:5432",
        "redis://:s3cr3t@db:5432/0",
    ],
)
def test_credentials_stay_behind(text: str) -> None:
    """Of a connection string with a password, only host and port are kept."""
    addresses = find_addresses(text, "DATABASE_URL")
    assert "db" in [address.host for address in addresses]
    assert "s3cr3t" not in repr(addresses)


def test_options_of_a_command_name_hosts() -> None:
    """An option's name speaks for the word behind it; a flag that says nothing leaves only a word."""
    arguments = ["serve", "--db-host", "orders-db", "--cache=redis:6379", "-h", "web", "--verbose", "http://x:81/y"]
    assert [(i, str(a), a.form) for i, a in addresses_in_arguments(arguments)] == [
        (2, "orders-db", "name"),
        (3, "redis:6379", "host:port"),
        (5, "web", "word"),
        (7, "x:81", "url"),
    ]


def test_configuration_files_are_read_line_by_line() -> None:
    """Comments are passed over, own groups of a proxy are no hosts, JSON and YAML keys count."""
    text = 'upstream api {\n  server cart:8080;\n}\n# server old:80;\nproxy_pass http://api;\n{"addr": "redis", "name": "x"}\n'
    text += "host: pg\n"
    assert [(row, str(address)) for row, address in addresses_in_file(text, "x.conf")] == [
        (1, "cart:8080"),
        (5, "redis"),
        (6, "pg"),
    ]


def test_shell_variables_are_filled_in() -> None:
    """Known variables are filled in, unknown ones are empty, defaults count."""
    assert fill_shell("$A ${B} ${C:-c} $$", {"A": "1", "B": "2"}) == "1 2 c $$"


@given(st.text(max_size=300), st.sampled_from(["DB_URL", "X", "", "PASSWORD"]))
def test_any_text_is_survived(text: str, name: str) -> None:
    """No text makes the search fail, and every host is one."""
    for address in find_addresses(text, name):
        assert address.host
        assert address.host == address.host.lower()
        assert address.port is None or 0 <= address.port <= 99999


@pytest.mark.parametrize("piece", ["a://", "a=", "1:20 ", "@tcp(", "a,", "${", '"a":', "a@"])
def test_long_text_takes_time_in_proportion(piece: str) -> None:
    """A quarter of a megabyte that looks like the beginning of an address everywhere is still read (this would take minutes)."""
    assert isinstance(find_addresses(piece * (250_000 // len(piece)), "X_URL"), tuple)


@pytest.mark.parametrize(
    ("name", "image", "kind"),
    [
        ("redis-cart", "redis:alpine", "cache"),
        ("session-db", "redis:alpine", "cache"),
        ("carts-db", "weaveworksdemos/carts-db:1", "database"),
        ("mongodb", "registry.istio.io/release/examples-bookinfo-mongodb:1.20.3", "database"),
        ("broker", "confluentinc/cp-kafka:7.5.0", "queue"),
        ("queue-master", "weaveworksdemos/queue-master:0.3.1", "service"),
        ("user-sim", "weaveworksdemos/load-test:0.1.1", "load-generator"),
        ("k6", "grafana/k6:latest", "load-generator"),
        ("jaeger-agent", "jaegertracing/all-in-one:latest", "telemetry"),
        ("metrics", "oliver006/redis_exporter", "telemetry"),
        ("edge", "nginxinc/nginx-unprivileged:1.25@sha256:00", "gateway"),
        ("post-storage-memcached", "memcached", "cache"),
        ("kafka-ui", "provectuslabs/kafka-ui", "service"),
        ("orders-redis-consumer", "shop/orders-redis-consumer", "service"),
        ("frontend", "shop/frontend:1", "service"),
    ],
)
def test_kinds_follow_images_and_names(name: str, image: str, kind: str) -> None:
    """Well-known software is told by its image, else by the component's name; all else is a service."""
    assert kind_of(name, image)[0] == kind

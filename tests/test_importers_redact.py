"""Kept copies of sources hold no credentials, and lose nothing else."""

# ruff: noqa: E501 (a line and what is left of it stand side by side)

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.credentials import credential_names, names_credential
from auditkit.importers import redact
from auditkit.importers.yaml_text import parse, parse_all


def lines(text: str, name: str = "compose.yaml") -> list[str]:
    """Redacted lines; whatever is redacted, every line stays where it was, and doing it twice changes nothing."""
    found = redact(text, name)
    assert found.count("\n") == text.count("\n")
    assert redact(found, name) == found
    return found.splitlines()


@pytest.mark.parametrize(
    ("line", "redacted"),
    [
        # names that say it
        ("POSTGRES_PASSWORD: hunter2   # for now", "POSTGRES_PASSWORD: REDACTED   # for now"),
        ("MYSQL_ROOT_PASSWORD: 'it''s'", "MYSQL_ROOT_PASSWORD: 'REDACTED'"),
        ('apiKey: "a b c"', 'apiKey: "REDACTED"'),
        ("AWS_ACCESS_KEY_ID: abc", "AWS_ACCESS_KEY_ID: REDACTED"),
        ("AWS_SECRET_ACCESS_KEY: abc", "AWS_SECRET_ACCESS_KEY: REDACTED"),
        ("spring.datasource.password=foo bar", "spring.datasource.password=REDACTED bar"),
        ("REDIS_AUTH: x", "REDIS_AUTH: REDACTED"),
        ("pin: &pw 1234", "pin: &pw 1234"),
        ("password: &pw 1234", "password: &pw REDACTED"),
        ("- DB_PASSWORD=hunter2", "- DB_PASSWORD=REDACTED"),
        ('- "API_TOKEN=a b c"', '- "API_TOKEN=REDACTED"'),
        ("{name: SECRET_KEY, value: zzz}", "{name: SECRET_KEY, value: REDACTED}"),
        ('{"password": "x", "user": "ana"}', '{"password": "REDACTED", "user": "ana"}'),
        ("# password: hunter2", "# password: REDACTED"),
        ("command: redis-server --requirepass foo --port 1", "command: redis-server --requirepass REDACTED --port 1"),
        ('command: ["redis-server", "--requirepass", "foo", "--port", "1"]', 'command: ["redis-server", "--requirepass", "REDACTED", "--port", "1"]'),
        ("args: [--db-password=foo, --verbose]", "args: [--db-password=REDACTED, --verbose]"),
        ("test: mysqladmin ping -psecret -h db", "test: mysqladmin ping -pREDACTED -h db"),
        # addresses stay
        ("DATABASE_URL: postgres://shop:hunter2@db:5432/orders", "DATABASE_URL: postgres://shop:REDACTED@db:5432/orders"),
        ("url: postgres://shop:p@ss@db:5432/orders", "url: postgres://shop:REDACTED@db:5432/orders"),
        ("CACHE: redis://:pw@redis:6379/0", "CACHE: redis://:REDACTED@redis:6379/0"),
        ("amqp: amqp://guest:guest@mq", "amqp: amqp://guest:REDACTED@mq"),
        ("dsn: shop:pw@tcp(mysql:3306)/orders", "dsn: shop:REDACTED@tcp(mysql:3306)/orders"),
        ("jdbc: jdbc:mysql://db/x?user=a&password=b&ssl=true", "jdbc: jdbc:mysql://db/x?user=a&password=REDACTED&ssl=true"),
        ('conn: "Server=db;User Id=sa;Password=Pa55;Encrypt=no"', 'conn: "Server=db;User Id=sa;Password=REDACTED;Encrypt=no"'),
        ("WEBHOOK_SECRET: https://hooks.example.com/a/b", "WEBHOOK_SECRET: https://hooks.example.com/REDACTED"),
        # forms that say it
        ("x: AKIAIOSFODNN7EXAMPLE", "x: REDACTED"),
        ("x: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdef", "x: REDACTED"),
        ("x: ghp_abcdefghijklmnopqrstuvwxyz0123456789", "x: REDACTED"),
        ("header: 'Authorization: Bearer abcdefghijklmnop'", "header: 'Authorization: REDACTED"),
        ('x: "https://0123456789abcdef0123@sentry.example/4"', 'x: "https://REDACTED@sentry.example/4"'),
        ("x: http://api/maps?q=1&key=0123456789abc&signature=xyz", "x: http://api/maps?q=1&key=REDACTED&signature=REDACTED"),
        # glued to its name, or inside of a value
        ("password:hunter2", "password:REDACTED"),
        ("args: [login, db_password:hunter2, --x]", "args: [login, db_password:REDACTED, --x]"),
        ('{"say": "apikey:abc, user:ana"}', '{"say": "apikey:REDACTED, user:ana"}'),
        ("x: error:password:hunter2", "x: error:password:REDACTED"),
        ("note: 'token: abc'   # b", "note: 'token: REDACTED'   # b"),
        ('note: "a token: abc", more: 1', 'note: "a token: REDACTED", more: 1'),
        # defaults of variables go, references stay
        ("API_KEY: ${API_KEY:-sk123}", "API_KEY: ${API_KEY:-REDACTED}"),
        ("API_KEY: ${API_KEY}", "API_KEY: ${API_KEY}"),
        ("API_KEY: ${API_KEY:?must be set}", "API_KEY: ${API_KEY:?must be set}"),
        ("- DB_PASSWORD=$DB_PASSWORD", "- DB_PASSWORD=$DB_PASSWORD"),
    ],
)  # fmt: skip
def test_what_looks_like_a_credential_is_replaced(line: str, redacted: str) -> None:
    """The name, the quotes, the comment and the address stay."""
    (found,) = lines(line)
    assert found.startswith(redacted)


@pytest.mark.parametrize(
    "line",
    [
        "secretName: tls-cert", "PASSWORD_FILE: /run/secrets/pw", "TOKEN_URL: http://auth:8080/token", "AUTH_SERVICE_ADDR: auth:8080",
        "automountServiceAccountToken: false", "valueFrom: {secretKeyRef: {name: db, key: password}}", "secrets: [db_password]",
        "- X_SECRET", "max_tokens: 100", "tokenExpirationSeconds: 3600", "image: vault/secret-service:1.2", "name: SECRET_NAME_REF",
        "serviceAccountName: token-reader", "SECRET_NAME_REF:", "password:", "kind: SecretStore", "ADDR: http://a:80/x?y=b@c",
        "passwords:80", "cache: passwords:8080/x", "image: shop/secrets:1.2", "image: vault-secret:v1", "image: secret:latest",
        "urn: urn:shop:password:reset", "arn: arn:aws:secretsmanager:eu:1:secret:prod/db_password:x", "- ns:svc", "x: auth:login",
        "x: db_password:${DB_PASSWORD}", "call: token:refresh", "x: http://a/b?key=name&code=12", "x: https://shop@db/x",
        "bypass: all", "monkey: business", "image: registry:5000/team/app@sha256:abc", "key: value",
    ],
)  # fmt: skip
def test_what_only_speaks_of_credentials_stays(line: str) -> None:
    """Names, paths, addresses, ages and references of secrets are no secrets."""
    assert lines(line) == [line]


@pytest.mark.parametrize("sign", [":-", "-", ":+", ":"])
@pytest.mark.parametrize("name", ["compose.yaml", "application.properties"])
def test_the_default_of_a_variable_that_names_a_credential_is_replaced(sign: str, name: str) -> None:
    """Under whatever key, in Compose's form and in Spring's; the variable stays, and so does an address built from others."""
    redacted = redact(f"dsn: x://${{USER{sign}u}}:${{DB_PASSWORD{sign}hunter2}}@${{HOST{sign}db}} ${{API_TOKEN{sign}h2}}\n", name)
    assert "hunter2" not in redacted
    assert "h2}" not in redacted
    assert f"@${{HOST{sign}db}} ${{API_TOKEN{sign}REDACTED}}" in redacted
    assert redact(f"dsn: jdbc://${{DB_PASSWORD{sign}hunter2}}@db", name) == f"dsn: jdbc://${{DB_PASSWORD{sign}REDACTED}}@db"


def test_an_environment_of_kubernetes_in_either_order() -> None:
    """The name on one line, the value on the next, or the other way round."""
    text = 'env:\n- name: DB_PASSWORD\n  value: hunter2\n- value: "x y"\n  name: API_KEY\n- name: PLAIN\n  value: kept\n'
    assert lines(text)[2:] == ["  value: REDACTED", '- value: "REDACTED"', "  name: API_KEY", "- name: PLAIN", "  value: kept"]


def test_all_values_of_a_secret_go_whatever_their_names() -> None:
    """Also texts of several lines, and what kubectl keeps of the last version."""
    text = (
        "kind: Secret\nmetadata:\n  name: s\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: |\n      {}\n"
        "data:\n  a: aGVsbG8=\n  b: |\n    one\n\n    two\nstringData: {x: '1', y: yes}\ntype: Opaque\n"
    )
    found = lines(text, "secret.yaml")
    assert found[:4] == text.splitlines()[:4]
    assert found[4:] == [
        "    kubectl.kubernetes.io/last-applied-configuration: |", "      REDACTED", "data:", "  a: REDACTED", "  b: |", "    REDACTED",
        "", "    REDACTED", "stringData: {x: 'REDACTED', y: REDACTED}", "type: Opaque",
    ]  # fmt: skip


def test_a_private_key_keeps_its_frame_and_its_lines() -> None:
    """In whatever file it stands."""
    text = "key: |\n  -----BEGIN RSA PRIVATE KEY-----\n  MIIabc\n  def==\n  -----END RSA PRIVATE KEY-----\nnext: 1\n"
    assert lines(text) == [
        "key: |", "  -----BEGIN RSA PRIVATE KEY-----", "  REDACTED", "  REDACTED", "  -----END RSA PRIVATE KEY-----", "next: 1",
    ]  # fmt: skip


def test_files_inside_files_are_looked_through() -> None:
    """Properties in a ConfigMap, JSON in a text."""
    text = (
        "kind: ConfigMap\ndata:\n  app.properties: |\n    db.password=foo\n    db.url=http://a\n"
        '  app.json: |\n    {"token": "abc", "n": 1}\n'
    )
    found = lines(text)
    assert (found[3], found[4], found[6]) == (
        "    db.password=REDACTED",
        "    db.url=http://a",
        '    {"token": "REDACTED", "n": 1}',
    )


def test_text_that_does_not_parse_is_redacted_by_line() -> None:
    """Damaged files are kept as well."""
    assert lines("a: [\nenv:\n- name: DB_PASSWORD\n  value: hunter2\npassword: foo bar # c\n", "broken.yaml") == [
        "a: [", "env:", "- name: DB_PASSWORD", "  value: REDACTED", "password: REDACTED # c",
    ]  # fmt: skip


def test_a_redacted_file_means_the_same_otherwise() -> None:
    """It can be imported again: same documents, same keys, same addresses."""
    text = "services:\n  api:\n    environment: {DB_PASSWORD: 'x', DB_URL: 'postgres://u:p@db/x', N: 3}\n---\nkind: Secret\ndata: {a: b}\n"
    one, other = parse_all(redact(text, "x"), "x")
    environment = one.value["services"]["api"]["environment"]
    assert environment == {"DB_PASSWORD": "REDACTED", "DB_URL": "postgres://u:REDACTED@db/x", "N": 3}
    assert other.value == {"kind": "Secret", "data": {"a": "REDACTED"}}


secret = st.text(alphabet="abcXYZ0189-_.+/=", min_size=4, max_size=30).map(lambda text: f"s3cr3t{text}")


@settings(max_examples=150, deadline=None)
@given(
    secret,
    st.sampled_from(
        ["PASSWORD: {}", "- DB_PASSWORD={}", "x: --token {}", 'a: "postgres://u:{}@db/x"', "apiKey: '{}'", "{{passwd: {}}}"]
    ),
)
def test_no_secret_of_these_forms_survives(value: str, form: str) -> None:
    """Whatever it is made of; and the rest is still YAML."""
    if "postgres" in form:
        value = value.replace("/", "_")  # a bare slash ends the address; in a URL a password spells it %2F
    text = form.format(value)
    found = redact(text, "x.yaml")
    assert value not in found
    assert "REDACTED" in found
    assert parse(found, "x.yaml").value


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from("aP:-= \n[]{}&|'\"#@/$\r\tpassword")))
def test_any_text_keeps_its_lines(text: str) -> None:
    """And redacting never fails."""
    assert redact(text, "x").count("\n") == text.count("\n")


@pytest.mark.parametrize(
    "tag",
    [
        '{"key": "db.password", "type": "string", "value": "hunter2"}',
        '{"key": "db.password", "value": {"stringValue": "hunter2"}}',
        '{"key":"http.request.header.authorization","vType":"string","value":"hunter2"}',
        '{"key": "session.cookie", "value": "a\\"hunter2"}',
    ],
)
@pytest.mark.parametrize("times", [1, 5_000], ids=["a few", "more than is parsed"])
def test_tags_of_spans_lose_the_values_that_their_names_give_away(tag: str, times: int) -> None:
    """Whatever stands between name and value, in recordings of any length."""
    found = redact("[" + ", ".join([tag] * times) + "]", "traces.json")
    assert "hunter2" not in found
    assert found.count("REDACTED") == times


@pytest.mark.parametrize(
    "text",
    [
        '{"a":"' + "0af7651916cd43dd8448eb211c80319c" * 100_000 + '"}', "pass" * 500_000, "a" * 2_000_000 + "@", "mysql " * 300_000 + " -p",
        "password: " * 200_000, "key: token, " * 150_000, "a.b-" * 500_000 + "@(", "".join(f"pass{n}: x\n" for n in range(100_000)),
        "-----BEGIN PRIVATE KEY-----" * 50_000, '{"db.system":"mysql"},' * 100_000,
    ],
    ids=["ids", "one name", "one word", "mysql", "names", "pairs", "dsn", "many names", "private keys", "databases"],
)  # fmt: skip
def test_redacting_takes_time_in_proportion(text: str) -> None:
    """Four times the text takes four times as long, not sixteen (55 MB once took forty seconds, most for addresses)."""
    start = time.process_time()
    redact(text[-(len(text) // 4) :], "x.json")  # the end, where what is looked for stands
    quarter = time.process_time() - start
    redact(text, "x.json")
    assert time.process_time() - start - quarter < 10 * quarter + 0.5


@given(
    st.from_regex(
        r"[A-Za-z]{0,6}[._-]?(api_?key|secret|PASSWORD|auth|Token|jwt|pw|cookie|accessKeyId)[._-]?[A-Za-z0-9]{0,4}",
        fullmatch=True,
    )
)
def test_every_name_of_a_credential_is_found_in_a_text(name: str) -> None:
    """The quick search passes over none that the rule knows."""
    assert (name in credential_names(f"x: 1, {name}= y")) == names_credential(name)

"""Planted credentials: whatever is imported, whether it is read or refused, none of them reaches a file, a log or an error."""

from __future__ import annotations

import base64
import logging
import random
from pathlib import Path

import pytest
from audit_texts import said_below
from fuzz_importers import damaged
from importer_seeds import SEEDS

from auditkit.errors import InputError
from auditkit.project.importing import import_files

WORDS = ("hunter2-Zq9", "s3cr3t-Xw7", "AKIAABCDEFGHIJKLMNOP", "ghp_0123456789abcdefghij0123")
PLANTED = (*WORDS, *(base64.b64encode(word.encode()).decode() for word in WORDS))
COMPOSE = f"""\
services:
  web:
    image: shop/web
    environment:
      DB_PASSWORD: {WORDS[0]}
      DB_URL: postgres://shop:{WORDS[1]}@db:5432/orders
      BROKEN_URL: "postgres://shop:{WORDS[1]}@nowhere-here:5432/orders"
      AWS_ACCESS_KEY_ID: {WORDS[2]}
      GITHUB: {WORDS[3]}
      REDIS: "redis://:${{PW:-{WORDS[0]}}}@redis:6379"
    command: ["--token", "{WORDS[0]}", "--db", "mysql://u:{WORDS[1]}@db/x", "--api-key={WORDS[0]}"]
    env_file: [web.env]
    secrets: [pw]
    configs: [{{source: conf}}]
    volumes: ["./web.conf:/etc/web.conf:ro"]
  db: {{image: postgres, environment: [POSTGRES_PASSWORD={WORDS[0]}]}}
  redis: {{image: redis, command: redis-server --requirepass {WORDS[0]}}}
secrets: {{pw: {{file: ./pw.txt}}}}
configs: {{conf: {{content: "password={WORDS[0]}\\nurl=http://db:80"}}}}
"""
SIBLINGS = {
    "web.env": f"TOKEN={WORDS[0]}\nMQ=amqp://u:{WORDS[1]}@rabbit:5672\n",
    "pw.txt": f"{WORDS[0]}\n",
    "web.conf": f"secret_key = {WORDS[0]}\nupstream = http://db:80\nssl_password: {WORDS[1]}\n",
    ".env": f"PW={WORDS[1]}\n",
}
_DATA = base64.b64encode(f"postgres://shop:{WORDS[1]}@api:5432/x".encode()).decode()
KUBERNETES = f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers:
        - name: main
          image: shop/web
          args: ["--password={WORDS[0]}", "--db=postgres://u:{WORDS[1]}@gone:5432/x"]
          env:
            - {{name: API_KEY, value: {WORDS[0]}}}
            - {{name: DB_URL, valueFrom: {{secretKeyRef: {{name: keys, key: url}}}}}}
            - {{name: AGAIN, value: "http://$(API_KEY):80"}}
          envFrom: [{{secretRef: {{name: keys}}}}, {{configMapRef: {{name: conf}}}}]
      volumes: [{{name: c, configMap: {{name: conf}}}}, {{name: s, secret: {{secretName: keys}}}}]
---
{{apiVersion: v1, kind: Service, metadata: {{name: api}}, spec: {{selector: {{app: web}}}}}}
---
apiVersion: v1
kind: Secret
metadata: {{name: keys}}
data: {{url: {_DATA}, plain: {base64.b64encode(WORDS[0].encode()).decode()}}}
stringData: {{more: {WORDS[0]}, broken: "http://{WORDS[1]}.example.com:80"}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: conf}}
data: {{db.password: {WORDS[0]}, app.conf: "password: {WORDS[0]}\\nurl: http://u:{WORDS[1]}@api:80"}}
"""


def _everything(folder: Path) -> str:
    return "\n".join(said_below(folder).values())


def _leaked(text: str) -> list[str]:
    return [word for word in (*PLANTED, _DATA) if word in text]


def _imported(place: Path, files: dict[str, str | bytes], caplog: pytest.LogCaptureFixture) -> str:
    """All that comes of an import: files, log and error."""
    source = place / "source"
    source.mkdir(exist_ok=True)
    for name, text in files.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    said = ""
    with caplog.at_level(logging.DEBUG):
        try:
            import_files([source], place / "audit")
        except InputError as error:
            said = str(error)
    return "\n".join((said, caplog.text, _everything(place / "audit") if (place / "audit").exists() else ""))


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"compose.yaml": COMPOSE, **SIBLINGS}, "nowhere-here"),
        ({"k8s.yaml": KUBERNETES}, "not deployed gone"),
    ],
    ids=["compose", "kubernetes"],
)
def test_no_planted_credential_reaches_a_file_a_log_or_an_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, files: dict[str, str | bytes], found: str
) -> None:
    """The addresses beside them are found all the same, and the kept sources are there, without them."""
    everything = _imported(tmp_path, files, caplog)
    assert found in everything
    assert (tmp_path / "audit/sources").is_dir()
    assert _leaked(everything) == []


@pytest.mark.parametrize(("name", "text"), [("compose.yaml", COMPOSE), ("k8s.yaml", KUBERNETES)])
def test_damaged_files_do_not_give_their_credentials_away(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, text: str
) -> None:
    """Problems name a place and a shape, never the value that stands there."""
    for seed in range(150):
        place = tmp_path / str(seed)
        place.mkdir()
        # a value that was itself cut in two is no credential any more; what is whole must not be told
        lines = text.splitlines(keepends=True)
        draw = random.Random(seed)
        at = draw.randrange(len(lines))
        lines[at] = draw.choice(
            (lines[at].replace(": ", " ", 1), lines[at].replace("{", "", 1), " " + lines[at], "[\n" + lines[at])
        )
        said = _imported(place, {name: "".join(lines)}, caplog).partition("\n")[0]
        assert _leaked(said) == []


@pytest.mark.parametrize("format", SEEDS)
def test_no_error_repeats_a_password_in_an_address(tmp_path: Path, caplog: pytest.LogCaptureFixture, format: str) -> None:
    """In whatever format it stands, as a name or as a value."""
    name, text = SEEDS[format]
    for seed, word in enumerate(("web", "db", "shop", "cart", "GET /")):
        place = tmp_path / str(seed)
        place.mkdir()
        secret = text.replace(word, f"postgres://u:{WORDS[1]}@db:5432", 1)
        assert _leaked(_imported(place, {name: secret}, caplog)) == []
    assert damaged(name, text, 1), "the seeds are those that are fuzzed"

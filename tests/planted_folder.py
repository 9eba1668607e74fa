"""A folder with a file of every format, and credentials of several kinds wherever a format can hold one."""

# ruff: noqa: E501 (planted files in few lines)

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import openpyxl
from importer_seeds import SEEDS

PASSWORD: Final = "hunter2-Zq9"
OTHER: Final = "s3cr3t-Xw7"
AWS, GITHUB, JWT, GITLAB = (
    "AKIAABCDEFGHIJKLMNOP", "ghp_0123456789abcdefghij0123", "eyJhbGciOiJIUzI1.eyJzdWIiOiIx.c2lnbmF0dXJl",
    "glpat-0123456789abcdefgh",
)  # fmt: skip
BASIC: Final = "dXNlcjpodW50ZXIyWnE5"
URL: Final = f"postgres://shop:{PASSWORD}@db:5432/x"
WORDS: Final = (PASSWORD, OTHER, AWS, GITHUB, JWT, GITLAB, BASIC)


def files() -> dict[str, str]:
    """Text by name; each file can still be read."""
    seed = {of: text for of, (_, text) in SEEDS.items()}
    jaeger, otlp = json.loads(seed["jaeger"]), json.loads(seed["otlp"])
    for span in jaeger["data"][0]["spans"]:
        span["tags"] += [
            {"key": "db.statement", "value": f"SET PASSWORD = '{PASSWORD}'"}, {"key": "password", "value": OTHER},
            {"key": "http.url", "value": f"http://u:{OTHER}@cart/a?token={GITHUB}"}, {"key": "peer.service", "value": URL},
        ]  # fmt: skip
    first, second = otlp["resourceSpans"][0]["scopeSpans"][0]["spans"]
    first["name"] = f"GET /login?token={GITHUB}"
    second["attributes"] += [
        {"key": "db.password", "value": {"stringValue": PASSWORD}}, {"key": "server.address", "value": {"stringValue": URL}},
    ]  # fmt: skip
    return {
        "c/compose.yaml": (
            f"services:\n  web:\n    image: shop/web\n    command: [--token, {OTHER}, --db, '{URL}']\n    environment:\n"
            f"      DB_PASSWORD: {PASSWORD}\n      SAY: login db_password:{OTHER} ok\n      AUTH: Bearer {GITHUB}\n      A: {AWS}\n      MQ: amqp://u:{OTHER}@mq\n"
            f"    labels: {{note: '{JWT}'}}\n    healthcheck: {{test: [CMD, curl, -H, 'Authorization: Basic {BASIC}']}}\n"
            "    env_file: [web.env]\n    volumes: ['./web.conf:/etc/web.conf:ro']\n  mq: {image: rabbitmq}\n"
        ),
        "c/web.env": f"TOKEN={PASSWORD}\nCACHE=u:{OTHER}@mq:5672\n",
        "c/web.conf": f"requirepass {PASSWORD}\nssl_password {OTHER};\nupstream http://mq:80;\n",
        "k8s.yaml": seed["kubernetes"].replace('"--db"', f'"--password={PASSWORD}", "--db={URL}", "apikey:{OTHER}"'),
        "traces.json": json.dumps(jaeger),
        "otlp.json": json.dumps(otlp),
        "zipkin.json": seed["zipkin"].replace('"refused"', json.dumps(f"refused by {URL}, {JWT}")),
        "spans.csv": seed["span-csv"].replace("op,1000", f"op {URL},1000"),
        "dependencies.json": json.dumps({"data": [{"parent": "web", "child": URL, "callCount": 3}]}),
        "graph.json": seed["kiali"].replace("pay.example.com", f"u:{PASSWORD}@pay.example.com"),
        "edges.csv": f"from,to\nweb,{URL}\nweb,cart\n# apikey:{OTHER}\n",
        "g.dot": f'digraph {{ web -> cart [label="{URL} {GITHUB}"]; cart [label="{AWS} token: {OTHER}"]; "db_password:{OTHER}" -> cart }}',
        "g.mmd": f"graph LR\n web[Web {GITLAB}] -->|{AWS} password={PASSWORD} token:x apikey:{OTHER}| cart\n",
        "shop.graphml": seed["graphml"].replace("<graph ", f"<!-- password: {PASSWORD} --><graph ", 1),
        "w.dsl": (
            f'workspace {{\nmodel {{\nu = person "U"\ns = softwareSystem "S" {{\nweb = container "web" "token {GITHUB}" {{\n'
            f'properties {{\n"password" "{PASSWORD}"\n"url" "{URL}"\n}}\n}}\n}}\nu -> web "uses {URL}, db_password:{OTHER}"\n!include https://x/a.dsl?token={OTHER}\n}}\n}}'
        ),
        "plan.json": seed["terraform"].replace(
            '"resources": [',
            f'"resources": [{{"address": "aws_db_instance.x", "type": "aws_db_instance", "name": "x", "values": {{"password":'
            f' "{PASSWORD}", "identifier": "x", "endpoint": "{URL}", "user_data": "export K={AWS}", "tags": {{"say": "db_password:{OTHER}"}}}}, "sensitive_values": {{"x": true}}}},',
            1,
        ),
        "catalog-info.yaml": (
            f"apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {{name: web, annotations: {{token: {OTHER}}},"
            f" description: '{AWS} apikey:{OTHER}', links: [{{url: 'https://u:{PASSWORD}@x'}}]}}\n"
            f"spec: {{type: service, owner: '{JWT}', lifecycle: production, dependsOn: ['component:cart']}}\n"
        ),
        "web/appsettings.json": json.dumps({
            "ConnectionStrings": {"Db": f"Server=db;Password={PASSWORD};User=sa"},
            "HttpResilience": {"Orders": {"Retry": {"MaxRetryAttempts": 2, "ApiKey": OTHER}}}, "Key": AWS,
        }),
        "web/application.yml": seed["resilience4j"] + f"\nspring.datasource: {{url: '{URL}', password: {OTHER}}}\n",
        "envoy.yaml": seed["envoy"].replace("order-server", f"'u:{PASSWORD}@order-server'"),
        "istio.yaml": seed["istio"] + f"\n# {URL} {GITHUB}\n",
        "linkerd.yaml": seed["linkerd"] + f"\n# password: {OTHER}\n",
        "isotope.yaml": seed["isotope"] + f"\n# api_key = {OTHER}\n",
    }  # fmt: skip


def write(folder: Path) -> None:
    """All of them."""
    for name, text in files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    made = openpyxl.Workbook()
    for row in (("from", "to"), ("web", "cart"), ("web", f"postgres://u:{PASSWORD}@db"), ("web", AWS)):
        made.active.append(row)
    made.create_sheet("Notes").append(("db_password", OTHER))
    made.save(folder / "calls.xlsx")

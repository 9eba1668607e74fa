"""Importing large folders against the clock, and against only parsing them with libyaml.

Run by `make bench`. Each figure is printed beside what is promised, as a share of it.
"""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import yaml

from auditkit.project import Audit
from auditkit.project.importing import import_files

FOLDER_S, RECORDING_S = 5.0, 10.0


def manifests(folder: Path, services: int) -> None:
    """A file for each service: Deployment with three addresses in its environment, Service, HPA, PodDisruptionBudget."""
    draw = random.Random(1)
    for n in range(services):
        name = f"svc-{n:04d}"
        calls = "".join(
            f"        - {{name: UP_{k}_URL, value: 'http://svc-{draw.randrange(services):04d}.shop.svc.cluster.local:8080'}}\n"
            for k in range(3)
        )
        (folder / f"{name}.yaml").write_text(f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      containers:
      - name: main
        image: shop/{name}:1.0
        env:
{calls}        readinessProbe: {{httpGet: {{path: /ready, port: 8080}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: shop}}
spec: {{selector: {{app: {name}}}, ports: [{{port: 8080}}]}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: {name}, namespace: shop}}
spec: {{minReplicas: 2, maxReplicas: 9, scaleTargetRef: {{kind: Deployment, name: {name}}}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {{name: {name}, namespace: shop}}
spec: {{minAvailable: 1, selector: {{matchLabels: {{app: {name}}}}}}}
""")


def recording(path: Path, megabytes: int) -> int:
    """Jaeger traces of thirty spans each; gives how many spans there are."""
    draw = random.Random(1)
    traces: list[str] = []
    size = 0
    while size < megabytes * 10**6:
        trace, spans = f"{draw.getrandbits(128):032x}", []
        for k in range(30):
            above = [{"refType": "CHILD_OF", "traceID": trace, "spanID": draw.choice(spans)["spanID"]}] if spans else []
            tags = [
                {"key": key, "type": "string", "value": said}
                for key, said in (("span.kind", "client"), ("http.url", "http://x/y"))
            ]
            spans.append(
                {
                    "traceID": trace,
                    "spanID": f"{draw.getrandbits(64):016x}",
                    "operationName": f"op-{k % 7}",
                    "references": above,
                    "startTime": 1_700_000_000_000_000 + size,
                    "duration": draw.randrange(100, 90_000),
                    "tags": tags,
                    "processID": f"p{k % 12}",
                }
            )
        processes = {f"p{n}": {"serviceName": f"svc-{n}", "tags": []} for n in range(12)}
        traces.append(json.dumps({"traceID": trace, "spans": spans, "processes": processes}))
        size += len(traces[-1])
    path.write_text('{"data": [' + ", ".join(traces) + "]}")
    return 30 * len(traces)


def bench_a_kubernetes_folder_of_a_thousand_services(tmp_path: Path) -> None:
    """Read, merged, written, beside what libyaml takes to parse it."""
    source = tmp_path / "k8s"
    source.mkdir()
    manifests(source, 1_000)
    start = time.perf_counter()
    for path in sorted(source.iterdir()):
        list(yaml.load_all(path.read_text(), yaml.CSafeLoader))
    parsing = time.perf_counter() - start
    start = time.perf_counter()
    import_files([source], tmp_path / "audit")
    took = time.perf_counter() - start
    found = Audit.open(tmp_path / "audit").system
    assert len(found.components) == 1_000
    print(f"\n1,000 services: {took:.1f} s, {took / FOLDER_S:.0%} of {FOLDER_S:.0f} s, {took / parsing:.1f} x parsing by libyaml")


def bench_a_recording_of_55_megabytes(tmp_path: Path) -> None:
    """Read, merged, copied without credentials, beside what Python takes to parse the JSON."""
    spans = recording(tmp_path / "traces.json", 55)
    start = time.perf_counter()
    json.loads((tmp_path / "traces.json").read_text())
    parsing = time.perf_counter() - start
    start = time.perf_counter()
    import_files([tmp_path / "traces.json"], tmp_path / "audit")
    took = time.perf_counter() - start
    print(f"\n{spans:,} spans: {took:.1f} s, {took / RECORDING_S:.0%} of {RECORDING_S:.0f} s, {took / parsing:.1f} x json.loads")

"""A small file of each format that systems are read from, with most of what the format can say; what fuzzing starts from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from importer_seeds_drawn import (
    BACKSTAGE,
    DOT,
    GRAPHML,
    GRPC,
    ISOTOPE,
    ISTIO,
    MERMAID,
    RESILIENCE4J,
    RESILIENCE4J_PROPERTIES,
    STRUCTURIZR,
    STRUCTURIZR_DSL,
    TERRAFORM,
)

NATIVE: Final = """\
auditkit: 1
system: shop
components:
  - {id: web, kind: service, instances: 3, min_up: 1, placement: {a: 2, b: 1}, concurrency: 200, availability: 99.9%}
  - {id: db, kind: database, evidence: [{source: x.yaml, locator: a, confidence: declared}]}
dependencies:
  - from: web:home
    to: [db]
    on_failure: degrade
    fallback: {kind: cache, alternatives: [{to: db, policy: {timeout: 50ms}}]}
    policy: {timeout: 2s, retry: {max_attempts: 2, backoff: 50ms, jitter: full}, bulkhead: {max_concurrent: 10}}
common_causes:
  - {id: rack, kind: shared-resource, affects: [db], availability: 99.9%}
journeys:
  - {id: home, entry: web:home, deadline: 500ms, slo: 99.9%, rate: 200/s, value: 3}
"""
COMPOSE: Final = """\
name: shop
include: [{path: other.yaml, env_file: x.env}]
x-env: &env {REDIS_HOST: redis, DB_URL: "postgres://u:${PW:-secret}@db:5432/x"}
services:
  web:
    image: shop/web:${TAG:?no}
    extends: {service: base}
    command: ["--cart", "cart:8080", --token, abc]
    environment: {<<: *env, API: "http://${HOST:-cart}/a"}
    depends_on: {cart: {condition: service_healthy, required: false}}
    networks: {front: {aliases: [www]}}
    configs: [{source: nginx, target: /x}]
    deploy: {replicas: 2, resources: {limits: {cpus: "0.5"}}, placement: {constraints: ["node.labels.zone == a"]}}
    healthcheck: {test: [CMD, true]}
  base: {build: ., links: ["db:database"], env_file: [{path: a.env, required: false}], profiles: [x]}
  cart: {image: shop/cart, environment: ["DB=redis://redis:6379", EMPTY], networks: [front], volumes: ["data:/x", "./c:/d:ro"]}
  redis: {image: "redis:7", networks: [front, default], scale: 2}
  db: {image: postgres, network_mode: "service:redis"}
networks: {front: {}}
configs: {nginx: {content: "proxy_pass http://cart:80;"}}
secrets: {pw: {file: ./pw.txt}}
volumes: {data: {}}
"""
KUBERNETES: Final = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: zone}]}}
      topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone}]
      initContainers: [{name: wait, image: busybox, args: ["nc", "db:5432"]}]
      containers:
        - name: main
          image: shop/web
          args: ["--api=$(API)", "--db", db.shop.svc]
          envFrom: [{configMapRef: {name: conf}, prefix: X_}, {secretRef: {name: keys}}]
          env: [{name: API, value: "http://api:80"}, {name: DB, valueFrom: {secretKeyRef: {name: keys, key: url}}}]
          readinessProbe: {httpGet: {path: /, port: 80}}
          resources: {requests: {cpu: 1}}
      volumes: [{name: c, configMap: {name: conf, items: [{key: f.conf}]}}, {name: d, persistentVolumeClaim: {claimName: x}}]
---
apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: Service, metadata: {name: api, namespace: shop}, spec: {selector: {app: web}, type: LoadBalancer}}
  - {apiVersion: v1, kind: Service, metadata: {name: out, namespace: shop}, spec: {type: ExternalName, externalName: a.com}}
  - {apiVersion: v1, kind: ConfigMap, metadata: {name: conf, namespace: shop}, data: {API_URL: "http://api", f.conf: "x: api:1"}}
  - {apiVersion: v1, kind: Secret, metadata: {name: keys, namespace: shop}, data: {url: cG9zdGdyZXM6Ly91OnBAYXBpOjU0MzI=}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec: {minReplicas: 3, maxReplicas: 9, scaleTargetRef: {kind: Deployment, name: web}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: shop}
spec: {minAvailable: 50%, selector: {matchLabels: {app: web}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: i, namespace: shop}
spec: {rules: [{http: {paths: [{backend: {service: {name: api}}}]}}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: shop}
spec: {rules: [{backendRefs: [{name: api, port: 80}]}]}
"""
EDGE_LIST: Final = "from,to,call,timeout,policy.retry.max_attempts\nweb,cart,sync,200ms,2\ncart,redis,async,,\n# note,,,,\n"
JAEGER: Final = json.dumps({
    "data": [{
        "traceID": "t",
        "spans": [
            {"traceID": "t", "spanID": "1", "operationName": "GET /", "startTime": 1_700_000_000_000_000, "duration": 900,
             "references": [], "tags": [{"key": "span.kind", "value": "client"}, {"key": "error", "value": True}],
             "processID": "p1"},
            {"traceID": "t", "spanID": "2", "operationName": "mail", "startTime": 1_700_000_000_000_100, "duration": 90,
             "references": [{"refType": "FOLLOWS_FROM", "traceID": "t", "spanID": "1"}], "tags": [], "processID": "p2"},
        ],
        "processes": {"p1": {"serviceName": "web", "tags": [{"key": "hostname", "value": "a"}]}, "p2": {"serviceName": "mailer"}},
    }],
})  # fmt: skip
OTLP: Final = json.dumps({
    "resourceSpans": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "web"}}]},
        "scopeSpans": [{"spans": [
            {"traceId": "a", "spanId": "1", "name": "GET /", "kind": 2, "startTimeUnixNano": "1000", "endTimeUnixNano": "9000"},
            {"traceId": "a", "spanId": "2", "parentSpanId": "1", "name": "GET", "kind": 3, "startTimeUnixNano": "2000",
             "endTimeUnixNano": "4000", "status": {"code": 2},
             "attributes": [{"key": "db.system", "value": {"stringValue": "mongodb"}}]},
        ]}],
    }],
})  # fmt: skip
ZIPKIN: Final = json.dumps([
    {"traceId": "a", "id": "1", "name": "get /", "kind": "SERVER", "timestamp": 1_000_000, "duration": 90,
     "localEndpoint": {"serviceName": "web"}},
    {"traceId": "a", "id": "2", "parentId": "1", "name": "get", "kind": "CLIENT", "timestamp": 1_000_010, "duration": 50,
     "localEndpoint": {"serviceName": "web"}, "remoteEndpoint": {"serviceName": "redis"}, "tags": {"error": "refused"}},
])  # fmt: skip
SPAN_CSV: Final = (
    "TraceID,SpanID,ParentID,PodName,OperationName,StartTimeUnixNano,EndTimeUnixNano\n"
    "t,1,root,web-0,op,1000,1500\nt,2,1,cart,op,2000,2500\n"
)
CALL_COUNTS: Final = json.dumps({
    "data": [{"parent": "web", "child": "cart", "callCount": 7, "errorCount": 1}, {"parent": "a", "child": "b", "callCount": 2}],
})  # fmt: skip
KIALI: Final = json.dumps({
    "timestamp": 1, "duration": 600, "graphType": "app",
    "elements": {
        "nodes": [
            {"data": {"id": "u", "nodeType": "unknown", "namespace": "unknown", "app": "unknown"}},
            {"data": {"id": "w", "nodeType": "app", "namespace": "shop", "app": "web", "version": "v1", "isRoot": True}},
            {"data": {"id": "s", "nodeType": "service", "namespace": "shop", "service": "pay",
                      "isServiceEntry": {"location": "MESH_EXTERNAL", "hosts": ["pay.example.com"]}}},
        ],
        "edges": [
            {"data": {"source": "w", "target": "s", "responseTime": "12",
                      "traffic": {"protocol": "http", "rates": {"http": "30.00", "http5xx": "3.00"}}}},
            {"data": {"source": "u", "target": "w", "traffic": {"protocol": "tcp", "rates": {"tcp": "8.00"}}}},
        ],
    },
})  # fmt: skip
LINKERD: Final = """\
apiVersion: v1
kind: Service
metadata:
  name: pay
  annotations:
    retry.linkerd.io/http: 5xx
    retry.linkerd.io/limit: "2"
    retry.linkerd.io/timeout: 200ms
    timeout.linkerd.io/request: 2s
    balancer.linkerd.io/failure-accrual: consecutive
    balancer.linkerd.io/failure-accrual-consecutive-max-failures: "5"
---
apiVersion: linkerd.io/v1alpha2
kind: ServiceProfile
metadata: {name: orders.shop.svc.cluster.local}
spec:
  routes: [{name: all, condition: {pathRegex: ".*"}, isRetryable: true, timeout: 300ms}, {name: a, condition: {method: GET}}]
  retryBudget: {retryRatio: 0.2, minRetriesPerSecond: 10, ttl: 10s}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: users, annotations: {retry.linkerd.io/limit: "2"}}
spec:
  parentRefs: [{name: users, kind: Service}]
  rules: [{timeouts: {request: 3s, backendRequest: 1s}}, {matches: [{path: {type: Exact, value: /a}}]}]
"""
ENVOY: Final = """\
node: {cluster: web}
static_resources:
  listeners:
  - filter_chains:
    - filters:
      - typed_config:
          route_config:
            virtual_hosts:
            - name: all
              retry_policy: {retry_on: 5xx, num_retries: 2, retry_back_off: {base_interval: 0.05s, max_interval: 1s}}
              routes:
              - {match: {prefix: /a}, route: {cluster: orders, timeout: 30s}}
              - {match: {prefix: /}, route: {cluster: orders, timeout: 2s, retry_policy: {per_try_timeout: 0.3s}}}
              - {match: {prefix: /}, route: {weighted_clusters: {clusters: [{name: users, weight: 1}]}}}
  clusters:
  - name: orders
    connect_timeout: 1s
    load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: order-server}}}}]}]}
    circuit_breakers: {thresholds: [{max_requests: 30, retry_budget: {budget_percent: {value: 20}}}]}
  - {name: users, outlier_detection: {consecutive_5xx: 3, base_ejection_time: 30s, max_ejection_percent: 50}}
  - {name: pay, outlier_detection: {enforcing_consecutive_5xx: 0, enforcing_failure_percentage: 100, interval: 5s}}
"""
HYSTRIX: Final = """\
spring: {application: {name: web}}
hystrix:
  command:
    default: {circuitBreaker: {sleepWindowInMilliseconds: 7000}}
    orders: {execution: {isolation: {thread: {timeoutInMilliseconds: 2000}}}, metrics: {rollingStats: {timeInMilliseconds: 9000}}}
    users: {execution: {timeout: {enabled: false}, isolation: {strategy: SEMAPHORE}}, circuit-breaker: {enabled: false}}
    pay: {threadPoolKeyOverride: money}
  threadpool:
    money: {coreSize: 5, maxQueueSize: 20}
    mail: {coreSize: "${MAIL_THREADS}"}
"""
HYSTRIX_PROPERTIES: Final = """\
# ours
hystrix.command.orders.execution.isolation.thread.timeoutInMilliseconds=2000
hystrix.command.orders.circuitBreaker.errorThresholdPercentage : 40
hystrix.threadpool.orders.coreSize=5
"""
DOTNET: Final = """\
{
  "HttpResilience": {
    "Orders": {
      "RateLimiter": {"DefaultRateLimiterOptions": {"PermitLimit": 12, "QueueLimit": 3}},
      "TotalRequestTimeout": {"Timeout": "00:00:10"}, "AttemptTimeout": {"Timeout": "00:00:03"},
      "Retry": {"MaxRetryAttempts": 2, "BackoffType": "Exponential", "UseJitter": true, "Delay": "0:0:0.05", "MaxDelay": "1.0:0"},
      "CircuitBreaker": {"FailureRatio": 0.5, "MinimumThroughput": 20, "SamplingDuration": "00:00:10", "BreakDuration": "00:00"}
    },
    "Users:Retry": {"MaxRetryAttempts": 2, "BackoffType": "Linear"}
  }
}
"""
DOTNET_COMMENTED: Final = """\
{
  // as .NET takes it
  "ConnectionStrings": {"Db": "Server=db;Database=x"},
  "Orders": {"Retry": {"MaxRetryAttempts": 2, /* plain Polly */ "Delay": "00:00:00.1"},},
}
"""

SEEDS: Final[Mapping[str, tuple[str, str]]] = {
    "native": ("system.yaml", NATIVE),
    "compose": ("compose.yaml", COMPOSE),
    "kubernetes": ("k8s.yaml", KUBERNETES),
    "linkerd": ("linkerd.yaml", LINKERD),
    "envoy": ("envoy.yaml", ENVOY),
    "hystrix": ("application.yml", HYSTRIX),
    "dotnet": ("web/appsettings.json", DOTNET),
    "edge-list": ("edges.csv", EDGE_LIST),
    "jaeger": ("jaeger.json", JAEGER),
    "otlp": ("otlp.json", OTLP),
    "zipkin": ("zipkin.json", ZIPKIN),
    "span-csv": ("spans.csv", SPAN_CSV),
    "call-counts": ("dependencies.json", CALL_COUNTS),
    "kiali": ("graph.json", KIALI),
    "backstage": ("catalog-info.yaml", BACKSTAGE),
    "dot": ("shop.dot", DOT),
    "graphml": ("shop.graphml", GRAPHML),
    "isotope": ("isotope.yaml", ISOTOPE),
    "mermaid": ("shop.mmd", MERMAID),
    "structurizr": ("workspace.json", STRUCTURIZR),
    "terraform": ("plan.json", TERRAFORM),
    "istio": ("mesh.yaml", ISTIO),
    "resilience4j": ("application.yml", RESILIENCE4J),
    "grpc": ("web/orders.json", GRPC),
}
"""Name and text for each format in `IMPORTERS`."""
OTHER_FORMS: Final[Mapping[str, tuple[str, str]]] = {
    "structurizr": ("workspace.dsl", STRUCTURIZR_DSL),
    "resilience4j": ("application.properties", RESILIENCE4J_PROPERTIES),
    "hystrix": ("web/hystrix.properties", HYSTRIX_PROPERTIES),
    "dotnet": ("web/appsettings.json", DOTNET_COMMENTED),
}
"""The same for formats that are written in a second way."""

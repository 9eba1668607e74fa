"""What a component is, judged by its image and its name: a table of well-known software, nothing more.

The kind is a name pattern, so its evidence is `inferred`. What no row speaks of is a `service`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType

from auditkit.model.system import ComponentKind


def _table(rows: Mapping[ComponentKind, str]) -> Mapping[str, ComponentKind]:
    return MappingProxyType({word: kind for kind, names in rows.items() for word in names.split()})


SOFTWARE: Mapping[str, ComponentKind] = _table(
    {
        "database": """
            postgres postgresql postgis pgbouncer pgpool timescaledb mysql mariadb percona mongo mongodb cassandra scylla scylladb
            cockroach cockroachdb elasticsearch opensearch neo4j influxdb clickhouse couchdb couchbase mssql oracle db2 minio
            dynamodb firebird rethinkdb arangodb solr meilisearch typesense tidb yugabyte yugabytedb vitess aerospike etcd qdrant
            weaviate milvus pgvector sqlserver azurite dgraph questdb crate rqlite surrealdb""",
        "cache": "redis memcached valkey keydb dragonfly dragonflydb hazelcast varnish infinispan garnet",
        "queue": """
            rabbitmq kafka redpanda nats activemq artemis pulsar mosquitto emqx hivemq nsq nsqd beanstalkd rocketmq elasticmq
            zeromq vernemq""",
        "gateway": """
            nginx traefik haproxy envoy kong caddy openresty httpd apache2 zuul krakend apisix ambassador emissary contour tyk""",
        "telemetry": """
            jaeger zipkin otelcol otel prometheus grafana loki tempo mimir thanos fluentd fluentbit logstash filebeat metricbeat
            kibana datadog statsd telegraf cadvisor promtail alertmanager pushgateway signoz newrelic dynatrace instana skywalking
            opentelemetry pyroscope graphite graylog seq sentry kiali victoriametrics""",
        "load-generator": """
            locust k6 jmeter gatling vegeta wrk wrk2 artillery siege fortio loadgen loadgenerator loadtest hey bombardier""",
        "dns": "coredns dnsmasq bind9 unbound",
        "config": "consul zookeeper vault configserver nacos",
        "job": "flyway liquibase",
    }
)
"""Names of software, wherever they stand."""

_ROLES: Mapping[str, ComponentKind] = _table(
    {
        "database": "db database",
        "cache": "cache",
        "queue": "queue",
        "gateway": "gateway ingressgateway egressgateway router ingress proxy loadbalancer",
        "telemetry": "collector exporter",
        "load-generator": "simulator",
        "job": "migrate migrations migration migrator seeder",
    }
)
"""What the last word of a name says (`orders-db`, but not `db-admin`)."""

_PAIRS: Mapping[str, ComponentKind] = _table(
    {
        "database": "sql-server azure-sql-edge",
        "load-generator": "load-generator load-test load-tester traffic-generator user-sim load-gen",
        "telemetry": "fluent-bit node-exporter otel-collector kube-state all-in-one new-relic dd-agent datadog-agent",
        "config": "config-server",
        "service": "schema-registry kafka-connect mongo-express redis-commander redis-insight kafka-ui",
    }
)


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FOR_PEOPLE = _set("ui admin phpmyadmin pgadmin pgadmin4 adminer commander express redisinsight kafdrop akhq portainer console")
_BENIGN = _set(
    """
    server alpine cluster sentinel master slave replica primary secondary standalone leader follower ha oss community enterprise
    native stack single node main ee ce edge latest stable management repmgr unprivileged v x
    """
)
_WATCHERS = (
    "jaegertracing/",
    "otel/",
    "openzipkin/",
    "prom/",
    "datadog/",
    "fluent/",
    "grafana/loki",
    "grafana/tempo",
    "grafana/grafana",
)
_SIDECARS = _set("proxy proxyv2 istio envoy linkerd sidecar cloudsql exporter agent daprd consul vault")


def image_name(image: str) -> str:
    """The name of an image: no registry, no tag, no digest.

    >>> image_name("docker.io/bitnami/redis-cluster:7.2@sha256:00"), image_name("registry:5000/shop/api")
    ('redis-cluster', 'api')
    """
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0].lower()


def kind_by_name(name: str) -> ComponentKind | None:
    """The kind that a name of software, of an image or of a component speaks of; None where it says nothing.

    >>> [kind_by_name(n) for n in ("redis", "orders-db", "rs-mysql-db", "redis-exporter", "orders-redis-consumer", "kafka-ui")]
    ['cache', 'database', 'database', 'telemetry', None, 'service']
    """
    words = [word for word in re.split(r"[^a-z0-9]+", name.lower()) if word]
    if not words:
        return None
    for pair in pairwise(words):
        if "-".join(pair) in _PAIRS:
            return _PAIRS["-".join(pair)]
    if "".join(words) in SOFTWARE:
        return SOFTWARE["".join(words)]
    if any(word in _FOR_PEOPLE for word in words):
        return "service" if len(words) > 1 else None
    if words[-1] in SOFTWARE or words[-1] in _ROLES:
        return SOFTWARE.get(words[-1]) or _ROLES[words[-1]]
    first = SOFTWARE.get(words[0])
    if first in ("gateway", "load-generator") or all(word in _BENIGN or re.fullmatch(r"v?[0-9]+", word) for word in words[1:]):
        return first
    return next((kind for word, kind in SOFTWARE.items() if len(word) >= 5 and words[-1].endswith(word)), None)


def kind_of(name: str, image: str = "") -> tuple[ComponentKind, str]:
    """The kind of a component, and which of its two names says so (`image`, `name`, or nothing: then it is a `service`).

    The image decides; the component's own name is asked where the image says nothing.

    >>> kind_of("redis-cart", "redis:alpine"), kind_of("carts-db", "shop/data:1"), kind_of("api", "shop/api:1")
    (('cache', 'image'), ('database', 'name'), ('service', ''))
    """
    low = image.partition("@")[0].lower()
    if any(low.startswith(owner) or f"/{owner}" in low for owner in _WATCHERS):
        return "telemetry", "image"
    for label, text in (("image", image_name(image)), ("name", name)):
        kind = kind_by_name(text)
        if kind is not None:
            return kind, label if kind != "service" else ""
    return "service", ""


def is_sidecar(name: str, image: str) -> bool:
    """Whether a container beside others in a pod only serves them (a mesh proxy, an exporter, an agent).

    >>> is_sidecar("istio-proxy", "docker.io/istio/proxyv2:1.20"), is_sidecar("web", "shop/web")
    (True, False)
    """
    parts = {word for text in (name, image_name(image)) for word in re.split(r"[^a-z0-9]+", text.lower())}
    return bool(parts & _SIDECARS) or kind_of(name, image)[0] == "telemetry"

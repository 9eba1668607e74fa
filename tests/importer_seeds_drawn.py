"""A small file of each format of diagrams, catalogues and settings, with most of what the format can say."""

from __future__ import annotations

import json
from typing import Final

BACKSTAGE: Final = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: web, annotations: {github.com/project-slug: shop/web}}
spec:
  type: service
  lifecycle: production
  owner: group:default/checkout-team
  system: shop
  dependsOn: [resource:db, component:default/cart, "resource:gone"]
  consumesApis: [orders-api, other/prices]
---
apiVersion: backstage.io/v1beta1
kind: Component
metadata: {name: cart, namespace: default}
spec: {type: library, lifecycle: deprecated, owner: user:ann, dependencyOf: [component:web], providesApis: [orders-api]}
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: db}
spec: {type: database, owner: dba, dependsOn: [system:shop]}
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: orders-api}
spec: {type: asyncapi, lifecycle: experimental, owner: x, definition: "openapi: 3.0"}
"""
DOT: Final = """\
/* the shop */
strict digraph shop {
  rankdir=LR; node [shape=box, style="rounded"]; edge [color=gray]
# a comment
  web [label="Web shop\\n3 x"]; n1 [label=<<b>Cart</b>>]; db [shape=cylinder];
  subgraph cluster_data { label="data"; db; "read replica" [shape=cylinder] }
  web -> {n1 db} [label="HTTP" + " GET", style=dashed];
  n1 -> db:port:n -> "read replica" [dir=both, weight=-1.5]
  web -> mail [style=invis]; mail -> db [dir=back]; web -- n1
}
"""
GRAPHML: Final = """\
<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key id="d0" for="node" attr.name="label" attr.type="string"/>
  <key id="d1" for="node" attr.name="kind" attr.type="string"><default>service</default></key>
  <key id="d2" for="edge" attr.name="call" attr.type="string"/>
  <key id="d3" for="edge" attr.name="weight" attr.type="double"/>
  <graph id="shop" edgedefault="directed">
    <node id="web"><data key="d0">Web shop</data></node>
    <node id="n1"><data key="d0">Cart &amp; more</data></node>
    <node id="db"><data key="d1">database</data></node>
    <edge id="e1" source="web" target="n1"><data key="d2">async</data><data key="d3">0.5</data></edge>
    <edge source="n1" target="db"/>
  </graph>
</graphml>
"""
ISOTOPE: Final = """\
apiVersion: isotope.istio.io/v1alpha1
kind: MockServiceGraph
defaults: {type: http, requestSize: 1KB, numReplicas: 2, script: [{sleep: 10ms}]}
services:
- name: web
  isEntrypoint: true
  script:
  - - call: cart
    - call: {service: mail, probability: 50}
  - call: db
- {name: cart, numReplicas: 3, cluster: zone-a, errorRate: 0.1%, script: [{sleep: 100ms}, {call: {service: db, size: 10KB}}]}
- {name: db, type: grpc, responseSize: 2KB}
"""
MERMAID: Final = """\
---
title: shop
---
flowchart LR
  %% a comment
  web[Web shop] -->|asks| cart([Cart]); cart -- writes to --> db[("orders db")]
  web & cart -.-> n1{{"Mail; outside"}}:::far
  subgraph data [Data]
    direction TB
    db <--> replica[(Read replica)]
  end
  web ==> data --- n2@{ shape: cyl, label: "Audit log" }
  web ~~~ replica
  classDef far fill:#eee
  click web "https://example.com"
"""
STRUCTURIZR: Final = json.dumps({
    "name": "Shop",
    "model": {
        "people": [{"id": "1", "name": "Ann", "relationships": [{"id": "20", "sourceId": "1", "destinationId": "3"}]}],
        "softwareSystems": [
            {"id": "2", "name": "Shop", "location": "Internal", "containers": [
                {"id": "3", "name": "Web", "technology": "Java", "tags": "Element,Container", "components": [
                    {"id": "5", "name": "Basket page", "relationships": [
                        {"id": "21", "sourceId": "5", "destinationId": "4", "description": "reads", "technology": "JDBC"}]}]},
                {"id": "4", "name": "Orders", "technology": "PostgreSQL", "tags": "Database"}]},
            {"id": "6", "name": "Mail", "location": "External", "relationships": [
                {"id": "22", "sourceId": "6", "destinationId": "2", "interactionStyle": "Asynchronous", "tags": "Asynchronous"}]},
        ],
        "deploymentNodes": [
            {"id": "7", "name": "AWS", "environment": "Live", "instances": "2", "children": [
                {"id": "8", "name": "EC2", "instances": 2, "containerInstances": [
                    {"id": "9", "containerId": "3", "environment": "Live", "instanceId": 1}]}],
             "infrastructureNodes": [{"id": "10", "name": "Router", "relationships": [
                {"id": "23", "sourceId": "10", "destinationId": "9"}]}]}],
    },
    "views": {},
})  # fmt: skip
STRUCTURIZR_DSL: Final = """\
workspace "Shop" "sells" {
  !const DB "PostgreSQL 16"
  model {
    archetypes { store = container { technology "${DB}"; tags "Database" } }
    ann = person "Ann" "Buys"   // who pays
    shop = softwareSystem "Shop" {
      web = container "Web" "Answers" "Java" "Web" {
        basket = component "Basket page"
      }
      orders = store "Orders"
      web.basket -> orders "reads" "JDBC"
    }
    mail = softwareSystem "Mail" { tags "External" }
    group "outside" { bank = softwareSystem "Bank" }
    ann -> web "uses" { tags "Async" }
    orders -> mail
    live = deploymentEnvironment "Live" {
      deploymentNode "AWS" "" "" "" 2 {
        containerInstance web { tags "x" }
        dns = infrastructureNode "DNS" { -> shop.web "points at" }
      }
    }
    !include more.dsl
  }
  views { systemContext shop { include *; autolayout lr } }
}
"""
TERRAFORM: Final = json.dumps({
    "format_version": "1.2", "terraform_version": "1.9.0",
    "planned_values": {"root_module": {
        "resources": [
            {"address": "aws_ecs_service.web", "mode": "managed", "type": "aws_ecs_service", "name": "web",
             "values": {"name": "web", "desired_count": 3}},
            {"address": "aws_ecs_task_definition.web", "mode": "managed", "type": "aws_ecs_task_definition", "name": "web",
             "values": {"container_definitions": "[]"}},
            {"address": "aws_db_instance.main", "mode": "managed", "type": "aws_db_instance", "name": "main",
             "values": {"multi_az": True, "username": "shop", "availability_zone": "eu-central-1a"}},
            {"address": "aws_instance.job[0]", "mode": "managed", "type": "aws_instance", "name": "job", "index": 0,
             "values": {"availability_zone": "eu-central-1a"}}],
        "child_modules": [{"address": "module.cache", "resources": [
            {"address": "module.cache.aws_elasticache_replication_group.this", "mode": "managed",
             "type": "aws_elasticache_replication_group", "name": "this",
             "values": {"num_cache_clusters": 2, "automatic_failover_enabled": True}}]}],
    }},
    "configuration": {"root_module": {
        "resources": [
            {"address": "aws_ecs_service.web", "expressions": {
                "task_definition": {"references": ["aws_ecs_task_definition.web"]}}},
            {"address": "aws_ecs_task_definition.web", "expressions": {"container_definitions": {
                "references": ["aws_db_instance.main.address", "aws_db_instance.main", "module.cache.endpoint"]}}},
            {"address": "aws_instance.job", "expressions": {"user_data": {"references": ["aws_db_instance.main.arn"]}},
             "depends_on": ["aws_db_instance.main"]}],
        "module_calls": {"cache": {"module": {"resources": [
            {"address": "aws_elasticache_replication_group.this", "expressions": {"x": [{"references": ["var.y"]}]}}]}}},
    }},
})  # fmt: skip
ISTIO: Final = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: orders, namespace: shop}
spec:
  hosts: [orders.shop.svc.cluster.local]
  gateways: [mesh]
  http:
    - match: [{uri: {prefix: /slow}, sourceLabels: {app: web}}]
      route: [{destination: {host: orders, subset: v1, port: {number: 80}}, weight: 90}]
      timeout: 5s
    - match: [{sourceLabels: {app: web}}]
      route: [{destination: {host: orders}}]
      timeout: 2s
      retries: {attempts: 3, perTryTimeout: 500ms, retryOn: "5xx,reset", backoff: 25ms}
---
apiVersion: networking.istio.io/v1beta1
kind: DestinationRule
metadata: {name: orders, namespace: shop}
spec:
  host: orders
  trafficPolicy:
    connectionPool: {tcp: {maxConnections: 100, connectTimeout: 1s}, http: {http2MaxRequests: 50, http1MaxPendingRequests: 1}}
    outlierDetection: {consecutive5xxErrors: 5, interval: 10s, baseEjectionTime: 30s, maxEjectionPercent: 10}
  subsets: [{name: v1, labels: {version: v1}, trafficPolicy: {connectionPool: {tcp: {maxConnections: 3}}}}]
"""
RESILIENCE4J: Final = """\
spring: {application: {name: web}}
resilience4j:
  circuitbreaker:
    configs: {default: {slidingWindowType: TIME_BASED, slidingWindowSize: 10, minimumNumberOfCalls: 20, failureRateThreshold: 50}}
    instances:
      orders: {baseConfig: default, waitDurationInOpenState: 30s, slowCallDurationThreshold: PT2S, slow-call-rate-threshold: 80}
      stock: {slidingWindowSize: 5, failureRateThreshold: 100, permittedNumberOfCallsInHalfOpenState: 3}
  retry:
    instances:
      orders: {maxAttempts: 3, waitDuration: 200ms, enableExponentialBackoff: true, exponentialBackoffMultiplier: 2}
  timelimiter: {instances: {orders: {timeoutDuration: "${ORDERS_TIMEOUT:2s}"}}}
  bulkhead: {instances: {orders: {maxConcurrentCalls: 10, maxWaitDuration: 0}}}
  thread-pool-bulkhead: {instances: {stock: {maxThreadPoolSize: 4, queueCapacity: 0}}}
"""
RESILIENCE4J_PROPERTIES: Final = """\
# the web shop
spring.application.name=web
resilience4j.retry.instances.orders.max-attempts=3
resilience4j.retry.instances.orders.wait-duration: 200ms
resilience4j.timelimiter.instances.orders.timeoutDuration=\\
  2s
resilience4j.circuitbreaker.instances.orders.failure-rate-threshold=50
resilience4j.circuitbreaker.instances.orders.slidingWindowSize=${SIZE}
! done
"""
GRPC: Final = json.dumps({
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {"name": [{"service": "shop.Orders", "method": "Place"}], "timeout": "1.5s", "waitForReady": True},
        {"name": [{"service": "shop.Orders"}, {}], "timeout": "2s", "retryPolicy": {
            "maxAttempts": 4, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2,
            "retryableStatusCodes": ["UNAVAILABLE"]}},
    ],
    "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1},
})  # fmt: skip

"""Kubernetes YAML: workloads behind Services, addresses in environment, arguments and files; the rest is asked."""

from __future__ import annotations

import base64
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditkit.errors import InputError, Problem
from auditkit.importers.base import no_siblings
from auditkit.importers.kubernetes import KUBERNETES, detect, read_together
from auditkit.importers.validate import validate
from auditkit.model.draft import Draft


def kube(*texts: str) -> Draft:
    """The draft of some files, named 1.yaml, 2.yaml and so on."""
    return read_together([(f"{n}.yaml", text) for n, text in enumerate(texts, 1)])


def edges(draft: Draft) -> dict[str, list[str]]:
    """`from -> to` with the confidences of its evidence, sorted."""
    return {
        f"{item.data['from']} -> {item.data['to']}": sorted({e["confidence"] for e in item.data["evidence"]})
        for item in draft.dependencies
    }


def asked(draft: Draft) -> list[str]:
    """What is asked, sorted by id."""
    return sorted(question.id for question in draft.questions)


def workload(
    name: str, *env: str, kind: str = "Deployment", image: str = "", spec: str = "", pod: str = "", space: str = "", **labels: str
) -> str:
    """A workload with `NAME=value` variables, and the Service in front of it."""
    label = ", ".join(f"{key}: {value}" for key, value in {"app": name, **labels}.items())
    variables = ", ".join(f"{{name: {item.partition('=')[0]}, value: '{item.partition('=')[2]}'}}" for item in env)
    meta = f"{{name: {name}{f', namespace: {space}' if space else ''}}}"
    return f"""\
---
apiVersion: apps/v1
kind: {kind}
metadata: {meta}
spec:
  {spec or "replicas: 1"}
  template:
    metadata: {{labels: {{{label}}}}}
    spec:
      {pod or "restartPolicy: Always"}
      containers:
        - {{name: main, image: '{image or "shop/" + name}', env: [{variables}]}}
---
apiVersion: v1
kind: Service
metadata: {meta}
spec: {{selector: {{app: {name}}}, ports: [{{port: 80}}]}}
"""


BOUTIQUE = {
    "frontend": "adservice cartservice checkoutservice currencyservice productcatalogservice recommendationservice"
    " shippingservice",
    "checkoutservice": "cartservice currencyservice emailservice paymentservice productcatalogservice shippingservice",
    "recommendationservice": "productcatalogservice",
    "cartservice": "redis-cart",
    "loadgenerator": "frontend",
}
"""Online Boutique v0.10.6 (GoogleCloudPlatform/microservices-demo): who calls whom, 16 dependencies of 12 components."""


def test_online_boutique_gives_its_twelve_components_and_sixteen_dependencies() -> None:
    """All true dependencies, none that is false, and the service that is not deployed as a question."""
    names = sorted({*BOUTIQUE, *" ".join(BOUTIQUE.values()).split()})
    text = ""
    for name in names:
        env = [f"{callee.upper().replace('-', '_')}_ADDR={callee}:7000" for callee in BOUTIQUE.get(name, "").split()]
        env += ["PORT=8080"] + (["SHOPPING_ASSISTANT_SERVICE_ADDR=shoppingassistantservice:80"] if name == "frontend" else [])
        text += workload(name, *env, image="redis:alpine" if name == "redis-cart" else "")
    draft = kube(text)
    assert [item.data["id"] for item in draft.components] == names
    assert len(names) == 12
    assert edges(draft) == {
        f"{caller} -> {callee}": ["configured"] for caller in names for callee in BOUTIQUE.get(caller, "").split()
    }
    assert len(draft.dependencies) == 16
    assert asked(draft) == ["not deployed shoppingassistantservice"]
    kinds = {item.data["id"]: item.data["kind"] for item in draft.components if item.data["kind"] != "service"}
    assert kinds == {"loadgenerator": "load-generator", "redis-cart": "cache"}
    assert [item.data["entry"] for item in draft.journeys] == ["frontend"]


def test_the_real_online_boutique(shared) -> None:  # type: ignore[no-untyped-def]
    """The published manifests give exactly the published truth."""
    folder = shared / "data/topologies/boutique"
    draft = read_together([("kubernetes-manifests.yaml", (folder / "release/kubernetes-manifests.yaml").read_text())])
    truth = {tuple(line.split(",")[:2]) for line in (folder / "truth_edges.csv").read_text().splitlines()[1:]}
    assert {(item.data["from"], item.data["to"]) for item in draft.dependencies} == truth
    assert len(truth) == 16
    assert len(draft.components) == 12
    assert asked(draft) == ["not deployed shoppingassistantservice", "replicas"]
    assert draft.questions[0].where == "frontend -> shoppingassistantservice"
    (load,) = [item for item in draft.dependencies if item.data["from"] == "loadgenerator"]
    assert [e["confidence"] for e in load.data["evidence"]] == ["ordering", "ordering", "configured"]
    assert all(item.data["instances"] == 1 for item in draft.components)


def test_network_policies_are_a_second_sign(shared) -> None:  # type: ignore[no-untyped-def]
    """With the policies of Online Boutique beside the manifests, 15 dependencies are declared as well; none is added."""
    folder = shared / "data/topologies/boutique"
    paths = [
        *sorted(folder.glob("kubernetes-manifests/*.yaml")),
        *sorted(folder.glob("kustomize/components/network-policies/*.yaml")),
    ]
    draft = read_together([(path.name, path.read_text()) for path in paths])
    assert len(draft.dependencies) == 16
    assert sum("declared" in confidences for confidences in edges(draft).values()) == 15


@pytest.mark.parametrize(
    ("system", "files", "true"),
    [
        ("sock-shop", "deploy/kubernetes/complete-demo.yaml", 1),
        ("bookinfo", "samples/bookinfo/platform/kube/*.yaml", 1),
    ],
)
def test_published_systems_give_no_false_dependency(shared, system: str, files: str, true: int) -> None:  # type: ignore[no-untyped-def]
    """What the manifests show statically is found, and all of it is true."""
    folder = shared / "data/topologies" / system
    draft = read_together([(path.name, path.read_text()) for path in sorted(folder.glob(files))])
    truth = {tuple(line.split(",")[:2]) for line in (folder / "truth_edges.csv").read_text().splitlines()[1:]}
    found = {(item.data["from"], item.data["to"]) for item in draft.dependencies}
    assert found <= truth
    assert len(found) == true
    services = {line.split(",")[0] for line in (folder / "truth_services.csv").read_text().splitlines()[1:]}
    assert {item.data["id"] for item in draft.components} <= services
    if system == "sock-shop":
        assert asked(draft) == ["limits", "not deployed zipkin.jaeger.svc.cluster.local"]
    else:
        assert {"versions reviews", "versions ratings"} <= set(asked(draft))


def test_every_helm_template_of_robot_shop_is_refused_or_plain(shared) -> None:  # type: ignore[no-untyped-def]
    """A template that nobody rendered is refused with its line and the command to render it."""
    refused = 0
    for path in sorted((shared / "data/topologies/robot-shop/K8s/helm/templates").glob("*-deployment.yaml")):
        with pytest.raises(InputError, match=r"is a template that has not been rendered .*helm template"):
            read_together([(path.name, path.read_text())])
        refused += 1
    assert refused == 11


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("cart", True), ("cart:80", True), ("http://cart", True), ("grpc://cart:7070/x", True), ("cart.shop", True),
        ("CART.shop.svc:80", True), ("cart.shop.svc.cluster.local", True), ("cart.shop.svc.cluster.local.:80", True),
        ("http://cart.shop.svc.my.domain:8080/x", True), ("cart.other", False),
        ("cart.other.svc.cluster.local", False), ("cart.com", False), ("cart.shop.example.com", False),
        ("dns:///cart.shop:80", True),
    ],
)  # fmt: skip
def test_all_spellings_of_a_service(host: str, found: bool) -> None:
    """Short and full names with scheme and port lead to the workload; other namespaces and domains do not."""
    draft = kube(workload("web", f"CART_ADDR={host}", space="shop"), workload("cart", space="shop"))
    assert edges(draft) == ({"web -> cart": ["configured"]} if found else {})
    assert bool(draft.questions) is not found


def test_a_public_domain_is_not_a_service_of_its_first_label() -> None:
    """`paypal.com` is not the Service `paypal`, not even where no namespace is stated."""
    draft = kube(workload("pay", "GATEWAY=https://paypal.com"), workload("paypal"))
    assert (edges(draft), asked(draft)) == ({}, ["not deployed paypal.com"])


def test_a_service_leads_to_the_workload_that_it_selects() -> None:
    """Names of Services count, not names of workloads; a Service that selects nothing is asked about."""
    service = "---\nkind: Service\napiVersion: v1\nmetadata: {name: %s}\nspec: {selector: {app: %s}}\n"
    draft = kube(
        workload("web", "A_URL=http://front", "B_URL=http://nobody"),
        workload("api"),
        service % ("front", "api") + service % ("nobody", "x"),
    )
    assert edges(draft) == {"web -> api": ["configured"]}
    assert asked(draft) == ["behind nobody"]


def test_files_are_read_together() -> None:
    """A Service in one file leads to the Deployment in another."""
    deployment, service = workload("cart").split("---\n")[1:]
    assert edges(kube(workload("web", "CART_ADDR=cart:80"), deployment, service)) == {"web -> cart": ["configured"]}


def test_a_name_without_a_service_is_a_dependency_and_a_question() -> None:
    """The workload is deployed; whether its name answers depends on a Service that is not here."""
    draft = kube(workload("web", "CART_ADDR=cart:80"), workload("cart").split("---\n")[1])
    assert (edges(draft), asked(draft)) == ({"web -> cart": ["configured"]}, ["service cart"])


def test_pods_of_a_stateful_set_are_the_component() -> None:
    """`kafka-0.kafka` is Kafka."""
    draft = kube(
        workload("api", "KAFKA_BROKERS=kafka-0.kafka:9092,kafka-1.kafka.shop.svc.cluster.local:9092", space="shop"),
        workload("kafka", kind="StatefulSet", spec="replicas: 3", image="bitnami/kafka:3.6", space="shop"),
    )
    assert edges(draft) == {"api -> kafka": ["configured"]}
    assert [(item.data["kind"], item.data["instances"]) for item in draft.components] == [("service", 1), ("queue", 3)]


def test_an_external_name_inside_is_followed_and_outside_is_asked() -> None:
    """An ExternalName is another name: of something here, or of something that nobody deployed here."""
    external = (
        "---\nkind: Service\napiVersion: v1\nmetadata: {name: %s, namespace: s}\nspec: {type: ExternalName, externalName: %s}\n"
    )
    draft = kube(
        workload("web", "DB_HOST=db", "CART_HOST=basket", space="s"),
        workload("cart", space="s"),
        external % ("db", "orders.rds.amazonaws.com")
        + external % ("basket", "cart.s.svc.cluster.local")
        + external % ("loop", "loop.s"),
    )
    assert edges(draft) == {"web -> cart": ["configured"]}
    assert asked(draft) == ["external orders.rds.amazonaws.com"]


def test_names_in_two_namespaces_stay_apart() -> None:
    """The same name twice is two components; each caller means its own."""
    draft = kube(*(workload("web", "API_URL=http://api", space=s) + workload("api", space=s) for s in ("blue", "green")))
    assert edges(draft) == {"blue.web -> blue.api": ["configured"], "green.web -> green.api": ["configured"]}


def test_a_short_name_does_not_cross_namespaces() -> None:
    """A Service of another namespace is not reached by its short name."""
    draft = kube(workload("web", "API_URL=http://api", space="a"), workload("api", space="b"))
    assert (edges(draft), asked(draft)) == ({}, ["reaches web -> api"])


def test_versions_of_one_service_are_one_component() -> None:
    """As in Bookinfo: reviews-v1 to v3 behind one Service are reviews, with their instances added up."""
    service = "---\nkind: Service\napiVersion: v1\nmetadata: {name: reviews}\nspec: {selector: {app: reviews}}\n"
    versions = [workload(f"reviews-{v}", app="reviews", version=v).split("---\n")[1] for v in ("v1", "v2", "v3")]
    draft = kube(workload("page", "REVIEWS_URL=http://reviews:9080"), *versions, service)
    assert edges(draft) == {"page -> reviews": ["configured"]}
    assert [(item.data["id"], item.data["instances"]) for item in draft.components] == [("page", 1), ("reviews", 3)]
    assert "versions reviews" in asked(draft)


def test_different_workloads_behind_one_service_are_alternatives() -> None:
    """A Service that selects two different things is a list of alternatives, and asked about."""
    service = "---\nkind: Service\napiVersion: v1\nmetadata: {name: back}\nspec: {selector: {tier: back}}\n"
    draft = kube(workload("web", "BACK_URL=http://back"), workload("a", tier="back"), workload("b", tier="back"), service)
    assert draft.dependencies[0].data["to"] == ["a", "b"]
    assert asked(draft) == ["behind back"]


@pytest.mark.parametrize(
    ("kind", "spec", "instances", "question"),
    [
        ("Deployment", "paused: false", 1, ["replicas"]),
        ("Deployment", "replicas: 1", 1, []),
        ("Deployment", "replicas: 3", 3, ["placement api"]),
        ("Deployment", "replicas: 0", None, ["instances api"]),
        ("StatefulSet", "serviceName: api", 1, ["replicas"]),
        ("DaemonSet", "minReadySeconds: 5", None, ["instances api"]),
        ("Job", "suspend: false", None, []),
    ],
)
def test_instances_are_what_runs(kind: str, spec: str, instances: int | None, question: list[str]) -> None:
    """Without replicas it is one, by the default of the API, and asked; of a DaemonSet as many as there are machines."""
    draft = kube(workload("api", kind=kind, spec=spec))
    assert draft.components[0].data.get("instances") == instances
    assert asked(draft) == question
    if question == ["replicas"]:
        assert draft.components[0].data["evidence"][1]["locator"] == f"{kind}/api spec.replicas (1, the default of {kind})"


def test_unsaid_replicas_are_one_question_for_all() -> None:
    """The first five are named, the others counted."""
    draft = kube(*(workload(f"s{n}", spec="paused: false" if n else "replicas: 2") for n in range(8)))
    (said,) = [question.what for question in draft.questions if question.id == "replicas"]
    assert said.startswith("nothing here says how many instances of s1, s2, s3, s4, s5 and 2 more run, and one is the default")


def test_an_autoscaler_guarantees_its_minimum() -> None:
    """With a HorizontalPodAutoscaler its minimum counts, 1 where it does not say."""
    scaler = "---\nkind: HorizontalPodAutoscaler\napiVersion: autoscaling/v2\nmetadata: {name: %s}\n"
    scaler += "spec: {%sscaleTargetRef: {kind: Deployment, name: %s}}\n"
    draft = kube(
        workload("a", spec="replicas: 5"),
        workload("b", spec="replicas: 5"),
        scaler % ("a", "minReplicas: 2, ", "a") + scaler % ("b", "", "b"),
    )
    assert [item.data["instances"] for item in draft.components] == [2, 1]


def test_a_disruption_budget_asks_how_many_must_be_up() -> None:
    """What its authors want up is no proof of what is needed."""
    budget = "---\nkind: PodDisruptionBudget\napiVersion: policy/v1\nmetadata: {name: x}\n"
    budget += "spec: {minAvailable: 2, selector: {matchLabels: {app: a}}}\n"
    draft = kube(workload("a"), budget)
    assert [question.what for question in draft.questions] == [
        "PodDisruptionBudget/x sets minAvailable 2 for a: how many of its instances must be up? (2.yaml:5)"
    ]


def test_selectors_by_expressions_are_followed() -> None:
    """`In` lists what a budget and a policy are for; what cannot be listed (`Exists`) names nobody, and blocks nobody."""
    chosen = "{matchExpressions: [{key: app, operator: In, values: [%s]}]}"
    budget = "---\nkind: PodDisruptionBudget\napiVersion: policy/v1\nmetadata: {name: x}\n"
    budget += f"spec: {{maxUnavailable: 1, selector: {chosen % 'b, c'}}}\n"
    policy = "---\nkind: NetworkPolicy\napiVersion: networking.k8s.io/v1\nmetadata: {name: n}\n"
    policy += f"spec: {{podSelector: {chosen % 'b'}, ingress: [{{from: [{{podSelector: {chosen % 'a'}}}]}}]}}\n"
    draft = kube(workload("a", "B_URL=http://b"), workload("b"), workload("c"), budget, policy)
    assert asked(draft) == ["min_up b", "min_up c"]
    assert edges(draft) == {"a -> b": ["configured", "declared"]}
    vague = kube(workload("a", "B_URL=http://b"), workload("b"), policy.replace("In, values: [b]", "Exists"))
    assert asked(vague) == []
    assert edges(vague) == {"a -> b": ["configured"]}


def test_placement_is_stated_only_where_pods_are_bound_to_a_zone() -> None:
    """A node selector on a zone places all instances there; a spread leaves open how many zones there are."""
    bound = kube(workload("a", spec="replicas: 2", pod="nodeSelector: {topology.kubernetes.io/zone: eu-1a}"))
    assert bound.components[0].data["placement"] == {"eu-1a": 2}
    assert not bound.questions
    spread = kube(
        workload("a", spec="replicas: 2", pod="topologySpreadConstraints: [{topologyKey: topology.kubernetes.io/zone}]")
    )
    assert "placement" not in spread.components[0].data
    assert "keeps them apart" in spread.questions[0].what


@pytest.mark.parametrize(
    ("pod", "words"),
    [
        ("", "nothing keeps them on different machines or zones"),
        ("topologySpreadConstraints: [{topologyKey: topology.kubernetes.io/zone}]", "keeps them apart:"),
        ("topologySpreadConstraints: [{topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}]", "(a preference)"),
        (
            "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: machine}]}}",
            "on different machines, which may share a zone",
        ),
        (
            "affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution:"
            " [{weight: 1, podAffinityTerm: {topologyKey: topology.kubernetes.io/zone}}]}}",
            "(a preference)",
        ),
    ],
)
def test_a_preference_and_a_machine_are_no_zone(pod: str, words: str) -> None:
    """Only a rule that binds, and that is about zones, keeps instances in different zones."""
    assert words in kube(workload("a", spec="replicas: 2", pod=pod)).questions[0].what


def test_limits_are_evidence_and_their_absence_beside_them_a_question() -> None:
    """Where some workloads have limits and others have none, those may starve these; where nobody has any, nobody is asked."""
    limited = workload("a").replace("{name: main,", "{name: main, resources: {limits: {memory: 1Gi, cpu: 2}},")
    draft = kube(limited, workload("b"), workload("c"))
    assert draft.components[0].data["evidence"][-1]["locator"] == "Deployment/a resources.limits (memory 1Gi, cpu 2)"
    (asked_about,) = [question.what for question in draft.questions]
    assert "a has limits of memory or processors, and b, c not" in asked_about
    assert not kube(workload("b"), workload("c")).questions
    assert not kube(limited).questions


def test_a_scaler_of_keda_guarantees_its_minimum() -> None:
    """A ScaledObject scales a Deployment where it names no kind; where it states no minimum it may scale to nothing."""
    scaler = "---\nkind: ScaledObject\napiVersion: keda.sh/v1alpha1\nmetadata: {name: x}\n"
    scaler += "spec: {%sscaleTargetRef: {name: a}}\n"
    assert kube(workload("a", spec="replicas: 5"), scaler % "minReplicaCount: 2, ").components[0].data["instances"] == 2
    assert kube(workload("a", spec="replicas: 5"), scaler % "").components[0].data["instances"] == 5


def test_a_headless_service_leads_to_its_pods() -> None:
    """Without an address of its own, its name gives the pods' addresses: still the component behind it."""
    service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {clusterIP: None, selector: {app: db}}\n"
    draft = kube(workload("web", "DB_URL=postgres://db:5432/x"), workload("db", kind="StatefulSet"), service)
    assert [(item.data["from"], item.data["to"]) for item in draft.dependencies] == [("web", "db")]


def test_config_maps_and_secrets_are_followed_and_secrets_never_kept() -> None:
    """By key, as a whole with a prefix, and as files; of a Secret nothing but the callee comes out."""
    secret = base64.b64encode(b"postgres://u:s3cr3t@orders-db:5432/x").decode()
    text = f"""\
apiVersion: v1
kind: ConfigMap
metadata: {{name: conf}}
data:
  CACHE_HOST: redis
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: files}}
data:
  other.conf: http://unused
  nginx.conf: |
    # proxy_pass http://old;
    proxy_pass http://api:80;
---
apiVersion: v1
kind: Secret
metadata: {{name: keys}}
data: {{DATABASE_URL: {secret}, BROKEN: "%%%"}}
stringData: {{OTHER_URL: "https://u:s3cr3t@hidden.example.net", PASSWORD: s3cr3t}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 1
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      volumes: [{{name: v, configMap: {{name: files, items: [{{key: nginx.conf, path: x}}]}}}}]
      containers:
        - name: main
          envFrom:
            - {{configMapRef: {{name: conf}}, prefix: A_}}
            - {{secretRef: {{name: keys}}}}
            - {{configMapRef: {{name: gone}}}}
          env:
            - {{name: MQ_HOST, valueFrom: {{configMapKeyRef: {{name: conf, key: CACHE_HOST}}}}}}
            - {{name: PAY_URL, valueFrom: {{secretKeyRef: {{name: gone, key: url}}}}}}
            - {{name: PAY_TOKEN, valueFrom: {{secretKeyRef: {{name: gone, key: t}}}}}}
"""
    draft = kube(text, *(workload(name) for name in ("redis", "orders-db", "api")))
    assert edges(draft) == {"web -> redis": ["configured"], "web -> orders-db": ["configured"], "web -> api": ["configured"]}
    assert asked(draft) == ["not deployed web in OTHER_URL", "value web PAY_URL"]
    assert "s3cr3t" not in repr(draft)
    assert "hidden" not in repr(draft)
    locators = {e["locator"] for item in draft.dependencies for e in item.data["evidence"]}
    assert "Secret/keys DATABASE_URL in Deployment/web" in locators
    (api,) = [item for item in draft.dependencies if item.data["to"] == "api"]
    assert api.where() == "1.yaml:14"


def test_a_file_that_several_workloads_mount_is_asked_about() -> None:
    """A shared file lists addresses, and does not say who calls them."""
    conf = '---\nkind: ConfigMap\napiVersion: v1\nmetadata: {name: all}\ndata: {a.json: \'{"addr": "cart"}\'}\n'
    pod = "volumes: [{name: v, configMap: {name: all}}]"
    draft = kube(conf, workload("web", pod=pod), workload("api", pod=pod), workload("cart"))
    assert (edges(draft), asked(draft)) == ({}, ["shared file ConfigMap/all a.json"])


def test_references_between_variables_are_filled_in() -> None:
    """`$(NAME)` in values and arguments, `${NAME}` in shells, and the variables that the cluster sets for each Service."""
    text = workload("web", "H=cart", "CART_ADDR=$(H):80", "PAY_URL=http://$(PAY_API_SERVICE_HOST):80", "RAW=$$(H)").replace(
        "name: main,", "name: main, args: [--users=$(H).x, sh, -c, 'curl http://${H}:81 $NOPE'],"
    )
    draft = kube(text, workload("cart"), workload("pay-api"))
    assert edges(draft) == {"web -> cart": ["configured"], "web -> pay-api": ["configured"]}


def test_references_that_double_one_another_stay_small() -> None:
    """Forty variables that hold one another twice do not fill the memory."""
    env = ["A0=xxxxxxxxxx", *(f"A{i}=$(A{i - 1})$(A{i - 1})" for i in range(1, 40))]
    assert kube(workload("web", *env)).components


def test_init_containers_show_start_order_only() -> None:
    """What is waited for before the start is not thereby called; a sidecar that keeps running counts in full."""
    pod = "initContainers: [{name: wait, args: [--host=db]}, {name: proxy, restartPolicy: Always, env: [{name: X_URL, value: 'http://api'}]}]"
    draft = kube(workload("web", pod=pod), workload("db"), workload("api"))
    assert edges(draft) == {"web -> db": ["ordering"], "web -> api": ["configured"]}


def test_a_component_does_not_depend_on_itself() -> None:
    """Its own name in its environment is no dependency."""
    assert edges(kube(workload("web", "SELF_URL=http://web:80", "ADVERTISED_HOST=web.default.svc"))) == {}


ENTRIES = {
    "Ingress": "networking.k8s.io/v1|{rules: [{http: {paths: [{backend: {service: {name: web}}}]}}]}",
    "Ingress, default": "networking.k8s.io/v1|{defaultBackend: {service: {name: web}}}",
    "Ingress, old": "extensions/v1beta1|{rules: [{http: {paths: [{backend: {serviceName: web}}]}}]}",
    "HTTPRoute": "gateway.networking.k8s.io/v1|{rules: [{backendRefs: [{name: web, port: 80}]}]}",
    "GRPCRoute": "gateway.networking.k8s.io/v1|{rules: [{backendRefs: [{name: web, port: 80}]}]}",
    "VirtualService": "networking.istio.io/v1|{gateways: [g], http: [{route: [{destination: {host: web.default.svc}}]}]}",
    "Route": "route.openshift.io/v1|{to: {kind: Service, name: web}}",
    "Service": "v1|{type: LoadBalancer, selector: {app: web}}",
}


@pytest.mark.parametrize("kind", ENTRIES)
def test_what_lets_requests_in_proposes_a_journey(kind: str) -> None:
    """Ingresses, routes and exposed Services point at what users touch."""
    api, spec = ENTRIES[kind].split("|")
    text = f"---\napiVersion: {api}\nkind: {kind.split(',')[0]}\nmetadata: {{name: entry}}\nspec: {spec}\n"
    draft = kube(workload("web"), text)
    (journey,) = draft.journeys
    assert (journey.data["entry"], journey.data["proposed"]) == ("web", True)
    assert journey.data["evidence"][0]["confidence"] == "declared"
    assert not draft.dependencies


def test_a_policy_alone_only_permits() -> None:
    """What a NetworkPolicy allows and nothing else shows is asked; with another sign it is declared."""
    policy = "---\nkind: NetworkPolicy\napiVersion: networking.k8s.io/v1\nmetadata: {name: p}\n"
    policy += "spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [%s]}]}\n"
    peers = ", ".join(f"{{podSelector: {{matchLabels: {{app: {name}}}}}}}" for name in ("web", "api", "db"))
    draft = kube(workload("web", "DB_HOST=db"), workload("api"), workload("db"), policy % peers)
    assert edges(draft) == {"web -> db": ["configured", "declared"]}
    assert asked(draft) == ["allowed api -> db"]


def test_lists_and_dumps_of_a_live_cluster_are_read() -> None:
    """A `List` is its items; Pods and ReplicaSets that a Deployment owns are not components of their own."""
    pod = "{apiVersion: v1, kind: Pod, metadata: {name: %s, ownerReferences: %s}, spec: {containers: []}}"
    items = f"apiVersion: v1\nkind: List\nitems:\n- {pod % ('owned', '[{kind: ReplicaSet}]')}\n- {pod % ('free', '[]')}\n"
    assert [item.data["id"] for item in kube(items).components] == ["free"]


def test_a_job_beside_a_deployment_of_its_name_is_its_own_component() -> None:
    """A migration is a job, and is not counted as an instance of the service."""
    job = workload("api", "DB_HOST=db", kind="Job").split("---\n")[1]
    draft = kube(workload("api"), job, workload("db"))
    assert [(item.data["id"], item.data["kind"]) for item in draft.components] == [
        ("api", "service"),
        ("api-job", "job"),
        ("db", "database"),
    ]
    assert edges(draft) == {"api-job -> db": ["configured"]}


@pytest.mark.parametrize(
    "braces",
    ["image: {{ .Values.image }}", 'image: "{{ .Values.image }}"', "{{- if .Values.x }}", "name: '{{ include \"x\" . }}'"],
)
def test_templates_are_refused_in_words(braces: str) -> None:
    """Quoted or not, an unrendered template says which line and what to do."""
    text = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: x}}\nspec:\n  containers:\n  - {braces}\n"
    assert detect("x.yaml", text)
    with pytest.raises(InputError, match=r"1.yaml:6  is a template that has not been rendered .*helm template"):
        kube(text)


def test_braces_in_a_dashboard_are_no_template() -> None:
    """A ConfigMap may hold templates of its own."""
    conf = "---\nkind: ConfigMap\napiVersion: v1\nmetadata: {name: c}\ndata: {rule: '{{ .Labels.x }} http://{{ $x }}'}\n"
    assert len(kube(conf, workload("a")).components) == 1


@pytest.mark.parametrize(
    "spec",
    [
        "[]", "1", "text", "null", "{template: []}", "{template: {spec: 1}}", "{template: {spec: {containers: {a: b}}}}",
        "{template: {spec: {containers: [1, null, []]}}}",
        "{template: {spec: {containers: [{env: {A: b}, args: text, envFrom: 1}]}}}",
        "{template: {spec: {containers: [{env: [1, {name: 1, value: {a: b}}, {valueFrom: 1}], image: [], name: {}}]}}}",
        "{template: {metadata: {labels: []}, spec: {volumes: {a: b}, nodeSelector: [], affinity: 1}}}", "{replicas: many}",
        "{replicas: -1}", "{replicas: true}", "{template: {spec: {volumes: [{configMap: []}, {projected: {sources: 1}}, 1]}}}",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "kind", ["Deployment", "CronJob", "Pod", "Service", "Ingress", "NetworkPolicy", "ConfigMap", "PodDisruptionBudget"]
)
def test_shapes_that_do_not_fit_are_no_traceback(kind: str, spec: str) -> None:
    """A list where a mapping belongs is a problem in words, or is passed over; other objects are read all the same."""
    draft = kube(f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: odd}}\nspec: {spec}\ndata: {spec}\n", workload("ok"))
    assert "ok" in [item.data["id"] for item in draft.components]
    assert all(problem.where.startswith("1.yaml:") and problem.remedy for problem in draft.problems)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kind: Deployment\nmetadata: {}\n", "1.yaml:2  Deployment has no name"),
        ("kind: Deployment\nmetadata: {name: a b}\n", "1.yaml:2  Deployment has the name 'a b'"),
        ("metadata: {name: a}\n", "1.yaml:1  has no kind"),
        ("- a\n", "1.yaml:1  is no Kubernetes object"),
    ],
)
def test_objects_without_name_or_kind_are_problems(text: str, says: str) -> None:
    """One line says what is missing."""
    assert [str(problem)[: len(says)] for problem in kube(text).problems] == [says]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("apiVersion: v1\nkind: Service\n", True),
        ("# x\n---\nkind: List\napiVersion: v1\nitems: []\n", True),
        ('{"apiVersion": "v1",\n "kind": "List"}', True),
        ("apiVersion: backstage.io/v1alpha1\nkind: Component\n", False),
        ("services: {a: {image: b}}", False),
        ("auditkit: 1\ncomponents:\n- kind: service\n", False),
        ("", False),
    ],
)
def test_detection_looks_at_the_content(text: str, answer: bool) -> None:
    """Objects are told by apiVersion and kind."""
    assert KUBERNETES.detect("any.yaml", text) is answer


SAMPLE = (
    workload("web", "API_URL=http://api:80", "DB_HOST=orders-db.shop.svc", space="shop")
    + workload("api", "DATABASE_URL=postgres://u:p@orders-db:5432/x", "$(X)=$(Y)", spec="replicas: 2", space="shop")
    + workload("orders-db", kind="StatefulSet", image="postgres:16", space="shop")
    + "---\nkind: Ingress\napiVersion: networking.k8s.io/v1\nmetadata: {name: i, namespace: shop}\n"
    + "spec: {rules: [{http: {paths: [{backend: {service: {name: web}}}]}}]}\n"
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), cuts=st.integers(1, 6))
def test_mutated_files_never_give_a_traceback(seed: int, cuts: int) -> None:
    """Whatever becomes of a file: a draft that the gate accepts or refuses in words, or an error in words."""
    rng = random.Random(seed)
    lines = SAMPLE.splitlines(keepends=True)
    for _ in range(cuts):
        at = rng.randrange(len(lines))
        move = rng.randrange(5)
        if move == 0:
            del lines[at]
        elif move == 1:
            lines[at] = lines[at].replace(
                rng.choice(["name", "{", "[", ":", "app", "shop", "spec"]), rng.choice(["", "[]", "{}", "1", "null", "&a", "*a"])
            )
        elif move == 2:
            lines.insert(
                at, rng.choice(["---\n", "  - 1\n", "kind: List\n", "\x00\n", "items: 3\n", "{{ x }}\n", "\t\n", lines[at]])
            )
        elif move == 3:
            key, colon, _ = lines[at].partition(":")
            lines[at] = key + colon + rng.choice([" []\n", " {}\n", " 7\n", "\n", " ~\n", " text\n", " [{a: b}, 1]\n"])
        else:
            lines[at] = rng.choice(["  ", ""]) + lines[at].lstrip(" ")
        lines = lines or ["\n"]
    refused: tuple[Problem, ...] = ()
    try:
        draft = KUBERNETES.read("".join(lines), "x.yaml", no_siblings)
        for item in (*draft.components, *draft.dependencies, *draft.journeys):
            assert item.where()
        validate(draft)
    except InputError as error:
        refused = error.problems
    assert all("\n" not in str(problem) for problem in refused)


def test_problems_do_not_repeat_values() -> None:
    """What stands in the wrong place may be a credential."""
    secret = "kind: Secret\napiVersion: v1\nmetadata: {name: a}\nstringData: s3cr3t\n---\n"
    pod = "kind: Pod\napiVersion: v1\nmetadata: {name: a}\n"
    pod += "spec: {containers: [{env: [PASSWORD=s3cr3t], args: s3cr3t, envFrom: [{secretRef: {name: a}}]}]}"
    draft = kube(secret + pod)
    assert len(draft.problems) == 3
    assert "s3cr3t" not in repr(draft)


def test_a_kustomization_is_not_applied_and_said_to_be() -> None:
    """Overlays change objects; what they give is asked for."""
    assert asked(
        kube("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n", workload("a"))
    ) == ["kustomization 1.yaml"]


def test_a_folder_of_many_files_is_one_system() -> None:
    """Two hundred files are read in one go, and the chain through all of them is found."""
    draft = kube(*(workload(f"s{n}", f"NEXT_ADDR=s{n + 1}:80") for n in range(200)))
    assert len(draft.components) == 200
    assert len(draft.dependencies) == 199
    assert asked(draft) == ["not deployed s200"]


def test_a_call_that_no_policy_lets_in_is_asked_about() -> None:
    """Configured and yet not allowed: somebody should look; the dependency stays."""
    policy = "---\nkind: NetworkPolicy\napiVersion: networking.k8s.io/v1\nmetadata: {name: %s}\n"
    policy += "spec: {podSelector: %s, ingress: [%s]}\n"
    web = "{from: [{podSelector: {matchLabels: {app: web}}}]}"
    texts = (workload("web", "DB_HOST=db", "API_URL=http://api"), workload("api", "DB_HOST=db"), workload("db"))
    draft = kube(*texts, policy % ("db", "{matchLabels: {app: db}}", web) + policy % ("all", "{}", ""))
    assert len(draft.dependencies) == 3
    assert asked(draft) == ["blocked api -> db", "blocked web -> api"]
    opened = kube(*texts, policy % ("db", "{matchLabels: {app: db}}", "{}") + policy % ("api", "{matchLabels: {app: api}}", web))
    assert asked(opened) == []


def test_what_answers_on_the_machine_itself_is_asked() -> None:
    """An agent on each machine is reached by the machine's address, which no file names."""
    text = workload("web").replace("env: []", "env: [{name: AGENT_HOST, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}]")
    assert [question.what for question in kube(text).questions] == [
        "web reads AGENT_HOST from the address of the machine it runs on, where an agent may run: what answers there? (1.yaml:12)"
    ]


def test_a_volume_of_two_components_is_asked_about() -> None:
    """A shared volume may be a shared fate."""
    pod = "volumes: [{name: v, persistentVolumeClaim: {claimName: data}}]"
    assert asked(kube(workload("a", pod=pod), workload("b", pod=pod))) == ["shared volume data"]

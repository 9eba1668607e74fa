// The dependency graph in a notebook. `vis` is vis-network, put in front of this file by graph_widget.py.

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

// Bring a DataSet to a list of items with as few changes as possible; tells whether items came or went.
function bring(dataset, items) {
  const wanted = new Set(items.map((item) => item.id));
  const gone = dataset.getIds().filter((id) => !wanted.has(id));
  const come = items.some((item) => dataset.get(item.id) === null);
  dataset.remove(gone);
  dataset.update(items.filter((item) => !same(dataset.get(item.id), item)));
  return gone.length > 0 || come;
}

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function render({ model, el }) {
  const names = element("datalist", { id: `components-${Math.random().toString(36).slice(2)}` });
  const find = element("input", { type: "search", className: "auditkit-find", placeholder: "type a name, press Enter" });
  find.setAttribute("list", names.id);
  const whole = element("button", { type: "button", textContent: "Show everything" });
  const bar = element("div", { className: "auditkit-bar" }, element("label", {}, "Choose a component ", find), whole, names);
  const picture = element("div", { className: "auditkit-picture" });
  picture.setAttribute("role", "img");
  const said = element("div", { className: "auditkit-said" });
  said.setAttribute("aria-live", "polite");
  el.classList.add("auditkit-graph");
  el.append(bar, picture, said);

  const nodes = new vis.DataSet(model.get("nodes"));
  const edges = new vis.DataSet(model.get("edges"));
  picture.style.height = `${model.get("height")}px`;
  const network = new vis.Network(picture, { nodes, edges }, model.get("options"));
  const fit = () => network.fit({ maxZoomLevel: 1.2 });

  const choose = (id) => {
    model.set("selected", id);
    model.save_changes();
  };
  const label = () => {
    picture.setAttribute("aria-label", model.get("description"));
    said.textContent = model.get("said");
  };
  const mark = () => network.selectNodes(nodes.get(model.get("selected")) ? [model.get("selected")] : []);

  network.on("click", ({ nodes: hit }) => choose(hit.length ? String(hit[0]) : ""));
  const listed = () => names.replaceChildren(...model.get("names").map((id) => element("option", { value: id })));
  const typed = () => model.get("names").includes(find.value) && choose(find.value);
  find.addEventListener("change", typed);
  find.addEventListener("keydown", (event) => event.key === "Enter" && typed());
  whole.addEventListener("click", fit);
  const changed = () => {
    const other = bring(nodes, model.get("nodes"));
    label();
    mark();
    if (other) fit();
  };
  const edged = () => bring(edges, model.get("edges"));
  model.on("change:nodes", changed);
  model.on("change:edges", edged);
  model.on("change:selected", mark);
  model.on("change:names", listed);
  model.on("change:said change:description", label);
  label();
  listed();

  // a notebook may render a cell before it is visible: fit once there is room
  const watch = new ResizeObserver(() => {
    if (picture.clientWidth > 0) {
      network.redraw();
      fit();
      mark();
      watch.disconnect();
    }
  });
  watch.observe(picture);
  el.auditkitNetwork = network; // for the browser tests: where is a node on the screen

  return () => {
    watch.disconnect();
    network.destroy();
  };
}

export default { render };

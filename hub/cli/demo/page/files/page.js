// The page itself: which flows there are, sending, and what became of each request.
import { booking } from "./booking.js";
import { call } from "./call.js";
import { complain, doing } from "./doing.js";
import { element, show } from "./dom.js";
import { holds } from "./holds.js";
import { slots } from "./slots.js";

const VIEWS = { holds, call, slots, booking };
const MODES = {
  simulate: ["simulate", "Simulated: nothing leaves this machine"],
  test: ["test", "Test: effects go to the test destinations only"],
  live: ["live", "Live: this page is closed"],
};
const WORDS = { queued: "waiting", running: "waiting", waiting: "waiting" };
const MOST_ENTRIES = 30;

const page = Object.fromEntries(
  ["mode", "anew", "tabs", "flow", "log"].map((id) => [id, document.getElementById(id)]),
);
let state = { flows: [], rows: {} };
let chosen = null;
let view = null;

async function ask(path, body) {
  const options = body === undefined
    ? {}
    : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(path, options);
  const said = await answer.json();
  if (!answer.ok) {
    throw new Error(said.error ?? `the page answered ${answer.status}`);
  }
  return said;
}

/** What a view works with. */
const hub = {
  get rows() {
    return state.rows;
  },
  get timezone() {
    return state.timezone;
  },
  has: (workflow) => state.flows.some((each) => workflow in each.endpoints),
  /** Ask without a word behind the scenes: for what is looked at again and again. */
  ask: (workflow, { params, query, speaksFor } = {}) => ask("send", { workflow, params, query, speaksFor }),
  /** Send through this machine, which signs. */
  async send(what, workflow, { params, query, body, speaksFor } = {}) {
    const told = await ask("send", { workflow, params, query, body, speaksFor });
    note(what, told);
    return told;
  },
  /** Send from this page to the hub, as a page of another host does: the hub's `cors` lets it. */
  async sendDirectly(what, workflow, { params = {}, query, body } = {}) {
    const flow = state.flows.find((each) => workflow in each.endpoints);
    const { method, path } = flow.endpoints[workflow];
    const filled = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(params[name] ?? "-"));
    const target = query ? `${filled}?${new URLSearchParams(query)}` : filled;
    const answer = await fetch(state.hub + target, {
      method,
      headers: body ? { "Content-Type": "application/json" } : {},
      body: body && JSON.stringify(body),
    });
    const told = {
      request: { id: answer.headers.get("X-Request-Id"), method, path: target, proof: "none: cors" },
      status: answer.status,
      body: await answer.json(),
    };
    if (what) {
      note(what, told);
    }
    return told;
  },
  /** Whether a time of a mechanic is free: asked for many at a time, and not told. */
  check: (body) => ask("send", { workflow: "check-slots", body }),
  became: (request) => ask(`requests/${request}`),
  async refresh() {
    state = await ask("state");
  },
};

// ------------------------------------------------------------------------------ behind the scenes

function note(what, told) {
  const runs = element("div");
  const kind = told.status < 300 ? "good" : told.status < 500 ? "warn" : "bad";
  const entry = element("li", { class: "entry" }, [
    element("header", {}, [
      element("span", { class: "what" }, what),
      element("span", { class: `badge ${kind}` }, String(told.status)),
    ]),
    element("code", { class: "target" }, `${told.request.method} ${told.request.path}`),
    element("span", { class: "target" }, `Proof: ${told.request.proof}`),
    element("details", {}, [
      element("summary", {}, "Answer"),
      element("pre", { class: "code", tabindex: "0" }, JSON.stringify(told.body, null, 2)),
    ]),
    runs,
  ]);
  page.log.prepend(entry);
  while (page.log.children.length > MOST_ENTRIES) {
    page.log.lastElementChild.remove();
  }
  if (told.request.id) {
    follow(told.request.id, runs, 0);
  }
}

async function follow(request, place, tries) {
  const runs = await hub.became(request).catch(() => null);
  if (runs) {
    show(place, runs.map(run));
    view?.effects?.(runs.flatMap((each) => each.effects));
  }
  const isOpen = runs === null || runs.some((each) => !each.isOver);
  if (isOpen && tries < 400 && place.isConnected) {
    setTimeout(() => follow(request, place, tries + 1), Math.min(300 + tries * 100, 3000));
  }
}

function run(told) {
  const status = WORDS[told.status] ?? told.status;
  const steps = told.steps.map((each) =>
    element("li", {}, [
      element("span", {}, each.what === each.path ? each.path : `${each.path} · ${each.what}`),
      element("span", { class: each.status }, each.status),
    ]),
  );
  const effects = told.effects.map((each) =>
    element("div", { class: "effect" }, [
      element("b", {}, `${each.action} · kept here, not sent`),
      [each.inputs.channel ?? each.inputs.to ?? each.inputs.phone, each.inputs.subject, each.inputs.text]
        .filter(Boolean)
        .join(" — ")
        .slice(0, 300),
    ]),
  );
  return element("div", { class: "run" }, [
    element("div", { class: "head" }, [
      element("b", {}, told.workflow),
      element("span", { class: `badge ${status}` }, `${told.status} · ${told.mode}`),
    ]),
    element("ul", {}, steps),
    ...effects,
    element("code", { class: "target" }, `hub runs show ${told.id}`),
  ]);
}

// ------------------------------------------------------------------------------------------- flows

function tabs() {
  show(
    page.tabs,
    state.flows.map((flow) =>
      element(
        "button",
        {
          type: "button",
          role: "tab",
          id: `tab-${flow.name}`,
          "aria-controls": "flow",
          "aria-selected": String(flow.name === chosen),
          tabindex: flow.name === chosen ? "0" : "-1",
          onclick: () => choose(flow.name),
        },
        flow.title,
      ),
    ),
  );
}

function choose(name) {
  chosen = name;
  const flow = state.flows.find((each) => each.name === name);
  const boldest = ["live", "test", "simulate"].find((mode) => flow.modes.includes(mode));
  const [kind, words] = MODES[boldest] ?? MODES.live;
  page.mode.className = `badge ${kind}`;
  page.mode.textContent = words;
  page.flow.setAttribute("aria-labelledby", `tab-${name}`);
  if (location.hash !== `#${name}`) {
    history.replaceState(null, "", `#${name}`);
  }
  tabs();
  if (flow.isClosed) {
    view = null;
    show(page.flow, [
      element("p", { class: "note bad" }, "Effects of this flow are real here (mode live), so nothing can be clicked. Set HUB_MODE=simulate."),
    ]);
    return;
  }
  view = VIEWS[name](hub, page.flow);
  view.draw();
}

page.tabs.addEventListener("keydown", (event) => {
  const names = state.flows.map((each) => each.name);
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step) {
    choose(names[(names.indexOf(chosen) + step + names.length) % names.length]);
    document.getElementById(`tab-${chosen}`).focus();
  }
});

page.anew.addEventListener(
  "click",
  doing(async () => {
    state = await ask("anew", {});
    page.log.replaceChildren();
    choose(chosen);
  }),
);

function chooseAsAsked() {
  const names = state.flows.map((each) => each.name);
  const wanted = location.hash.slice(1);
  const name = names.includes(wanted) ? wanted : names[0];
  if (name !== chosen) {
    choose(name);
  }
}

async function begin() {
  await hub.refresh();
  chooseAsAsked();
  addEventListener("hashchange", chooseAsAsked);
}

begin().catch(complain);

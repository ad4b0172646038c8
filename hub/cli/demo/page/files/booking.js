// Public booking: a client chooses a time, the contractor decides, and both read their mails.
import { complain, doing } from "./doing.js";
import { button, element, facts, field, show, time } from "./dom.js";

const DAYS = 8;
const LOOK_EVERY = 10_000;
const STATUS = {
  "pending-confirmation": ["warn", "Waits for the contractor"],
  scheduled: ["good", "Scheduled"],
  "in-progress": ["warn", "In progress"],
  completed: ["good", "Completed"],
  cancelled: ["bad", "Cancelled"],
};
const REFUSED = {
  slot_taken: "Somebody else was faster: this time is taken.",
  outside_hours: "Outside of the opening hours.",
  foreign_page: "This page belongs to another tenant.",
};
const LINKS = {
  link_used: "The booking has changed since this mail: the newest mail has the link that counts.",
  link_expired: "This link is too old.",
  too_late: "Too close to the appointment for that.",
  not_possible: "This booking is over already.",
  slot_taken: "This time was taken meanwhile.",
};
const KEPT = ["Booked", "Asked for"];

export function booking(hub, place) {
  let service = hub.rows.services[0];
  let free = null;
  let day = null;
  let start = null;
  let said = null;
  let jobs = [];
  const mails = new Map();
  const client = { name: "Ada Byron", email: "ada@example.com" };

  function draw() {
    show(place, [
      element("h2", {}, "A client books on the tenant's page, the contractor decides"),
      element("p", { class: "lead-in" }, "The left hand is a page of another host: it calls the hub by itself, and only because the hub names it (CORS). Deciding needs a key of the tenant."),
      page(),
      office(),
      inbox(),
    ]);
  }

  function page() {
    const days = [...new Set((free?.slots ?? []).map((slot) => dayOf(slot.start)))];
    const times = (free?.slots ?? []).filter((slot) => dayOf(slot.start) === day).slice(0, 24);
    return element("article", { class: "card", "aria-label": "The client's page" }, [
      element("header", {}, [
        element("div", {}, [
          element("h3", {}, service.tenantName),
          element("p", { class: "who" }, `Times in ${free?.timezone ?? "…"}`),
        ]),
        element("span", { class: "badge" }, service.isConfirmed ? "Confirmed by hand" : "Booked at once"),
      ]),
      element("div", { class: "fields" }, [
        element("label", {}, ["Service", element("select", { id: "service", onchange: doing(choose) },
          hub.rows.services.map((each) => element("option", { value: each.id, selected: each.id === service.id }, `${each.name}, ${each.tenantName}`)))]),
        field("Name", { id: "client-name", value: client.name, autocomplete: "off", onchange: (event) => { client.name = event.target.value; } }),
        field("E-mail", { id: "client-email", type: "email", value: client.email, autocomplete: "off", onchange: (event) => { client.email = event.target.value; } }),
      ]),
      free === null && element("p", { class: "hint" }, "Asking for free times…"),
      free && days.length === 0 && element("p", { class: "note warn" }, "No free time in the next days."),
      element("div", { class: "times", role: "group", "aria-label": "Days" }, days.map((each) =>
        element("button", { type: "button", id: `day-${each.replace(/\W/g, "")}`, "aria-pressed": String(each === day), onclick: () => { day = each; start = null; draw(); } }, each))),
      element("div", { class: "times", role: "group", "aria-label": "Times" }, times.map((slot) =>
        element("button", { type: "button", id: `time-${slot.start.replace(/\W/g, "")}`, class: "time", "aria-pressed": String(slot.start === start), onclick: () => { start = slot.start; draw(); } }, hourOf(slot.start)))),
      said && element("p", { class: `note ${said.kind}`, role: "status" }, said.text),
      element("div", { class: "row" }, [
        button("book", service.isConfirmed ? "Ask for this time" : "Book this time", doing(book), { disabled: start === null }),
      ]),
    ]);
  }

  const dayOf = (iso) => new Intl.DateTimeFormat("en", { weekday: "short", month: "short", day: "numeric", timeZone: free.timezone }).format(new Date(iso));
  const hourOf = (iso) => new Intl.DateTimeFormat("en", { hour: "numeric", minute: "2-digit", timeZone: free.timezone }).format(new Date(iso));

  async function choose(event) {
    service = hub.rows.services.find((each) => each.id === event.target.value);
    [free, day, start, said] = [null, null, null, null];
    draw();
    await ask();
  }

  async function ask() {
    const wanted = service;
    const date = (days) => new Date(Date.now() + days * 86400000).toISOString().slice(0, 10);
    const told = await hub.sendDirectly(null, "availability", {
      params: { service_id: wanted.id },
      query: { first: date(0), last: date(DAYS) },
    });
    if (wanted !== service || !place.isConnected) {
      return;
    }
    free = { slots: told.body.slots ?? [], timezone: told.body.timezone ?? hub.timezone };
    day = free.slots.length && !free.slots.some((slot) => dayOf(slot.start) === day) ? dayOf(free.slots[0].start) : day;
    draw();
  }

  async function book() {
    const told = await hub.sendDirectly(`${client.name} books ${service.name}`, "booking-request", {
      params: { service_id: service.id },
      body: { start, client: { ...client, timezone: free.timezone } },
    });
    const word = KEPT[service.isConfirmed ? 1 : 0];
    said = told.status < 300
      ? { kind: "good", text: `${word}: ${time(start, free.timezone)}.` }
      : { kind: "bad", text: REFUSED[told.body?.error] ?? told.body?.title ?? `${told.status}: ${told.body?.error}` };
    start = null;
    await Promise.all([ask(), list()]);
  }

  // -------------------------------------------------------------------------------- the contractor

  function office() {
    const open = jobs.filter((job) => job.status !== "cancelled").slice(0, 6);
    return element("article", { class: "card", "aria-label": "The contractor's desk" }, [
      element("header", {}, [
        element("div", {}, [element("h3", {}, `Desk of ${service.tenantName}`), element("p", { class: "who" }, "Signed in with the tenant's key: sees its own bookings only")]),
        element("span", { class: "badge" }, `${open.length} open`),
      ]),
      open.length === 0 && element("p", { class: "hint" }, "No booking yet."),
      ...open.map(line),
    ]);
  }

  function line(job) {
    const [kind, words] = STATUS[job.status] ?? ["", job.status];
    const isPending = job.status === "pending-confirmation";
    const decide = (decision, body = {}) => doing(async () => {
      const told = await hub.send(`The contractor: ${decision} ${job.client_name}`, "booking-decision", {
        params: { job_id: job.id, decision }, body, speaksFor: service.tenant,
      });
      if (told.status >= 300) {
        throw new Error(told.body?.error ?? `the hub answered ${told.status}`);
      }
      await Promise.all([ask(), list()]);
    });
    const id = (name) => `${name}-${job.id.slice(-8)}`;
    return element("section", { class: "mail", "aria-label": `${job.client_name}, ${job.service_name}` }, [
      facts([
        ["Client", job.client_name],
        ["Service", job.service_name],
        ["When", time(job.start, free?.timezone ?? hub.timezone)],
      ]),
      element("div", { class: "row" }, [
        element("span", { class: `badge ${kind}` }, words),
        isPending && button(id("confirm"), "Confirm", decide("confirm")),
        isPending && button(id("decline"), "Decline", decide("decline", { reason: "We are closed that day." }), { kind: "danger" }),
        !isPending && hub.has("staff-reschedule") && button(id("move"), "Move by a day", doing(() => move(job)), { kind: "second" }),
        !isPending && button(id("cancel"), "Cancel", decide("cancel"), { kind: "danger" }),
      ]),
    ]);
  }

  async function move(job) {
    const to = new Date(new Date(job.start).getTime() + 86400000).toISOString();
    const told = await hub.send(`The contractor moves ${job.client_name}`, "staff-reschedule", {
      params: { job_id: job.id }, body: { start: to }, speaksFor: service.tenant,
    });
    if (told.status >= 300) {
      throw new Error(REFUSED[told.body?.error] ?? told.body?.error ?? `the hub answered ${told.status}`);
    }
    await Promise.all([ask(), list()]);
  }

  async function list() {
    const wanted = service;
    const told = await hub.ask("staff-jobs", { speaksFor: wanted.tenant, query: { limit: 50 } });
    if (wanted === service && place.isConnected) {
      const found = (told.body?.jobs ?? []).toSorted((one, other) => other.start.localeCompare(one.start));
      if (JSON.stringify(found) !== JSON.stringify(jobs)) {
        jobs = found;
        draw();
      }
    }
  }

  // ---------------------------------------------------------------------------------------- mails

  function inbox() {
    return element("article", { class: "card", "aria-label": "Mails" }, [
      element("header", {}, [element("h3", {}, "Mails that would have been sent"), element("span", { class: "badge mock" }, "Kept here")]),
      mails.size === 0 && element("p", { class: "hint" }, "None yet: book something."),
      element("div", { class: "mails" }, [...mails.values()].reverse().slice(0, 6).map((mail) =>
        element("section", { class: "mail" }, [
          element("p", { class: "to" }, `To ${mail.to}`),
          element("h3", {}, mail.subject ?? ""),
          element("pre", {}, (mail.text ?? "").replace(/(token=.{12})\S+/g, "$1…")),
          element("div", { class: "row" }, links(mail)),
        ]))),
    ]);
  }

  /** What the client can press in a mail: a link is good for one purpose and one version. */
  function links(mail) {
    const token = (name) => mail.text?.match(new RegExp(`/bookings/${name}\\?token=(\\S+)`))?.[1];
    const press = (what, workflow, body) => doing(async () => {
      const told = await hub.sendDirectly(what, workflow, { body });
      said = told.status < 300
        ? { kind: "good", text: `${what}: done.` }
        : { kind: "bad", text: LINKS[told.body?.error] ?? told.body?.error ?? told.body?.title ?? String(told.status) };
      await Promise.all([ask(), list()]);
      draw();
    });
    const [cancel, move] = [token("cancel"), token("reschedule")];
    return [
      move && hub.has("client-reschedule") && free?.slots?.length > 0 && button(`press-move-${move.slice(-8)}`, "Take the first free time", press("The client moves the booking", "client-reschedule", { token: move, start: free.slots[0].start }), { kind: "second" }),
      cancel && hub.has("client-cancel") && button(`press-cancel-${cancel.slice(-8)}`, "Cancel", press("The client cancels", "client-cancel", { token: cancel }), { kind: "danger" }),
    ];
  }

  /** What the runs would have sent; the page tells each time it has looked. */
  function effects(found) {
    const before = mails.size;
    for (const each of found) {
      if (each.inputs.subject) {
        mails.set(`${each.at}/${each.inputs.to}/${each.inputs.subject}`, each.inputs);
      }
    }
    if (mails.size !== before && place.isConnected) {
      draw();
    }
  }

  function follow() {
    if (isShown()) {
      list().catch(complain).finally(() => setTimeout(follow, LOOK_EVERY));
    }
  }

  const isShown = () => place.querySelector("#service") !== null;

  return {
    draw() {
      draw();
      Promise.all([ask(), list()]).catch(complain).finally(() => setTimeout(follow, LOOK_EVERY));
    },
    effects,
  };
}

// Paid slots: a time is reserved while the payment is made; paid means confirmed, else it is free.
import { complain, doing } from "./doing.js";
import { button, daysFromNow, element, facts, show, time, until } from "./dom.js";

const CUSTOMER = { id: "6d1f0c52-7a3e-4a4c-8e55-0f5b1a2c9d01", email: "ada@example.com" };
const MINUTES = 30;
const PRICE = 4500;
const HOURS = [9, 10, 11, 13, 14, 15, 16, 17];

export function slots(hub, place) {
  let mechanic = hub.rows.mechanics[0];
  let days = 2;
  let times = null;
  let start = null;
  let checkout = null;
  let sessions = [];
  let said = null;

  function draw() {
    show(place, [
      element("h2", {}, "A slot is reserved while its payment is made"),
      element("p", { class: "lead-in" }, "Nobody can take the time for 15 minutes. The payment's webhook confirms it; a failed payment frees it at once. Money that was taken is never kept without a slot."),
      choice(),
      checkout && payment(),
      own(),
    ]);
  }

  function choice() {
    return element("article", { class: "card", "aria-label": "Choose a time" }, [
      element("h3", {}, "Talk to a mechanic, 30 minutes, CA$45.00"),
      element("div", { class: "fields" }, [
        element("label", {}, ["Mechanic", element("select", { id: "mechanic", onchange: doing(async (event) => {
          mechanic = hub.rows.mechanics.find((each) => each.id === event.target.value);
          await ask();
        }) }, hub.rows.mechanics.map((each) => element("option", { value: each.id, selected: each.id === mechanic.id }, each.name)))]),
        element("label", {}, ["Day", element("select", { id: "day", onchange: doing(async (event) => {
          days = Number(event.target.value);
          await ask();
        }) }, [1, 2, 3, 4, 5].map((each) => element("option", { value: each, selected: each === days },
          new Intl.DateTimeFormat("en", { weekday: "long", month: "short", day: "numeric" }).format(daysFromNow(each)))))]),
      ]),
      element("div", { class: "times", role: "group", "aria-label": "Times" }, (times ?? []).map((each) =>
        element("button", {
          type: "button", class: "time", id: `time-${each.at.getHours()}`, disabled: !each.isFree,
          "aria-pressed": String(each.at.getTime() === start?.getTime()), onclick: () => { start = each.at; draw(); },
        }, new Intl.DateTimeFormat("en", { hour: "numeric", minute: "2-digit" }).format(each.at)))),
      times === null && element("p", { class: "hint" }, "Asking for free times…"),
      said && element("p", { class: `note ${said.kind}`, role: "status" }, said.text),
      element("div", { class: "row" }, [button("reserve", "Reserve and pay", doing(reserve), { disabled: start === null || checkout?.state === "open" })]),
    ]);
  }

  async function ask() {
    const asked = [mechanic, days];
    const found = await Promise.all(HOURS.map(async (hour) => {
      const at = daysFromNow(days, hour);
      const told = await hub.check({ mechanic_id: mechanic.id, start: at.toISOString(), end: new Date(at.getTime() + MINUTES * 60000).toISOString() });
      return { at, isFree: told.body?.available === true };
    }));
    if (asked[0] === mechanic && asked[1] === days && place.isConnected) {
      times = found;
      start = found.find((each) => each.isFree && each.at.getTime() === start?.getTime())?.at ?? null;
      draw();
    }
  }

  async function reserve() {
    const told = await hub.send(`Reserve ${mechanic.name} and ask for the payment`, "slot-checkout", {
      body: {
        customer_id: CUSTOMER.id, customer_email: CUSTOMER.email, mechanic_id: mechanic.id, amount: PRICE,
        scheduled_for: start.toISOString(), duration_minutes: MINUTES, session_type: "video",
        timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      },
    });
    if (told.status !== 201) {
      said = { kind: "bad", text: told.body?.error === "slot_taken" ? "Somebody else has this time." : `${told.status}: ${told.body?.error ?? told.body?.title ?? "not possible"}` };
    } else {
      said = null;
      checkout = { ...told.body, at: start, state: "open", intent: String(told.body.client_secret).replace(/_secret.*$/, "") };
    }
    await ask();
  }

  function payment() {
    const isOpen = checkout.state === "open";
    return element("article", { class: `card ${checkout.state === "paid" ? "done" : ""}`, "aria-label": "Payment" }, [
      element("header", {}, [
        element("h3", {}, isOpen ? "Pay CA$45.00" : checkout.state === "paid" ? "Paid" : "The payment failed"),
        element("span", { class: `badge ${isOpen ? "warn" : checkout.state === "paid" ? "good" : "bad"}` }, isOpen ? `Held, ends ${until(checkout.expires_at)}` : checkout.state),
      ]),
      facts([["When", time(checkout.at.toISOString())], ["Reservation", checkout.reservation_id.slice(0, 8)], ["Payment", checkout.intent]]),
      element("p", { class: "note warn" }, "No card and no money: Stripe is not asked. Say yourself what it reports."),
      isOpen && element("div", { class: "row" }, [
        button("pay", "The payment succeeds", doing(() => report("succeeded"))),
        button("fail", "The card is declined", doing(() => report("payment_failed")), { kind: "danger" }),
      ]),
    ]);
  }

  async function report(word) {
    const told = await hub.send(`Stripe reports payment_intent.${word}`, "stripe-webhook", {
      body: {
        id: `evt_${crypto.randomUUID().replaceAll("-", "")}`,
        object: "event",
        type: `payment_intent.${word}`,
        created: Math.floor(Date.now() / 1000),
        data: { object: { id: checkout.intent, object: "payment_intent", amount: PRICE, currency: "cad", metadata: { reservation_id: checkout.reservation_id } } },
      },
    });
    if (told.status < 300) {
      checkout.state = word === "succeeded" ? "paid" : "failed";
    }
    draw();
    await settle(0);
  }

  /** The run goes on behind the answer: look until its end is seen. */
  async function settle(tries) {
    const before = JSON.stringify([sessions, times]);
    await Promise.all([list(), ask()]);
    if (before === JSON.stringify([sessions, times]) && tries < 10 && place.querySelector("#mechanic")) {
      setTimeout(() => settle(tries + 1).catch(complain), 700);
    }
  }

  function own() {
    const open = sessions.filter((each) => each.status !== "cancelled").slice(0, 5);
    return element("article", { class: "card", "aria-label": "Own sessions" }, [
      element("header", {}, [element("h3", {}, "The customer's sessions"), element("span", { class: "badge" }, String(open.length))]),
      open.length === 0 && element("p", { class: "hint" }, "None yet."),
      ...open.map((each) => {
        const id = each.session_id ?? each.id;
        const change = (workflow, what, body) => doing(async () => {
          const told = await hub.send(what, workflow, { body: { session_id: id, customer_id: CUSTOMER.id, ...body } });
          if (told.status >= 300) {
            throw new Error(told.body?.error ?? `the hub answered ${told.status}`);
          }
          await Promise.all([list(), ask()]);
        });
        return element("section", { class: "mail", "aria-label": time(each.scheduled_for) }, [
          facts([["When", time(each.scheduled_for)], ["Kind", each.kind], ["Status", each.status]]),
          each.status === "scheduled" && element("div", { class: "row" }, [
            hub.has("session-reschedule") && button(`move-${id.slice(-8)}`, "Move by a day", change("session-reschedule", "The customer moves the session", {
              scheduled_for: new Date(new Date(each.scheduled_for).getTime() + 86400000).toISOString(),
            }), { kind: "second" }),
            hub.has("session-cancel") && button(`cancel-${id.slice(-8)}`, "Cancel", change("session-cancel", "The customer cancels the session"), { kind: "danger" }),
          ]),
        ]);
      }),
    ]);
  }

  async function list() {
    const told = await hub.ask("sessions", { query: { viewer: "customer", viewer_id: CUSTOMER.id } });
    if (place.isConnected) {
      sessions = told.body?.sessions ?? [];
      if (place.querySelector("#mechanic")) {
        draw();
      }
    }
  }

  return {
    draw() {
      draw();
      Promise.all([ask(), list()]).catch(complain);
    },
  };
}

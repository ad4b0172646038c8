// Booking by phone: choose a provider, the hub lets its voice agent call, the status is followed.
import { complain, doing } from "./doing.js";
import { button, daysFromNow, element, facts, field, phone, show } from "./dom.js";

const STEPS = [["recommended", "Recommended"], ["booking", "Scheduling"], ["completed", "Confirmed"]];
const LOOK_EVERY = 1000;
const PROVIDERS = [
  ["Harbour Plumbing", "+12025550161", "4.9 · 12 minutes away"],
  ["Bright Spark Electrics", "+12025550162", "4.8 · 20 minutes away"],
  ["Oak & Son Repairs", "+12025550163", "4.7 · 25 minutes away"],
];
const CUSTOMER = { name: "Ada Byron", phone: "+12025550147", location: "12 Dock Street" };

export function call(hub, place) {
  let request = null;
  let chosen = null;
  let seen = null;
  let refusal = null;
  const wished = { date: daysFromNow(3).toISOString().slice(0, 10), time: "14:00" };

  function draw() {
    show(place, [
      element("h2", {}, "A voice agent books the appointment while the client goes on"),
      element("p", { class: "lead-in" }, "The page hears at once that the request is taken. The call is made by a run: leave the page, come back, and the status is still right."),
      request === null ? wanted() : status(),
      request !== null && seen?.status !== "COMPLETED" && providers(),
    ]);
  }

  function wanted() {
    return element("article", { class: "card", "aria-label": "Service request" }, [
      element("h3", {}, "What is needed"),
      element("p", {}, "The boiler makes a knocking sound and should be looked at."),
      element("div", { class: "fields" }, [
        field("Preferred date", { type: "date", id: "wish-date", value: wished.date, onchange: (event) => { wished.date = event.target.value; } }),
        field("Preferred time", { type: "time", id: "wish-time", value: wished.time, onchange: (event) => { wished.time = event.target.value; } }),
      ]),
      element("div", { class: "row" }, [button("recommend", "Find providers", doing(recommend))]),
    ]);
  }

  async function recommend() {
    const made = {
      id: crypto.randomUUID(),
      providers: PROVIDERS.map(([name, phone, words]) => ({ id: crypto.randomUUID(), name, phone, words })),
    };
    const told = await hub.send("Providers are recommended", "service-request", {
      body: { serviceRequestId: made.id, providers: made.providers.map(({ id, name, phone }) => ({ id, name, phone })) },
    });
    if (told.status < 300) {
      request = made;
      await look();
    } else {
      throw new Error(told.body?.error ?? told.body?.title ?? `the hub answered ${told.status}`);
    }
  }

  function status() {
    const at = STEPS.findIndex(([name]) => name === (seen?.step ?? "recommended"));
    return element("article", { class: `card ${seen?.confirmation ? "done" : ""}`, "aria-label": "Status" }, [
      element("header", {}, [
        element("h3", { role: "status", class: seen?.step === "booking" ? "busy" : "" }, seen?.label ?? "Asking…"),
        element("span", { class: `badge ${seen?.step === "completed" ? "good" : seen?.step === "booking" ? "warn busy" : ""}` }, seen?.status ?? ""),
      ]),
      element("ol", { class: "steps" }, STEPS.map(([, words], place) =>
        element("li", { class: place < at || seen?.step === "completed" ? "over" : "", "aria-current": place === at && seen?.step !== "completed" ? "step" : null }, words),
      )),
      seen?.confirmation && facts([
        ["Provider", seen.confirmation.provider, "big"],
        ["Date & time", seen.confirmation.dateTime],
        seen.confirmation.confirmationNumber && ["Confirmation number", seen.confirmation.confirmationNumber],
      ]),
      seen?.confirmation?.mode && seen.confirmation.mode !== "live" && element("p", { class: "note warn" }, "Nobody was called: the booking is simulated, and its number says so."),
      seen?.lastResult && !seen.confirmation && seen.step !== "booking" && element("p", { class: "note warn" }, `Last call: ${seen.lastResult}. Another provider can be tried.`),
      refusal && element("p", { class: "note bad", role: "status" }, refusal),
      element("div", { class: "row" }, [button("another", "Another request", doing(async () => {
        [request, chosen, seen, refusal] = [null, null, null, null];
        draw();
      }), { kind: "quiet" })]),
    ]);
  }

  function providers() {
    return element("div", { class: "mails" }, request.providers.map((provider, number) =>
      element("article", { class: "card", "aria-label": provider.name }, [
        element("header", {}, [
          element("div", {}, [element("h3", {}, provider.name), element("p", { class: "who" }, `${provider.words} · ${phone(provider.phone)}`)]),
          button(`book-${number}`, chosen === provider.id && seen?.step === "booking" ? "Calling…" : "Book", doing(() => book(provider)), { kind: chosen && chosen !== provider.id ? "second" : "" }),
        ]),
      ]),
    ));
  }

  async function book(provider) {
    chosen = provider.id;
    const told = await hub.send(`Book ${provider.name} by phone`, "booking-schedule-async", {
      body: {
        serviceRequestId: request.id,
        providerId: provider.id,
        providerPhone: provider.phone,
        providerName: provider.name,
        serviceDescription: "The boiler makes a knocking sound",
        preferredDate: wished.date,
        preferredTime: wished.time,
        customerName: CUSTOMER.name,
        customerPhone: CUSTOMER.phone,
        location: CUSTOMER.location,
      },
    });
    refusal = told.status < 300 ? null : `${told.status}: ${told.body?.error ?? told.body?.title}`;
    await look();
  }

  async function look() {
    const asked = request;
    const told = await hub.ask("booking-status", { params: { request_id: asked.id } });
    if (asked !== request || !place.isConnected) {
      return;
    }
    seen = told.body?.data ?? null;
    draw();
    if (seen?.step === "booking") {
      setTimeout(() => look().catch(complain), LOOK_EVERY);
    }
  }

  return { draw };
}

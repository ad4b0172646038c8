// Held numbers: give a lead a number, book, and say what became of the appointment.
import { doing } from "./doing.js";
import { button, daysFromNow, element, facts, phone, show, time, until } from "./dom.js";

const SAID = {
  "no appointment": "No appointment yet",
  "follow-up window": "To follow up",
  "grace over": "Free for the next lead",
};

export function holds(hub, place) {
  const said = new Map();

  function draw() {
    show(place, [
      element("h2", {}, "A phone number stays with its lead around every appointment"),
      element("p", { class: "lead-in" }, "Give a lead a number of the pool. A booking extends the hold to 24 hours after the appointment; it is never shortened. Cancel, and the number is free at once."),
      ...hub.rows.leads.map(card),
    ]);
  }

  function card(lead) {
    const hold = hub.rows.holds.find((each) => each.leadId === lead.id);
    const isHeld = hold && new Date(hold.releaseAt) > Date.now();
    const isBooked = isHeld && hold.appointment && hold.label.startsWith("pending");
    const after = (work) => doing(async () => {
      const told = await work();
      said.set(lead.id, sentence(told));
      await hub.refresh();
      draw();
    });
    const outcome = (word, more = {}) => after(() =>
      hub.send(`${lead.name}: ${word.replace("_", " ")}`, "appointment-outcome", {
        body: { lead_id: lead.id, outcome: word, occurred_at: new Date().toISOString(), ...more },
      }),
    );
    const id = (name) => `${name}-${lead.id.slice(0, 8)}`;
    return element("article", { class: "card", "aria-label": lead.name }, [
      element("header", {}, [
        element("div", {}, [
          element("h3", {}, lead.name),
          element("p", { class: "who" }, `${phone(lead.phone)} · ${lead.email}`),
        ]),
        element("span", { class: `badge ${isBooked ? "good" : isHeld ? "test" : ""}` },
          isBooked ? "Booked" : isHeld ? SAID[hold.label] ?? hold.label : "No number"),
      ]),
      isHeld && facts([
        ["Number", phone(hold.number), "big"],
        ["Appointment", isBooked ? time(hold.appointment, hub.timezone) : "–"],
        ["Free again", `${time(hold.releaseAt, hub.timezone)} (${until(hold.releaseAt)})`],
        hold.outcome && ["Last outcome", hold.outcome.replace("_", " ")],
      ]),
      said.has(lead.id) && element("p", { class: `note ${said.get(lead.id).kind}`, role: "status" }, said.get(lead.id).text),
      element("div", { class: "row" }, [
        button(id("give"), isHeld ? "Answers again" : "Give a number", after(() =>
          hub.send(`${lead.name} gives a phone number`, "lead-phone", { body: { lead_id: lead.id, phone: lead.phone } }),
        ), { kind: isHeld ? "second" : "" }),
        button(id("book"), isBooked ? "Book another" : "Book by voice agent", after(() => book(lead)), {
          kind: isHeld && !isBooked ? "" : "second", disabled: !isHeld,
        }),
        isBooked && button(id("showed"), "Showed up", outcome("showed"), { kind: "second" }),
        isBooked && button(id("missed"), "Missed it", outcome("no_show"), { kind: "second" }),
        isBooked && button(id("move"), "Move by a day", outcome("rescheduled", {
          new_appointment_time: new Date(new Date(hold.appointment).getTime() + 86400000).toISOString(),
        }), { kind: "second" }),
        isBooked && button(id("cancel"), "Cancel", outcome("cancelled"), { kind: "danger" }),
      ]),
    ]);
  }

  function book(lead) {
    const id = crypto.randomUUID();
    const starts = daysFromNow(2 + Math.floor(Math.random() * 5), 9 + Math.floor(Math.random() * 8));
    const tool = {
      id: `tool-${id}`,
      type: "function",
      function: { name: "book_appointment", arguments: { lead_id: lead.id, appointment_time: starts.toISOString() } },
    };
    const customer = { number: lead.phone, name: lead.name };
    return hub.send(`The voice agent books for ${lead.name}`, "vapi-appointment-booked", {
      body: {
        message: {
          type: "tool-calls",
          toolCalls: [tool],
          toolCallList: [tool],
          call: { id: `call-${id}`, type: "outboundPhoneCall", status: "in-progress", customer },
          customer,
        },
      },
    });
  }

  return { draw };
}

function sentence(told) {
  const result = told.body?.results?.[0];
  if (result) {
    return { kind: result.error ? "bad" : "good", text: `The agent says: “${result.result ?? result.error}”` };
  }
  if (told.status < 300) {
    return { kind: "good", text: told.body?.phone_number ? `The lead has ${phone(told.body.phone_number)}.` : "Done." };
  }
  return { kind: "bad", text: `${told.status}: ${told.body?.error ?? told.body?.title ?? "refused"}` };
}

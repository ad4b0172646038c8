// Elements out of plain values: texts stay texts, nothing is ever read as HTML.

/** An element with its attributes and what lies in it; `onclick` and the like are listeners. */
export function element(name, attributes = {}, children = []) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) {
      made.addEventListener(key.slice(2), value);
    } else if (value === true) {
      made.setAttribute(key, "");
    } else if (value !== false && value !== null && value !== undefined) {
      made.setAttribute(key, value);
    }
  }
  made.append(...[children].flat().filter((each) => each !== null && each !== undefined && each !== false));
  return made;
}

/** Put these in place of what is there; what had the focus has it again, by its id. */
export function show(place, children) {
  const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
  place.replaceChildren(...[children].flat().filter(Boolean));
  if (focused) {
    document.getElementById(focused)?.focus();
  }
}

/** A time as its reader says it. */
export function time(iso, timeZone) {
  if (!iso) {
    return "–";
  }
  return new Intl.DateTimeFormat("en", {
    weekday: "short", month: "short", day: "numeric", hour: "numeric", minute: "2-digit", timeZone,
  }).format(new Date(iso));
}

/** A number of North America as people write it; others as they are. */
export function phone(number) {
  return number?.replace(/^\+1(\d{3})(\d{3})(\d{4})$/, "+1 $1 $2 $3");
}

/** How long until then: "in 2 d 3 h". */
export function until(iso) {
  const minutes = Math.round((new Date(iso) - Date.now()) / 60000);
  if (minutes <= 0) {
    return "over";
  }
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60)];
  return days ? `in ${days} d ${hours} h` : hours ? `in ${hours} h ${minutes % 60} min` : `in ${minutes} min`;
}

/** So many days from now, at this hour of the clock here, as an instant. */
export function daysFromNow(days, hour = 10) {
  const at = new Date();
  at.setDate(at.getDate() + days);
  at.setHours(hour, 0, 0, 0);
  return at;
}

/** Names and values, beside each other. */
export function facts(pairs) {
  return element("dl", { class: "facts" }, pairs.filter(Boolean).map(([name, value, kind]) =>
    element("div", {}, [element("dt", {}, name), element("dd", { class: kind ?? "" }, value ?? "–")]),
  ));
}

/** A button. */
export function button(id, text, onclick, { kind = "", disabled = false } = {}) {
  return element("button", { type: "button", id, class: kind, onclick, disabled }, text);
}

/** A field with its label. */
export function field(label, attributes) {
  return element("label", {}, [label, element("input", attributes)]);
}

// Shows the clinic's page as pictures, and sends what is done to it. Nothing is kept here.
const here = location.pathname.replace(/\/$/, "");
const image = document.querySelector("#page");
const type = document.querySelector("#type");
const state = document.querySelector("#state");
const SPACE = "\u200b"; // stands in the field, so that a phone's backspace is noticed

let waiting = [], isSending = false;
function send(input) {
  waiting.push(input);
  if (!isSending) flush();
}
async function flush() {
  isSending = true;
  while (waiting.length) {
    const inputs = waiting.splice(0, 50);
    try {
      const said = await fetch(here + "/inputs", {
        method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(inputs),
      });
      state.textContent = said.ok ? "" : "The page does not answer just now. Please try again.";
    } catch { state.textContent = "No connection. Please try again."; }
  }
  isSending = false;
}

const frames = new EventSource(here + "/frames");
frames.onmessage = (event) => {
  const said = JSON.parse(event.data);
  if (said.kind === "frame") {
    image.src = "data:image/jpeg;base64," + said.jpeg;
    state.textContent = "";
    document.body.dataset.shown = Number(document.body.dataset.shown || 0) + 1;
  } else if (said.kind === "choices") {
    offer(said);
  } else if (said.kind === "over") {
    frames.close();
    location.reload();
  } else {
    state.textContent = "The page does not answer just now. One moment, please.";
  }
};
frames.onerror = () => { state.textContent = "Connecting again …"; };
frames.onopen = () => send({do: "size", width: innerWidth, height: Math.max(innerHeight - 140, 320)});

// A list that the clinic's page would open natively is in no picture: it is shown here.
const choices = document.querySelector("#choices");
function offer(said) {
  document.querySelector("#asked").textContent = said.label || "Please choose";
  document.querySelector("#options").replaceChildren(...said.choices.map((each, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = each.words || "–";
    button.disabled = !each.isFree;
    if (each.isChosen) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => { choices.close(); send({do: "pick", place: at}); });
    return button;
  }));
  if (!choices.open) choices.showModal();
}
document.querySelector("#none").addEventListener("click", () => choices.close());

function place(event) {
  const box = image.getBoundingClientRect();
  const part = (value, from, size) => Math.min(Math.max((value - from) / size, 0), 1);
  return {x: part(event.clientX, box.left, box.width), y: part(event.clientY, box.top, box.height)};
}
let from = null;
image.addEventListener("pointerdown", (event) => {
  from = {x: event.clientX, y: event.clientY, at: place(event), hasMoved: false};
  event.preventDefault();
});
image.addEventListener("pointermove", (event) => {
  if (!from) return;
  const by = from.y - event.clientY;
  if (Math.abs(by) < 12 && !from.hasMoved) return;
  from.hasMoved = true;
  from.y = event.clientY;
  send({do: "wheel", ...from.at, by});
});
image.addEventListener("pointerup", (event) => {
  if (from && !from.hasMoved) {
    send({do: "tap", ...place(event)});
    type.focus({preventScroll: true}); // a phone opens its keyboard for a tap only
  }
  from = null;
});
image.addEventListener("wheel", (event) => {
  send({do: "wheel", ...place(event), by: Math.min(Math.max(event.deltaY, -2000), 2000)});
  event.preventDefault();
}, {passive: false});

function reset() {
  type.value = SPACE;
  type.setSelectionRange(1, 1);
}
type.addEventListener("focus", reset);
type.addEventListener("input", () => {
  const value = type.value;
  if (value === "") send({do: "key", key: "Backspace"});
  else if (value !== SPACE) send({do: "text", text: value.replace(SPACE, "").slice(0, 200)});
  reset();
});
const KEYS = ["Enter", "Tab", "Escape", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Delete"];
type.addEventListener("keydown", (event) => {
  if (!KEYS.includes(event.key)) return;
  event.preventDefault();
  send({do: "key", key: event.key});
});
document.querySelector("#keys").addEventListener("submit", (event) => event.preventDefault());
for (const button of document.querySelectorAll("[data-key]")) {
  button.addEventListener("click", () => {
    send({do: "key", key: button.dataset.key});
    type.focus({preventScroll: true});
  });
}

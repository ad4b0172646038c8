// Parts of a page that are live: a stream tells that something changed, and htmx asks for the part again.
// Where no stream can be had, the part is asked for every two seconds. While nobody looks there is neither.
{
  const PAUSE = 1000, POLL = 2000, AGAIN = 30_000, REFUSED = 5000, POINTED = 1200, LOOK = 250; // ms
  const streams = new Map(); // address → the stream of the part that names it
  let pointedAt = -POINTED;

  const partOf = (address) => [...document.querySelectorAll("[data-live]")].find((each) => each.dataset.live === address);
  const statesIn = (part) => new Map([...part.querySelectorAll("[data-state]")].map((each) => [each.id, each.dataset.state]));

  // Somebody points at a line of it, has marked words in it, or has put the cursor into it: nothing moves then.
  const isInHand = (part) => {
    const focused = part.contains(document.activeElement) && !document.activeElement.matches("summary[id]");
    const marked = getSelection();
    const isMarked = !marked.isCollapsed && part.contains(marked.anchorNode);
    return focused || isMarked || (performance.now() - pointedAt < POINTED && part.matches(":hover"));
  };

  class Stream {
    constructor(address) {
      this.address = address;
      this.isDue = this.isAsking = false;
      this.notBefore = this.poll = this.again = 0;
      this.connect();
    }

    connect() {
      const part = partOf(this.address);
      const url = new URL(this.address, location.href);
      url.searchParams.set("seen", part.dataset.seen);
      this.source = new EventSource(url);
      this.source.onopen = () => this.becomes("live");
      for (const name of ["changed", "beat"]) this.source.addEventListener(name, () => { this.isDue = true; });
      this.source.onerror = () => {
        this.becomes("polls");
        if (this.source.readyState === EventSource.CLOSED) { // refused: it does not try again by itself
          clearTimeout(this.again);
          this.again = setTimeout(() => this.connect(), AGAIN);
        }
      };
    }

    becomes(state) {
      this.state = state;
      clearInterval(this.poll);
      if (state === "polls") this.poll = setInterval(() => { this.isDue = true; }, POLL);
      show(state);
    }

    ask() {
      const part = partOf(this.address);
      if (!this.isDue || this.isAsking || !part || performance.now() < this.notBefore || isInHand(part)) return;
      this.isDue = false;
      this.isAsking = true;
      this.states = statesIn(part);
      this.opened = [...part.querySelectorAll("details[id][open]")].map((each) => each.id);
      htmx.trigger(part, "live");
    }

    answered(isGood) {
      this.isAsking = false;
      this.isDue = this.isDue || !isGood;
      this.notBefore = performance.now() + (isGood ? PAUSE : REFUSED);
    }

    // What was open stays open, and what is new is seen to be new.
    swapped(part) {
      for (const id of this.opened) document.getElementById(id)?.setAttribute("open", "");
      for (const [id, state] of statesIn(part)) {
        if (this.states.get(id) !== state) document.getElementById(id).classList.add("fresh");
      }
    }

    close() {
      this.source.close();
      clearInterval(this.poll);
      clearTimeout(this.again);
    }
  }

  const show = (state) => {
    for (const each of document.querySelectorAll("[data-live-state]")) {
      each.hidden = !state;
      each.dataset.liveState = state;
      each.textContent = state === "polls" ? "every 2 s" : "live";
    }
  };

  const reconcile = () => {
    const wanted = new Set(document.hidden ? [] : [...document.querySelectorAll("[data-live]")].map((each) => each.dataset.live));
    for (const [address, stream] of streams) {
      if (!wanted.has(address)) {
        stream.close();
        streams.delete(address);
      }
    }
    for (const address of wanted) if (!streams.has(address)) streams.set(address, new Stream(address));
    show([...streams.values()][0]?.state ?? "");
  };

  // Who asked: the part that it was then, which may be gone, or be over and live no more.
  const streamOf = (event) => streams.get(event.detail.requestConfig?.elt.dataset.live);

  document.addEventListener("pointermove", () => { pointedAt = performance.now(); });
  document.addEventListener("visibilitychange", reconcile);
  document.addEventListener("htmx:afterRequest", (event) => {
    const stream = streamOf(event);
    if (stream?.isAsking) stream.answered(event.detail.successful);
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    streamOf(event)?.swapped(event.detail.elt);
    reconcile();
  });
  setInterval(() => { for (const stream of streams.values()) stream.ask(); }, LOOK);
  reconcile();
}

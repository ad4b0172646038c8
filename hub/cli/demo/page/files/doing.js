// A click and its work: one at a time, and a failure is told.

const place = document.getElementById("alert");

/** Tell what did not work; null: all is well again. */
export function complain(problem) {
  place.textContent = problem ? `That did not work: ${problem.message ?? problem}` : "";
  place.hidden = !problem;
}

/** A listener that does this, unless it is still at it. */
export function doing(work) {
  let isBusy = false;
  return async (event) => {
    event?.preventDefault?.();
    if (isBusy) {
      return;
    }
    isBusy = true;
    complain(null);
    try {
      await work(event);
    } catch (problem) {
      complain(problem);
    } finally {
      isBusy = false;
    }
  };
}

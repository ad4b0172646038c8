// Parts of a page that renew themselves wait while nobody looks, and while somebody reads in them.
document.addEventListener("htmx:beforeRequest", (event) => {
  const part = event.target;
  if (!part.matches("#pulse, #compare")) return;
  const isRead = part.querySelector("details[open]") || part.contains(document.activeElement);
  if (document.hidden || isRead) event.preventDefault();
});

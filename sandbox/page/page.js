// Keeps the page fresh without losing the reader's place: it asks for the page again,
// gets 304 while nothing is new, and puts in only the parts that are new or changed.
"use strict";

const every = 2000;
const connection = document.getElementById("connection");
let etag = "";

function merge(live, fresh) {
  const shown = new Map([...live.children].map((part) => [part.dataset.key, part]));
  let place = null;
  for (const part of [...fresh.children]) {
    const old = shown.get(part.dataset.key);
    const keep = old && old.dataset.version === part.dataset.version;
    const next = place ? place.nextElementSibling : live.firstElementChild;
    const wanted = keep ? old : document.adoptNode(part);
    if (wanted !== next) live.insertBefore(wanted, next);
    if (!keep && old) old.remove();
    shown.delete(part.dataset.key);
    place = wanted;
  }
  for (const gone of shown.values()) gone.remove();
}

function show(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  for (const fresh of page.querySelectorAll("[data-live]")) {
    const live = document.querySelector(`[data-live="${fresh.dataset.live}"]`);
    if (live) merge(live, fresh);
  }
  for (const selector of ["h1", "header button"]) {
    const live = document.querySelector(selector), fresh = page.querySelector(selector);
    if (live && fresh) live.replaceWith(document.adoptNode(fresh));
  }
}

async function refresh() {
  try {
    const answer = await fetch(location.href, { headers: etag ? { "If-None-Match": etag } : {}, cache: "no-store" });
    if (answer.status === 200) {
      show(await answer.text());
      etag = answer.headers.get("ETag") || "";
    }
    connection.textContent = "";
  } catch {
    connection.textContent = "The sandbox does not answer; trying again.";
  }
}

async function keepFresh() {
  if (!document.hidden) await refresh();
  setTimeout(keepFresh, every);
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});
setTimeout(keepFresh, every);

// How pages follow the events of their workspace. All tabs of a browser share one stream, since a browser opens six
// connections to a server at most: the tab that holds a lock has the stream, and tells the others what it reads.
'use strict';

// A page asks the API a dozen times, and one key may ask 50 times a second.
const debounce = 1000;
const firstPause = 1000;
const longestPause = 30000;
// A tab that was hidden for so long follows nothing until somebody looks at it.
const restAfter = 5 * 60000;
// The tab with the stream says so often how it is; whoever hears nothing for longer shows old things.
const sayEvery = 15000;
const silentAfter = 3 * sayEvery;

let position = null;
let brokenSince = null;
let restsSince = null;
let heardAt = Date.now();
let isCurrent = false;
let pause = firstPause;
let waiting = [];
let timer = null;
let channel = null;
// leaving ends the following of this tab, null where it rests; leads is set where it has the stream.
let leaving = null;
let leads = false;
let isLoggedOut = false;

// matches reports whether an event's type, such as delivery.blocked, begins with one of the words.
const matches = (words, type) => words.split(' ').some((word) => type.startsWith(word + '.'));

// --- What events do to the page

// concerns reports whether a part of the page shows what an event tells of: a part of one chat shows nothing of others.
function concerns(place, { type, chat }) {
  const shown = place.dataset.chat;
  return matches(place.dataset.live, type) && (!shown || !chat || shown === String(chat));
}

function takeEvent({ type, id, chat, subject }) {
  position = id || position;
  countNews(type, chat, subject);
  if (leaving) {
    waiting.push({ type, chat });
    timer ??= setTimeout(showChanges, debounce);
  }
}

function showChanges() {
  const events = waiting;
  waiting = [];
  timer = null;

  for (const place of document.querySelectorAll('[data-live]')) {
    if (events.some((event) => concerns(place, event))) {
      htmx.trigger(place, 'changed');
    }
  }
}

// showAll brings the page up to date where it is not known what has changed.
function showAll() {
  isCurrent = true;
  document.querySelectorAll('[data-live]').forEach((place) => htmx.trigger(place, 'changed'));
}

// countNews counts what has events, not the events: a list of chats counts chats, and others what the events are of.
function countNews(type, chat, subject) {
  for (const badge of document.querySelectorAll('[data-news]')) {
    if (matches(badge.dataset.news, type)) {
      badge.things ??= new Set();
      badge.things.add(matches(badge.dataset.news, 'chat.') ? chat : subject);
      badge.textContent = `${badge.things.size} new`;
      badge.hidden = false;
    }
  }
}

function sayBroken() {
  const state = document.getElementById('stream-state');
  state.hidden = brokenSince === null || isLoggedOut;
  if (brokenSince !== null) {
    const minutes = Math.floor((Date.now() - brokenSince) / 60000);
    state.textContent = 'This page has not been updated ' +
      (minutes < 1 ? 'for less than a minute' : `for ${minutes} min`) + ': the stream of events is broken. It is tried again.';
  }
}

// --- The stream, in the tab that has it

async function openStream(left) {
  let ticket;
  try {
    const answer = await fetch(pages.stream, { method: 'POST', headers: { 'X-Csrf-Token': pages.csrf }, signal: left });
    if (answer.status === 401 || answer.status === 403) {
      channel?.postMessage({ ended: true });
      endSession();
      return;
    }
    if (!answer.ok) {
      throw new Error(answer.statusText);
    }
    ticket = await answer.json();
  } catch {
    openAgain(left);
    return;
  }

  if (!left.aborted) {
    readStream(new EventSource(ticket.url + (position === null ? '' : `&after=${position}`)), left);
  }
}

function readStream(source, left) {
  const close = () => source.close();
  left.addEventListener('abort', close, { once: true });

  source.onmessage = (event) => {
    const { type, chat_id: chat, subject_id: subject } = JSON.parse(event.data);
    const taken = { type, chat, subject, id: event.lastEventId };
    takeEvent(taken);
    channel?.postMessage({ event: taken });
  };

  source.addEventListener('stream.missed', (event) => {
    position = event.lastEventId || position;
    showAll();
    sayState();
  });

  source.onopen = () => {
    brokenSince = null;
    restsSince = null;
    pause = firstPause;
    sayBroken();
    sayState();
    // What has changed since the page was made may be in no event of the stream.
    if (!isCurrent) {
      showAll();
    }
  };

  // The token counts once: the next connection needs another one.
  source.onerror = () => {
    source.close();
    left.removeEventListener('abort', close);
    openAgain(left);
  };
}

function openAgain(left) {
  if (left.aborted) {
    return;
  }
  brokenSince ??= restsSince ?? Date.now();
  sayBroken();
  sayState();
  setTimeout(() => left.aborted || openStream(left), pause);
  pause = Math.min(2 * pause, longestPause);
}

// --- The tabs among themselves

const sayState = () => channel?.postMessage({ state: { position, brokenSince } });

function hearTab({ data }) {
  if (data.ended) {
    endSession();
  } else if (data.asks) {
    if (leads) {
      sayState();
    }
    renewSession();
  } else if (data.event && !(Number(data.event.id) <= Number(position ?? -1))) {
    heardAt = Date.now();
    takeEvent(data.event);
  } else if (data.state) {
    hearState(data.state);
  }
}

function hearState(state) {
  heardAt = Date.now();
  position = state.position ?? position;
  brokenSince = state.brokenSince;
  sayBroken();
  if (brokenSince === null && leaving && !isCurrent) {
    showAll();
  }
}

function leadTabs(left) {
  if (left.aborted) {
    return null;
  }
  leads = true;
  openStream(left);

  return new Promise((resolve) => left.addEventListener('abort', () => {
    leads = false;
    resolve();
  }, { once: true }));
}

function joinStream() {
  if (leaving || isLoggedOut) {
    return;
  }
  leaving = new AbortController();
  heardAt = Date.now();

  const left = leaving.signal;
  if (channel) {
    channel.postMessage({ asks: true });
    navigator.locks.request(channel.name, { signal: left }, () => leadTabs(left)).catch(() => {}); // it was left before its turn
  } else {
    leadTabs(left);
  }
}

function leaveStream() {
  leaving?.abort();
  leaving = null;
  isCurrent = false;
  restsSince ??= Date.now();
}

let rest = null;

function restWhileHidden() {
  clearTimeout(rest);
  if (document.hidden) {
    rest = setTimeout(leaveStream, restAfter);
  } else {
    joinStream();
    renewSession();
  }
}

// --- The session

// endSession shows that the session is over, or another: by the page itself, unless something is typed in it.
function endSession() {
  leaveStream();
  if (document.querySelector('form[data-dirty]')) {
    isLoggedOut = true;
    sayBroken();
    renewSession();
  } else {
    location.reload();
  }
}

function sayLoggedOut(text) {
  let banner = document.getElementById('session-state');
  if (!banner) {
    banner = document.createElement('div');
    banner.id = 'session-state';
    banner.className = 'banner tone-bad';
    banner.setAttribute('role', 'alert');
    document.getElementById('content').prepend(banner);
  }
  banner.textContent = text;
}

// renewSession takes the session over that somebody has begun in another tab, if it is of the same member. It returns
// whether forms can be sent.
async function renewSession() {
  if (!isLoggedOut) {
    return true;
  }

  let now = {};
  try {
    const answer = await fetch(`/console/w/${pages.workspace}/find`);
    now = new DOMParser().parseFromString(await answer.text(), 'text/html').body.dataset;
  } catch {
    // The banner says what to do, and it is tried again.
  }

  if (now.csrf && now.member === pages.member) {
    pages.csrf = now.csrf;
    document.querySelectorAll('input[name="csrf"]').forEach((input) => { input.value = now.csrf; });
    document.getElementById('session-state')?.remove();
    isLoggedOut = false;
    joinStream();
    return true;
  }

  sayLoggedOut(now.csrf ?
    'You are logged in as somebody else. What you have typed is still here. Log in as yourself in another tab, and send it then.' :
    'You are logged out. What you have typed is still here. Log in in another tab, and send it then.');
  return false;
}

document.addEventListener('submit', async (event) => {
  if (!isLoggedOut || event.target.method !== 'post') {
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
  if (await renewSession()) {
    event.target.requestSubmit(event.submitter);
  }
}, { capture: true });

// --- Beginning

function followEvents() {
  if ('locks' in navigator && 'BroadcastChannel' in window) {
    channel = new BroadcastChannel(`handrail ${pages.workspace}`);
    channel.onmessage = hearTab;
  }

  document.addEventListener('visibilitychange', restWhileHidden);
  addEventListener('focus', renewSession);
  addEventListener('pagehide', leaveStream);
  addEventListener('pageshow', (event) => event.persisted && joinStream());

  setInterval(() => {
    if (leads) {
      sayState();
    } else if (leaving && Date.now() - heardAt > silentAfter) {
      brokenSince ??= heardAt;
    }
    sayBroken();
    renewSession();
  }, sayEvery);

  joinStream();
  restWhileHidden();
}

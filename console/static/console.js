// What pages do with scripts: show times in the viewer's zone, follow the stream of events, and obey the keyboard.
// Everything else works without.
'use strict';

// --- Times

const zoned = new Intl.DateTimeFormat([], { dateStyle: 'medium', timeStyle: 'medium' });

function showTimes(root) {
  for (const time of root.querySelectorAll('time[datetime]:not([data-age])')) {
    time.textContent = zoned.format(new Date(time.dateTime));
  }
}

// The page names the zone once, at its foot.
function nameZone() {
  const place = document.getElementById('zone');
  if (place) {
    const zone = zoned.resolvedOptions().timeZone;
    place.textContent = zone === 'UTC' ? 'Times are in UTC.' : `Times are in ${zone}, those of filters in UTC.`;
  }
}

// --- Tables: on a narrow screen a row is a card, whose cells need the names of their columns

function labelCells(root) {
  for (const table of root.querySelectorAll('table.list')) {
    const names = [...table.querySelectorAll('thead th')].map((head) => head.textContent.trim());
    for (const row of table.querySelectorAll('tbody tr')) {
      [...row.cells].forEach((cell, i) => { if (names[i]) { cell.dataset.label = names[i]; } });
    }
  }
}

// --- The stream

const pages = document.body.dataset;
const debounce = 400;
const firstPause = 1000;
const longestPause = 30000;

let position = null;
let brokenSince = null;
let pause = firstPause;
let waiting = new Set();
let timer = null;

// matches reports whether an event's type, such as delivery.blocked, begins with one of the words.
const matches = (words, type) => words.split(' ').some((word) => type.startsWith(word + '.'));

function takeEvent(type) {
  waiting.add(type);
  timer ??= setTimeout(showChanges, debounce);
}

function showChanges() {
  const types = [...waiting];
  waiting = new Set();
  timer = null;

  for (const place of document.querySelectorAll('[data-live]')) {
    if (types.some((type) => matches(place.dataset.live, type))) {
      htmx.trigger(place, 'changed');
    }
  }
}

function countNews(type) {
  for (const badge of document.querySelectorAll('[data-news]')) {
    if (matches(badge.dataset.news, type)) {
      badge.dataset.count = Number(badge.dataset.count ?? 0) + 1;
      badge.textContent = `${badge.dataset.count} new`;
      badge.hidden = false;
    }
  }
}

function sayBroken() {
  const state = document.getElementById('stream-state');
  state.hidden = brokenSince === null;
  if (brokenSince !== null) {
    const minutes = Math.floor((Date.now() - brokenSince) / 60000);
    state.textContent = 'This page has not been updated ' +
      (minutes < 1 ? 'for less than a minute' : `for ${minutes} min`) + ': the stream of events is broken. It is tried again.';
  }
}

async function openStream() {
  let ticket;
  try {
    const answer = await fetch(pages.stream, { method: 'POST', headers: { 'X-Csrf-Token': pages.csrf } });
    if (answer.status === 401 || answer.status === 403) {
      location.reload();
      return;
    }
    if (!answer.ok) {
      throw new Error(answer.statusText);
    }
    ticket = await answer.json();
  } catch {
    openAgain();
    return;
  }

  const source = new EventSource(ticket.url + (position === null ? '' : `&after=${position}`));
  source.onmessage = (event) => {
    const { type } = JSON.parse(event.data);
    position = event.lastEventId || position;
    takeEvent(type);
    countNews(type);
  };

  source.onopen = () => {
    brokenSince = null;
    pause = firstPause;
    sayBroken();
    // A stream without a position begins now: what has changed since the page was made is in no event of it.
    if (position === null) {
      document.querySelectorAll('[data-live]').forEach((place) => htmx.trigger(place, 'changed'));
    }
  };
  // The token counts once: the next connection needs another one.
  source.onerror = () => { source.close(); openAgain(); };
  addEventListener('pagehide', () => source.close(), { once: true });
}

function openAgain() {
  brokenSince ??= Date.now();
  sayBroken();
  setTimeout(openStream, pause);
  pause = Math.min(2 * pause, longestPause);
}

// --- What is being typed or has been opened is never replaced

document.addEventListener('input', (event) => event.target.form?.setAttribute('data-dirty', ''));

function keepsAsItIs(node) {
  return node instanceof Element && (node.matches('form[data-dirty], details[open], dialog[open]') ||
    node.form?.hasAttribute('data-dirty') || node.contains(document.activeElement) && node.matches('form, input, textarea, select'));
}

// staysHere reports whether a part that is gone from the page is kept, because somebody is deciding in it.
const staysHere = (node) => node instanceof Element && (keepsAsItIs(node) || node.querySelector('form[data-dirty]'));

// --- Keys

const goals = { n: '/', d: '/decisions', f: '/failures', c: '/chats', p: '/people', s: '/settings' };
let goes = false;

const rows = () => [...document.querySelectorAll('main tbody tr, main .plain > li, main .tile')];

function moveTo(step) {
  const all = rows();
  const now = all.findIndex((row) => row.classList.contains('current'));
  const next = all[Math.max(0, Math.min(all.length - 1, now + step))];
  all[now]?.classList.remove('current');
  next?.classList.add('current');
  next?.querySelector('a, button, summary')?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}

function press(key) {
  if (goes) {
    goes = false;
    if (key in goals) {
      location.href = `/console/w/${pages.workspace}${goals[key]}`;
    }
    return true;
  }

  switch (key) {
    case 'j': moveTo(1); return true;
    case 'k': moveTo(-1); return true;
    case 'g': goes = true; return true;
    case 'r': document.querySelector('[data-news]:not([hidden])')?.click(); return true;
    case '/': document.getElementById('find')?.focus(); return true;
    case '?': document.getElementById('keys')?.showModal(); return true;
  }
  return false;
}

document.addEventListener('keydown', (event) => {
  const typing = event.target.matches('input, textarea, select, [contenteditable]');
  if (typing || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  if (press(event.key)) {
    event.preventDefault();
  }
});

// --- Copying

document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]');
  if (button) {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
    button.textContent = 'Copied';
  }
});

// --- Beginning

document.addEventListener('DOMContentLoaded', () => {
  showTimes(document);
  nameZone();
  labelCells(document);
  // On a narrow screen the sections are scrolled: the present one is in sight.
  document.querySelector('.top nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  document.getElementById('hint')?.removeAttribute('hidden');
  Idiomorph.defaults.callbacks.beforeNodeMorphed = (node) => !keepsAsItIs(node);
  Idiomorph.defaults.callbacks.beforeNodeRemoved = (node) => !staysHere(node);
  document.body.addEventListener('htmx:afterSwap', () => { showTimes(document); labelCells(document); });
  document.body.addEventListener('htmx:beforeSwap', (event) => { event.detail.ignoreTitle = true; });
  if (pages.stream) {
    setInterval(sayBroken, 15000);
    openStream();
  }
});

// What pages do with scripts: show times in the viewer's zone, keep what is typed, and obey the keyboard; stream.js
// follows the events. Everything else works without.
'use strict';

const pages = document.body.dataset;

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

// --- What is being typed or has been opened is never replaced

document.addEventListener('input', (event) => event.target.form?.setAttribute('data-dirty', ''));

function keepsAsItIs(node) {
  return node instanceof Element && (node.matches('form[data-dirty], details[open], dialog[open]') ||
    node.form?.hasAttribute('data-dirty') || node.contains(document.activeElement) && node.matches('form, input, textarea, select'));
}

// staysHere reports whether a part that is gone from the page is kept, because somebody is deciding in it.
const staysHere = (node) => node instanceof Element && (keepsAsItIs(node) || node.querySelector('form[data-dirty]'));

// noteGone says under what is kept only because somebody is deciding in it that it does not wait any more.
function noteGone(node) {
  for (const card of node.matches('article.card') ? [node] : node.querySelectorAll('article.card')) {
    if (!card.querySelector('[data-gone]')) {
      const note = document.createElement('p');
      note.className = 'banner tone-warn';
      note.dataset.gone = '';
      note.setAttribute('role', 'status');
      note.textContent = 'This does not wait any more: somebody has decided it meanwhile, or it has ended.';
      card.append(note);
    }
  }
}

function mayRemove(node) {
  if (!staysHere(node)) {
    return true;
  }
  noteGone(node);
  return false;
}

// --- What somebody decides in stays where it is on the screen, also when more comes above it

let held = null;

function notePlace() {
  const node = document.activeElement?.closest('main details[open], main form');
  held = node && { node, top: node.getBoundingClientRect().top };
}

function keepPlace() {
  if (held?.node.isConnected) {
    scrollBy({ top: held.node.getBoundingClientRect().top - held.top, behavior: 'instant' });
  }
  held = null;
}

// --- Keys

const goals = { n: '/', d: '/decisions', f: '/failures', c: '/chats', p: '/people', s: '/settings' };
let goes = false;

// What j and k walk over: the messages of a chat, and elsewhere rows, tiles and cards, as far as there is something to
// open or to press in them. A list within a card is a part of it.
const pressable = 'a, button, summary';
const isRow = (row) => row.matches('.message') ||
  row.querySelector(pressable) && !row.parentElement.closest('.card') && row.checkVisibility();
const rows = () => [...document.querySelectorAll(document.querySelector('main article.message') ?
  'main article.message' : 'main tbody tr, main .plain > li, main .tile, main article.card, main section.card')].filter(isRow);

function moveTo(step) {
  const all = rows();
  const begun = all.findIndex((row) => row.classList.contains('current'));
  // Messages begin at the newest, which is the last one.
  const now = begun < 0 && all[0]?.matches('.message') ? all.length - Math.max(0, step) : begun;
  const next = all[Math.max(0, Math.min(all.length - 1, now + step))];
  all[now]?.classList.remove('current');
  next?.classList.add('current');
  (next?.matches('.message') ? next : next?.querySelector(pressable))?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}

// openTextBox puts the cursor where one writes, and opens what the text box is in.
function openTextBox() {
  const box = document.querySelector('main [data-write]');
  const closed = box?.closest('details');
  if (closed) {
    closed.open = true;
  }
  box?.focus();
  box?.scrollIntoView({ block: 'center' });
}

function obeyKey(key) {
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
    case 'w': openTextBox(); return true;
    case 'r': document.querySelector('[data-news]:not([hidden])')?.click(); return true;
    case '/': document.getElementById('find')?.focus(); return true;
    case '?': document.getElementById('keys')?.showModal(); return true;
  }
  return false;
}

document.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && event.target.matches('textarea')) {
    event.target.form?.querySelector('[data-preview]')?.click();
    return;
  }
  const typing = event.target.matches('input, textarea, select, [contenteditable]');
  if (typing || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  if (obeyKey(event.key)) {
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

// --- What could not be fetched

const fetchAgainAfter = 3000;

// fetchAgain asks again for a part of a page that there were too many requests for, or a server that is away.
function fetchAgain({ elt, xhr }) {
  if (xhr.status === 0 || xhr.status === 429 || xhr.status >= 500) {
    setTimeout(() => htmx.trigger(elt, 'changed'), fetchAgainAfter);
  }
}

// --- Beginning

document.addEventListener('DOMContentLoaded', () => {
  showTimes(document);
  nameZone();
  labelCells(document);
  // On a narrow screen the sections are scrolled: the present one is in sight.
  document.querySelector('.top nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  document.getElementById('hint')?.removeAttribute('hidden');
  document.getElementById('refusal')?.focus();
  Idiomorph.defaults.callbacks.beforeNodeMorphed = (node) => !keepsAsItIs(node);
  Idiomorph.defaults.callbacks.beforeNodeRemoved = mayRemove;
  document.body.addEventListener('htmx:afterSwap', () => { showTimes(document); labelCells(document); keepPlace(); });
  document.body.addEventListener('htmx:beforeSwap', (event) => { event.detail.ignoreTitle = true; notePlace(); });
  for (const failure of ['htmx:responseError', 'htmx:sendError']) {
    document.body.addEventListener(failure, (event) => fetchAgain(event.detail));
  }
  if (pages.stream) {
    followEvents();
  }
});

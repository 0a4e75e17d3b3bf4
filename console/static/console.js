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
  Idiomorph.defaults.callbacks.beforeNodeMorphed = (node) => !keepsAsItIs(node);
  Idiomorph.defaults.callbacks.beforeNodeRemoved = (node) => !staysHere(node);
  document.body.addEventListener('htmx:afterSwap', () => showTimes(document));
  document.body.addEventListener('htmx:beforeSwap', (event) => { event.detail.ignoreTitle = true; });
  if (pages.stream) {
    followEvents();
  }
});

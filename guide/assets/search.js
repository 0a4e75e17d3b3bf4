'use strict';

// Shows the sections that have all words of the query, those first that have them in their heading.
(function () {
  const query = new URLSearchParams(window.location.search).get('q') || '';
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const list = document.getElementById('found');
  const count = document.getElementById('count');

  document.querySelector('input[name=q]').value = query;

  if (words.length === 0) {
    count.textContent = 'Enter one or more words above.';
    return;
  }

  const matches = [];

  for (const section of window.handrailSections) {
    const heading = (section.page + ' ' + (section.heading || '')).toLowerCase();
    const text = section.text.toLowerCase();

    if (words.every((word) => heading.includes(word) || text.includes(word))) {
      matches.push({ section, score: words.filter((word) => heading.includes(word)).length });
    }
  }

  matches.sort((a, b) => b.score - a.score);
  count.textContent = matches.length === 0 ? 'Nothing was found.' : matches.length + ' found';

  for (const { section } of matches.slice(0, 50)) {
    const link = document.createElement('a');
    link.href = section.address;
    link.textContent = section.page + (section.heading ? ': ' + section.heading : '');

    const at = Math.max(0, section.text.toLowerCase().indexOf(words[0]) - 60);
    const line = document.createElement('div');
    line.textContent = (at > 0 ? '… ' : '') + section.text.slice(at, at + 200);

    const item = document.createElement('li');
    item.append(link, line);
    list.append(item);
  }
})();

"""The script of the page: filters, links that open what they lead to, and all opened for print. It makes no HTML."""

from __future__ import annotations

from typing import Final

SCRIPT: Final = """
(function () {
  'use strict';
  var root = document.documentElement;
  root.classList.add('scripted');
  var all = Array.from(document.querySelectorAll('details.finding'));
  var byId = function (id) { return document.getElementById(id); };
  var text = byId('text'), path = byId('path'), task = byId('task');
  var shown = byId('shown'), open = byId('open'), clear = byId('clear');
  var chips = Array.from(document.querySelectorAll('.chip'));
  var kinds = Array.from(document.querySelectorAll('button.kind'));
  var kind = '';
  var words = null;

  function pressed(button) { return button.getAttribute('aria-pressed') === 'true'; }

  function fits(one, at, off) {
    var data = one.dataset;
    if (off[data.severity]) { return false; }
    if (kind && data.kind !== kind) { return false; }
    if (task.value && data.tasks.split('\\n').indexOf(task.value) < 0) { return false; }
    if (path.value && data.path.toLowerCase().indexOf(path.value.toLowerCase()) < 0) { return false; }
    if (!text.value) { return true; }
    words = words || all.map(function (each) { return each.textContent.toLowerCase(); });
    return text.value.toLowerCase().split(/\\s+/).every(function (word) { return words[at].indexOf(word) >= 0; });
  }

  function filter() {
    var off = {}, count = 0;
    chips.forEach(function (chip) { off[chip.dataset.severity] = !pressed(chip); });
    all.forEach(function (one, at) {
      var there = fits(one, at, off);
      one.hidden = !there;
      count += there ? 1 : 0;
    });
    kinds.forEach(function (button) { button.setAttribute('aria-pressed', String(button.dataset.kind === kind)); });
    clear.hidden = count === all.length;
    var some = count ? count + ' of ' + all.length + ' shown' : 'Nothing fits the filters.';
    shown.textContent = clear.hidden ? '' : some;
  }

  function everything() {
    chips.forEach(function (chip) { chip.setAttribute('aria-pressed', 'true'); });
    text.value = path.value = task.value = kind = '';
    filter();
  }

  function step(by) {
    var there = all.filter(function (one) { return !one.hidden; });
    var at = there.findIndex(function (one) { return one.contains(document.activeElement); });
    var next = there[at < 0 ? (by > 0 ? 0 : there.length - 1) : at + by];
    if (next) { next.firstElementChild.focus(); }
  }

  function pressedKey(event) {
    var typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.ctrlKey || event.metaKey || event.altKey) { return; }
    if (event.key === 'Escape') {
      event.target.blur();
      everything();
    } else if (!typing && event.key === '/') {
      event.preventDefault();
      text.focus();
    } else if (!typing && (event.key === 'j' || event.key === 'k')) {
      step(event.key === 'j' ? 1 : -1);
    }
  }

  function reveal() {
    var id;
    try { id = decodeURIComponent(location.hash.slice(1)); } catch (broken) { return; }
    var found = id && byId(id);
    if (!found || found.tagName !== 'DETAILS') { return; }
    if (found.hidden) { everything(); }
    found.open = true;
    found.scrollIntoView();
  }

  if (text) {
    [text, path, task].forEach(function (control) { control.addEventListener('input', filter); });
    chips.forEach(function (chip) {
      chip.addEventListener('click', function () {
        chip.setAttribute('aria-pressed', String(!pressed(chip)));
        filter();
      });
    });
    kinds.forEach(function (button) {
      button.addEventListener('click', function (event) {
        event.preventDefault();
        kind = kind === button.dataset.kind ? '' : button.dataset.kind;
        filter();
      });
    });
    open.addEventListener('click', function () {
      var wide = open.textContent === 'Open all';
      all.forEach(function (one) { if (!one.hidden) { one.open = wide; } });
      open.textContent = wide ? 'Close all' : 'Open all';
    });
    clear.addEventListener('click', everything);
    document.addEventListener('keydown', pressedKey);
    filter();
  }
  window.addEventListener('beforeprint', function () {
    document.querySelectorAll('details').forEach(function (one) { one.open = true; });
  });
  window.addEventListener('hashchange', reveal);
  reveal();
})();
"""

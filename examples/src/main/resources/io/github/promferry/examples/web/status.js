// Asks for status.json once a second and draws it. Whatever comes from outside (labels, errors, names) reaches the page as
// text nodes and attributes only, never as markup.
'use strict';

const WINDOW_MILLIS = 5 * 60 * 1000;
/** What a chart spans at least: the first points should not be a dot in the corner. */
const LEAST_SPAN_MILLIS = 60 * 1000;
const QUICK_MILLIS = 1000;
const SLOW_MILLIS = 5000;
const MANY_TARGETS = 200;
const TIMEOUT_MILLIS = 10000;

/** Chart name to its points, [time, value, value...], oldest first. */
const histories = new Map();
let previous = null;
let filter = '';

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

function byId(id) {
  return document.getElementById(id);
}

// Numbers.

function isNumber(value) {
  return typeof value === 'number' && Number.isFinite(value);
}

function count(value) {
  if (!isNumber(value)) {
    return '–';
  }
  const size = Math.abs(value);
  if (size >= 1e9) return (value / 1e9).toFixed(2) + ' G';
  if (size >= 1e6) return (value / 1e6).toFixed(2) + ' M';
  if (size >= 1e5) return (value / 1e3).toFixed(0) + ' k';
  return value.toLocaleString('en', {maximumFractionDigits: size < 10 ? 2 : size < 100 ? 1 : 0});
}

function bytes(value) {
  if (!isNumber(value) || value < 0) {
    return '–';
  }
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return value.toFixed(unit === 0 || value >= 100 ? 0 : 1) + ' ' + units[unit];
}

function seconds(value) {
  if (!isNumber(value)) {
    return '–';
  }
  if (value === 0) return '0 s';
  if (value < 0.001) return (value * 1e6).toFixed(0) + ' µs';
  if (value < 1) return (value * 1e3).toFixed(value < 0.01 ? 1 : 0) + ' ms';
  if (value < 120) return value.toFixed(value < 10 ? 2 : 0) + ' s';
  return (value / 60).toFixed(0) + ' min';
}

function percent(value) {
  return isNumber(value) ? (value * 100).toFixed(0) + ' %' : '–';
}

function rate(now, before, elapsedSeconds) {
  return isNumber(before) && elapsedSeconds > 0 && now >= before ? (now - before) / elapsedSeconds : NaN;
}

// Tables.

function table(id, columns, rows) {
  const head = element('tr', {}, ...columns.map((column) => element('th', column.number ? {class: 'number'} : {}, column.title)));
  const body = rows.map((row) => element('tr', {}, ...columns.map((column) => {
    const cell = element('td', column.number ? {class: 'number'} : {});
    cell.append(column.cell(row));
    return cell;
  })));
  byId(id).replaceChildren(element('thead', {}, head), element('tbody', {}, ...body));
}

function badge(text, kind) {
  return element('span', {class: 'badge ' + kind}, text);
}

function labelText(labels) {
  return Object.entries(labels).filter(([name]) => name !== 'job' && name !== 'instance')
      .map(([name, value]) => name + '="' + value + '"').join(' ');
}

const HEALTH = {up: 'good', down: 'bad', unknown: 'warn'};

const TARGET_COLUMNS = [
  {title: 'Health', cell: (target) => badge(target.health, HEALTH[target.health] || 'warn')},
  {title: 'Job', cell: (target) => target.job},
  {title: 'Instance', cell: (target) => target.labels.instance || ''},
  {title: 'URL', cell: (target) => target.url},
  {title: 'Labels', cell: (target) => labelText(target.labels)},
  {title: 'Samples', number: true, cell: (target) => target.last ? count(target.last.samples) : '–'},
  {title: 'Page', number: true, cell: (target) => target.last ? bytes(target.last.bytes) : '–'},
  {title: 'Took', number: true, cell: (target) => target.last ? seconds(target.last.seconds) : '–'},
  {title: 'Scrapes', number: true, cell: (target) => count(target.scrapes)},
  {title: 'Failed', number: true, cell: (target) => count(target.failures)},
  {title: 'Skipped', number: true, cell: (target) => count(target.skipped)},
  {title: 'Last error', cell: lastError},
];

function lastError(target) {
  if (!target.last) {
    return '';
  }
  const {errorKind, error, refusal} = target.last;
  const text = error ? errorKind + ': ' + error : refusal || '';
  return element('span', {class: 'bad'}, text);
}

const ENDPOINT_COLUMNS = [
  {title: 'Endpoint', cell: (endpoint) => endpoint.name},
  {title: 'Samples/s', number: true, cell: (endpoint) => count(endpoint.deliveredPerSecond)},
  {title: 'Delivered', number: true, cell: (endpoint) => count(endpoint.delivered)},
  {title: 'Waiting', number: true, cell: (endpoint) => count(endpoint.waiting)},
  {title: 'Queue', number: true, cell: (endpoint) => bytes(endpoint.waitingBytes)},
  {title: 'Spool', number: true, cell: (endpoint) => endpoint.spoolBytes > 0 ? bytes(endpoint.spoolBytes) : '–'},
  {title: 'Lag', number: true, cell: (endpoint) => seconds(endpoint.lagSeconds)},
  {title: 'Requests', number: true, cell: (endpoint) => count(endpoint.requests)},
  {title: 'Retries', number: true, cell: (endpoint) => count(endpoint.retries)},
  {title: 'Dropped', cell: droppedReasons},
];

function droppedReasons(endpoint) {
  const lost = endpoint.dropped + endpoint.refused;
  if (lost === 0) {
    return badge('0', 'good');
  }
  const reasons = Object.entries(endpoint.droppedBy).filter(([, samples]) => samples > 0);
  if (endpoint.refused > 0) {
    reasons.push(['refused', endpoint.refused]);
  }
  const text = reasons.map(([reason, samples]) => reason + ' ' + count(samples)).join(', ');
  return element('span', {class: 'bad'}, count(lost) + ' (' + text + ')');
}

// Charts.

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 300;
const HEIGHT = 72;

function remember(name, time, values) {
  let points = histories.get(name);
  if (!points) {
    points = [];
    histories.set(name, points);
  }
  points.push([time, ...values]);
  while (points.length > 0 && points[0][0] < time - WINDOW_MILLIS) {
    points.shift();
  }
  return points;
}

/** Forgets what is no longer there, so that a page that stays open for weeks does not grow. */
function forgetOld(time) {
  for (const [name, points] of histories) {
    if (points[points.length - 1][0] < time - WINDOW_MILLIS) {
      histories.delete(name);
    }
  }
}

/** Values of at most two lines; top is the least value that the upper edge stands for. */
function chart(key, title, time, format, top, lines) {
  const points = remember(key, time, lines.map((line) => line.value));
  let highest = top;
  for (const point of points) {
    for (const value of point.slice(1)) {
      if (isNumber(value) && value > highest) {
        highest = value;
      }
    }
  }
  const picture = document.createElementNS(SVG, 'svg');
  picture.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
  picture.setAttribute('preserveAspectRatio', 'none');
  picture.setAttribute('role', 'img');
  picture.setAttribute('aria-label', title);
  picture.append(baseline());
  lines.forEach((line, index) => picture.append(path(points, index + 1, time, highest, index === 0 ? 'first' : 'second')));
  const legend = element('div', {class: 'legend'}, ...lines.map((line, index) =>
      element('span', {class: index === 0 ? 'first' : 'second'}, line.name + ' ' + format(line.value))));
  return element('figure', {class: 'chart'}, element('figcaption', {}, title), legend, picture);
}

function baseline() {
  const line = document.createElementNS(SVG, 'line');
  for (const [name, value] of [['x1', 0], ['x2', WIDTH], ['y1', HEIGHT - 1], ['y2', HEIGHT - 1]]) {
    line.setAttribute(name, value);
  }
  return line;
}

function path(points, index, time, highest, kind) {
  const span = Math.max(LEAST_SPAN_MILLIS, time - points[0][0]);
  let drawing = '';
  let pen = 'M';
  for (const point of points) {
    if (!isNumber(point[index])) {
      pen = 'M';
      continue;
    }
    const x = WIDTH * (1 - (time - point[0]) / span);
    const y = HEIGHT - 2 - (HEIGHT - 6) * Math.max(0, point[index]) / (highest || 1);
    drawing += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = 'L';
  }
  const made = document.createElementNS(SVG, 'path');
  made.setAttribute('class', kind);
  made.setAttribute('d', drawing);
  return made;
}

// Engines.

const MANY_ENGINES = 20;
/** Worst first. */
const STATES = new Map([
  ['down', 'bad'], ['stalled', 'bad'], ['frozen', 'bad'], ['restarting', 'warn'], ['starting', 'warn'],
  ['saturated', 'warn'], ['serving', 'good'], ['idle', 'good'],
]);
const WORST_FIRST = [...STATES.keys()];

function engineCard(engine, time) {
  const {job, instance} = engine.labels;
  const key = 'engine ' + JSON.stringify(engine.labels) + ' ';
  const title = element('h3', {}, badge(engine.state, STATES.get(engine.state) || 'warn'), ' ', engine.model || instance || '',
      ' ', element('small', {}, [engine.engine, job, instance].filter(Boolean).join(' · '),
          ' · for ' + seconds(Math.max(0, time - engine.sinceMillis) / 1000)));
  const charts = [
    chart(key + 'tokens', 'Tokens per second', time, count, 1,
        [{name: 'generated', value: engine.generatedTokensPerSecond}, {name: 'prompt', value: engine.promptTokensPerSecond}]),
    chart(key + 'requests', 'Requests', time, count, 1,
        [{name: 'running', value: engine.running}, {name: 'waiting', value: engine.waiting}]),
    quantileChart(key + 'first', 'Time to first token', time, engine.timeToFirstToken),
    quantileChart(key + 'next', 'Inter-token latency', time, engine.interTokenLatency),
    quantileChart(key + 'all', 'Request duration', time, engine.requestDuration),
    chart(key + 'cache', 'KV cache', time, percent, 1, [{name: 'used', value: engine.kvCacheUsage}]),
  ];
  return element('article', {class: 'engine'}, title, element('div', {class: 'charts'}, ...charts));
}

function quantileChart(key, title, time, quantiles) {
  return chart(key, title, time, seconds, 0.001,
      [{name: 'p50', value: quantiles.p50}, {name: 'p99', value: quantiles.p99}]);
}

function showEngines(engines, time) {
  engines.sort((a, b) => WORST_FIRST.indexOf(a.state) - WORST_FIRST.indexOf(b.state));
  byId('engines-section').hidden = engines.length === 0;
  byId('engines').replaceChildren(...engines.slice(0, MANY_ENGINES).map((engine) => engineCard(engine, time)));
  const more = byId('engines-more');
  more.hidden = engines.length <= MANY_ENGINES;
  more.textContent = `${engines.length - MANY_ENGINES} more, none of them worse off.`;
}

// The page.

function tile(title, value, kind) {
  return element('div', {class: 'tile'}, element('b', kind ? {class: kind} : {}, value), element('span', {}, title));
}

function showTiles(status) {
  const total = (name) => status.endpoints.reduce((sum, endpoint) => sum + (endpoint[name] || 0), 0);
  const up = status.targets.filter((target) => target.health === 'up').length;
  const lost = total('dropped') + total('refused');
  byId('tiles').replaceChildren(
      tile('targets up', `${up} / ${status.targets.length}`, up === status.targets.length ? 'good' : 'bad'),
      tile('samples/s delivered', count(total('deliveredPerSecond'))),
      tile('samples delivered', count(total('delivered'))),
      tile('samples waiting', count(total('waiting'))),
      tile('samples lost', count(lost), lost === 0 ? 'good' : 'bad'));
}

function showTargets(targets) {
  const wanted = targets.filter((target) => filter === '' || JSON.stringify(target).toLowerCase().includes(filter));
  const order = {down: 0, unknown: 1, up: 2};
  wanted.sort((a, b) => order[a.health] - order[b.health]);
  table('targets', TARGET_COLUMNS, wanted.slice(0, MANY_TARGETS));
  const more = byId('targets-more');
  more.hidden = wanted.length <= MANY_TARGETS;
  more.textContent = `${wanted.length - MANY_TARGETS} more; those that are down come first. Filter to see others.`;
}

function showEndpoints(status, time) {
  const before = new Map((previous ? previous.endpoints : []).map((endpoint) => [endpoint.name, endpoint]));
  const elapsed = previous ? (time - previous.nowMillis) / 1000 : 0;
  for (const endpoint of status.endpoints) {
    endpoint.deliveredPerSecond = rate(endpoint.delivered, (before.get(endpoint.name) || {}).delivered, elapsed);
  }
  table('endpoints', ENDPOINT_COLUMNS, status.endpoints);
  byId('endpoint-charts').replaceChildren(...status.endpoints.flatMap((endpoint) => [
    chart('delivered ' + endpoint.name, 'Samples delivered per second, ' + endpoint.name, time, count, 1,
        [{name: 'delivered', value: endpoint.deliveredPerSecond}]),
    chart('waiting ' + endpoint.name, 'Samples waiting, ' + endpoint.name, time, count, 1,
        [{name: 'waiting', value: endpoint.waiting}]),
  ]));
}

function showSection(name, columns, rows) {
  byId(name + '-section').hidden = rows.length === 0;
  table(name, columns, rows);
}

function show(status) {
  const time = status.nowMillis;
  showEndpoints(status, time);
  showTiles(status);
  showEngines(status.engines, time);
  showTargets(status.targets);
  showSection('dropped', [
    {title: 'Job', cell: (target) => target.job},
    {title: 'Labels before relabeling', cell: (target) => JSON.stringify(target.labels)},
    {title: 'Reason', cell: (target) => target.reason},
  ], status.droppedTargets.slice(0, MANY_TARGETS));
  showSection('discovery', [
    {title: 'Job', cell: (failure) => failure.job},
    {title: 'Times', number: true, cell: (failure) => count(failure.count)},
    {title: 'Last', cell: (failure) => failure.last},
  ], status.discoveryFailures);
  forgetOld(time);
  previous = status;
}

function say(text, lost) {
  const line = byId('connection');
  line.textContent = text;
  line.className = lost ? 'lost' : '';
}

async function refresh() {
  let pause = QUICK_MILLIS;
  try {
    const answer = await fetch('status.json', {signal: AbortSignal.timeout(TIMEOUT_MILLIS)});
    if (!answer.ok) {
      throw new Error('status ' + answer.status);
    }
    const status = await answer.json();
    show(status);
    say('as of ' + new Date(status.nowMillis).toLocaleTimeString(), false);
    pause = status.targets.length > MANY_TARGETS ? SLOW_MILLIS : QUICK_MILLIS;
  } catch (error) {
    say('no answer from the forwarder (' + error.message + '); what you see is old', true);
  }
  setTimeout(refresh, pause);
}

byId('filter').addEventListener('input', (event) => {
  filter = event.target.value.toLowerCase();
  if (previous) {
    showTargets(previous.targets);
  }
});
refresh();

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

/** Chart key to its points, [time, value, value...], oldest first. */
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

const NONE = '–';

function isNumber(value) {
  return typeof value === 'number' && Number.isFinite(value);
}

function count(value) {
  if (!isNumber(value)) {
    return NONE;
  }
  const size = Math.abs(value);
  if (size >= 1e9) return (value / 1e9).toFixed(2) + ' G';
  if (size >= 1e6) return (value / 1e6).toFixed(2) + ' M';
  if (size >= 1e5) return (value / 1e3).toFixed(0) + ' k';
  return value.toLocaleString('en', {maximumFractionDigits: size < 10 ? 2 : size < 100 ? 1 : 0});
}

function bytes(value) {
  if (!isNumber(value) || value < 0) {
    return NONE;
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
    return NONE;
  }
  if (value === 0) return '0 s';
  if (value < 0.001) return (value * 1e6).toFixed(0) + ' µs';
  if (value < 1) return (value * 1e3).toFixed(value < 0.01 ? 1 : 0) + ' ms';
  if (value < 120) return value.toFixed(value < 10 ? 2 : 0) + ' s';
  if (value < 7200) return (value / 60).toFixed(0) + ' min';
  return (value / 3600).toFixed(0) + ' h';
}

/** A time for people, who do not wait for hundredths of a second. */
function age(value) {
  return value < 10 ? Math.floor(Math.max(0, value)) + ' s' : seconds(value);
}

function percent(value) {
  return isNumber(value) ? (value * 100).toFixed(0) + ' %' : NONE;
}

function rate(now, before, elapsedSeconds) {
  return isNumber(before) && elapsedSeconds > 0 && now >= before ? (now - before) / elapsedSeconds : NaN;
}

function sum(values) {
  const numbers = values.filter(isNumber);
  return numbers.length === 0 ? NaN : numbers.reduce((total, value) => total + value, 0);
}

// Tables.

const SHORT = 32;

/** A column that is optional and empty in all rows is left out. */
function table(id, columns, rows, decorate) {
  const filled = columns.filter((column) => !column.optional || rows.some((row) => column.cell(row) !== ''));
  const cell = (column, row) => {
    const made = element('td', {}, column.cell(row));
    made.className = column.number ? 'number' : made.textContent.length > SHORT ? 'long' : 'short';
    return made;
  };
  const head = element('tr', {}, ...filled.map((column) => element('th', column.number ? {class: 'number'} : {}, column.title)));
  const body = rows.map((row) => {
    const line = element('tr', {}, ...filled.map((column) => cell(column, row)));
    if (decorate) {
      decorate(line, row);
    }
    return line;
  });
  byId(id).replaceChildren(element('thead', {}, head), element('tbody', {}, ...body));
}

function badge(text, kind, title) {
  return element('span', {class: 'badge ' + kind, title: title || ''}, text);
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
  {title: 'Page', cell: (target) => target.url},
  {title: 'Found', optional: true, cell: (target) => [target.engine, target.engineVersion].filter(Boolean).join(' ')},
  {title: 'Labels', optional: true, cell: (target) => labelText(target.labels)},
  {title: 'Samples', number: true, cell: (target) => target.last ? count(target.last.samples) : NONE},
  {title: 'Size', number: true, cell: (target) => target.last ? bytes(target.last.bytes) : NONE},
  {title: 'Took', number: true, cell: (target) => target.last ? seconds(target.last.seconds) : NONE},
  {title: 'Scrapes', number: true, cell: (target) => count(target.scrapes)},
  {title: 'Failed', number: true, cell: (target) => count(target.failures)},
  {title: 'Skipped', number: true, cell: (target) => count(target.skipped)},
  {title: 'Last error', optional: true, cell: lastError},
];

function errorText(target) {
  const {errorKind, error, refusal} = target.last || {};
  return error ? errorKind + ': ' + error : refusal || '';
}

function lastError(target) {
  const {leftOut = []} = target.last || {};
  const missing = leftOut.filter(({why}) => why !== 'repeated').map(({why, count, first}) => count + ' left out, ' + why + ', first ' + first).join('; ');
  const text = errorText(target) || missing;
  return text === '' ? '' : element('span', {class: 'bad'}, text);
}

const LATE_SECONDS = 10;
const VERY_LATE_SECONDS = 60;

function lateness(endpoint) {
  return endpoint.lagSeconds >= VERY_LATE_SECONDS ? 'bad' : endpoint.lagSeconds >= LATE_SECONDS ? 'warn' : 'good';
}

const ENDPOINT_COLUMNS = [
  {title: 'State', cell: (endpoint) => badge(lateness(endpoint) === 'good' ? 'in time' : 'behind', lateness(endpoint))},
  {title: 'Endpoint', cell: (endpoint) => endpoint.name},
  {title: 'Samples/s', number: true, cell: (endpoint) => count(endpoint.deliveredPerSecond)},
  {title: 'Delivered', number: true, cell: (endpoint) => count(endpoint.delivered)},
  {title: 'Waiting', number: true, cell: (endpoint) => count(endpoint.waiting)},
  {title: 'Queue', number: true, cell: (endpoint) => bytes(endpoint.waitingBytes)},
  {title: 'Spool', number: true, cell: (endpoint) => endpoint.spoolBytes > 0 ? bytes(endpoint.spoolBytes) : NONE},
  {title: 'Lag', number: true, cell: (endpoint) => element('span', {class: lateness(endpoint)}, seconds(endpoint.lagSeconds))},
  {title: 'Requests', number: true, cell: (endpoint) => count(endpoint.requests)},
  {title: 'Retries', number: true, cell: (endpoint) => count(endpoint.retries)},
  {title: 'Dropped', cell: droppedReasons},
];

function lost(endpoint) {
  return endpoint.dropped + endpoint.refused;
}

function droppedReasons(endpoint) {
  if (lost(endpoint) === 0) {
    return '0';
  }
  const reasons = Object.entries(endpoint.droppedBy).filter(([, samples]) => samples > 0);
  if (endpoint.refused > 0) {
    reasons.push(['refused', endpoint.refused]);
  }
  const text = reasons.map(([reason, samples]) => reason + ' ' + count(samples)).join(', ');
  return element('span', {class: 'bad'}, count(lost(endpoint)) + ' (' + text + ')');
}

// Charts.

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 600;
const HEIGHT = 100;
const KINDS = ['first', 'second'];

/** Charts that are shown, by key, to draw one anew when the pointer moves over it. */
const shown = new Map();
/** The chart under the pointer, and how far to the right. */
let pointer = {key: '', fraction: 0};

function svg(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  return made;
}

function remember(key, time, values) {
  let points = histories.get(key);
  if (!points) {
    points = [];
    histories.set(key, points);
  }
  if (points.length === 0 || points[points.length - 1][0] < time) {
    points.push([time, ...values]);
  }
  while (points[0][0] < time - WINDOW_MILLIS) {
    points.shift();
  }
}

/** Forgets what is no longer there, so that a page that stays open for weeks does not grow. */
function forgetOld(time) {
  for (const [key, points] of histories) {
    if (points[points.length - 1][0] < time - WINDOW_MILLIS) {
      histories.delete(key);
    }
  }
}

/** Whether any of the values remembered is a number. */
function tells(key) {
  return (histories.get(key) || []).some((point) => point.slice(1).some(isNumber));
}

/** The next number with one digit, zeros aside, whose half is as plain, and that is not below. */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  // Divided, not multiplied: 0.3 and the like would show the error of binary fractions.
  return [1, 2, 3, 4, 6, 8, 10].map((digit) => power < 1 ? digit / Math.round(1 / power) : digit * power)
      .find((candidate) => candidate >= value * (1 - 1e-9));
}

/**
 * What was remembered under a key.
 *
 * chart: key, title, names of its one or two lines, format of numbers, least: what the upper edge stands for at least, and
 * fixed: whether for no more than that.
 */
function figure(chart, time) {
  shown.set(chart.key, {chart, time});
  const points = histories.get(chart.key);
  const values = points.flatMap((point) => point.slice(1)).filter(isNumber);
  const top = chart.fixed ? chart.least : roundUp(Math.max(chart.least, ...values));
  const span = Math.max(LEAST_SPAN_MILLIS, time - points[0][0]);
  const x = (at) => WIDTH * (1 - (time - at) / span);
  const y = (value) => HEIGHT * (1 - Math.min(1, Math.max(0, value) / top));

  const picture = svg('svg', {viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': chart.title});
  for (const height of [0, HEIGHT / 2, HEIGHT]) {
    picture.append(svg('line', {x1: 0, x2: WIDTH, y1: height, y2: height}));
  }
  chart.names.forEach((name, index) => picture.append(...path(points, index + 1, x, y, KINDS[index])));

  const pointed = pointer.key === chart.key ? nearest(points, time - span * (1 - pointer.fraction)) : null;
  if (pointed) {
    picture.append(svg('line', {class: 'pointer', x1: x(pointed[0]), x2: x(pointed[0]), y1: 0, y2: HEIGHT}));
  }
  const told = pointed || points[points.length - 1];
  const legend = chart.names.map((name, index) =>
      element('span', {class: KINDS[index]}, name + ' ', element('b', {}, chart.format(told[index + 1]))));
  return element('figure', {class: 'chart', 'data-key': chart.key},
      element('figcaption', {}, element('span', {class: 'title'}, chart.title), element('span', {class: 'legend'}, ...legend)),
      element('div', {class: 'plot'},
          element('div', {class: 'heights'}, ...[top, top / 2, 0].map((value) => element('span', {}, chart.format(value)))),
          picture),
      element('div', {class: 'times'}, element('span', {}, age(span / 1000) + ' ago'),
          element('span', {}, pointed ? new Date(pointed[0]).toLocaleTimeString() : 'now')));
}

function nearest(points, time) {
  return points.reduce((best, point) => Math.abs(point[0] - time) < Math.abs(best[0] - time) ? point : best);
}

/** The line, and what is below it: a piece for every run of numbers. */
function path(points, index, x, y, kind) {
  let line = '';
  let area = '';
  let last = null;
  for (const point of points) {
    if (isNumber(point[index])) {
      const at = `${x(point[0]).toFixed(1)} ${y(point[index]).toFixed(1)}`;
      line += (last ? 'L' : 'M') + at;
      area += (last ? 'L' : `M${x(point[0]).toFixed(1)} ${HEIGHT}L`) + at;
      last = point;
    } else if (last) {
      area += `L${x(last[0]).toFixed(1)} ${HEIGHT}Z`;
      last = null;
    }
  }
  if (last) {
    area += `L${x(last[0]).toFixed(1)} ${HEIGHT}Z`;
  }
  return [svg('path', {class: kind, d: line}), svg('path', {class: 'area ' + kind, d: area})];
}

document.addEventListener('pointermove', (event) => {
  const over = event.target instanceof Element ? event.target.closest('figure.chart') : null;
  const before = pointer.key;
  const key = over ? over.dataset.key : '';
  const area = over && over.querySelector('svg').getBoundingClientRect();
  pointer = {key, fraction: over ? Math.min(1, Math.max(0, (event.clientX - area.left) / area.width)) : 0};
  for (const drawn of document.querySelectorAll('figure.chart')) {
    if (drawn.dataset.key === key || drawn.dataset.key === before) {
      const {chart, time} = shown.get(drawn.dataset.key);
      drawn.replaceWith(figure(chart, time));
    }
  }
});

// Engines.

/** With more than these a table tells of all, and charts of one. */
const MANY_ENGINES = 4;
/** Worst first. */
const STATES = new Map([
  ['down', ['bad', 'the last scrape failed']],
  ['stalled', ['bad', 'requests, but no token']],
  ['frozen', ['bad', 'nothing on its page moves']],
  ['restarting', ['warn', 'a new process']],
  ['starting', ['warn', 'one page was seen, or none']],
  ['saturated', ['warn', 'requests wait, or the KV cache is full']],
  ['serving', ['good', 'requests run']],
  ['idle', ['good', 'no requests']],
]);
const WORST_FIRST = [...STATES.keys()];
let chosen = '';

const quantiles = (id, title, of) => ({id, title, format: seconds, least: 0.001, names: ['p50', 'p99'],
  values: (engine) => [of(engine).p50, of(engine).p99]});
const ENGINE_CHARTS = [
  {id: 'tokens', title: 'Tokens per second', format: count, least: 1, names: ['generated', 'prompt'],
    values: (engine) => [engine.generatedTokensPerSecond, engine.promptTokensPerSecond]},
  {id: 'requests', title: 'Requests', format: count, least: 1, names: ['running', 'waiting'],
    values: (engine) => [engine.running, engine.waiting]},
  {id: 'cache', title: 'KV cache', format: percent, least: 1, fixed: true, names: ['used'],
    values: (engine) => [engine.kvCacheUsage]},
  quantiles('first', 'Time to first token', (engine) => engine.timeToFirstToken),
  quantiles('next', 'Inter-token latency', (engine) => engine.interTokenLatency),
  quantiles('all', 'Request duration', (engine) => engine.requestDuration),
];

function engineKey(engine) {
  return 'engine ' + JSON.stringify(engine.labels);
}

/** What an engine that does not answer told before is not how it is now. */
function rememberEngine(engine, time) {
  for (const chart of ENGINE_CHARTS) {
    remember(engineKey(engine) + chart.id, time, chart.values(engine).map((value) => engine.state === 'down' ? NaN : value));
  }
}

function stateBadge(engine) {
  const [kind, meaning] = STATES.get(engine.state) || ['warn', ''];
  return badge(engine.state, kind, meaning);
}

function engineCard(engine, error, time) {
  const {job, instance} = engine.labels;
  const [, meaning] = STATES.get(engine.state) || ['', ''];
  const title = element('h3', {}, stateBadge(engine), ' ', engine.model || instance || '', ' ',
      element('small', {}, [engine.engine, job, instance].filter(Boolean).join(' · ')),
      element('small', {class: 'since'}, `${meaning}, for ${age((time - engine.sinceMillis) / 1000)}`));
  const charts = ENGINE_CHARTS.map((chart) => ({...chart, key: engineKey(engine) + chart.id}));
  const silent = charts.filter((chart) => !tells(chart.key));
  const card = element('article', {class: 'engine'}, title,
      element('div', {class: 'charts'}, ...charts.filter((chart) => tells(chart.key)).map((chart) => figure(chart, time))));
  if (error) {
    card.append(element('p', {class: 'bad'}, error));
  } else if (silent.length > 0) {
    card.append(element('p', {class: 'note'}, 'Nothing yet of: ' + silent.map((chart) => chart.title).join(', ')));
  }
  return card;
}

const isDown = (engine) => engine.state === 'down';
const ENGINE_COLUMNS = [
  {title: 'State', cell: stateBadge},
  {title: 'Model', optional: true, cell: (engine) => engine.model},
  {title: 'Engine', cell: (engine) => engine.engine},
  {title: 'Instance', cell: (engine) => element('button', {type: 'button'}, engine.labels.instance || engineKey(engine))},
  {title: 'Running', number: true, cell: (engine) => isDown(engine) ? NONE : count(engine.running)},
  {title: 'Waiting', number: true, cell: (engine) => isDown(engine) ? NONE : count(engine.waiting)},
  {title: 'KV cache', number: true, cell: (engine) => isDown(engine) ? NONE : percent(engine.kvCacheUsage)},
  {title: 'Tokens/s', number: true, cell: (engine) => isDown(engine) ? NONE : count(engine.generatedTokensPerSecond)},
  {title: 'First token p99', number: true, cell: (engine) => isDown(engine) ? NONE : seconds(engine.timeToFirstToken.p99)},
];

function showEngines(status, time) {
  const {engines} = status;
  engines.forEach((engine) => rememberEngine(engine, time));
  engines.sort((a, b) => WORST_FIRST.indexOf(a.state) - WORST_FIRST.indexOf(b.state));
  byId('engines-section').hidden = engines.length === 0;
  const many = engines.length > MANY_ENGINES;
  const charted = many
      ? [engines.find((engine) => engineKey(engine) === chosen) || engines.find((engine) => !isDown(engine)) || engines[0]]
      : engines;
  const errors = new Map(status.targets.map((target) => [engineKey(target), errorText(target)]));
  byId('engines').replaceChildren(...charted.map((engine) => engineCard(engine, errors.get(engineKey(engine)), time)));
  byId('engine-list').hidden = !many;
  byId('engine-states').replaceChildren(...WORST_FIRST.map((state) => [state, engines.filter((engine) => engine.state === state)])
      .filter(([, these]) => many && these.length > 0)
      .map(([state, these]) => badge(these.length + ' ' + state, STATES.get(state)[0], STATES.get(state)[1])));
  if (many) {
    table('engine-table', ENGINE_COLUMNS, filtered(engines).slice(0, MANY_TARGETS), (row, engine) => {
      row.dataset.key = engineKey(engine);
      row.className = engine === charted[0] ? 'chosen' : '';
    });
  }
}

byId('engine-table').addEventListener('click', (event) => {
  const row = event.target.closest('tbody tr');
  if (row) {
    chosen = row.dataset.key;
    showEngines(previous, previous.nowMillis);
  }
});

// The page.

function filtered(rows) {
  return rows.filter((row) => filter === '' || JSON.stringify(row).toLowerCase().includes(filter));
}

function tile(title, value, kind) {
  return element('div', {class: 'tile'}, element('b', kind ? {class: kind} : {}, value), element('span', {}, title));
}

function showTiles(status) {
  const total = (name) => sum(status.endpoints.map((endpoint) => endpoint[name]));
  const up = status.targets.filter((target) => target.health === 'up').length;
  const down = status.targets.some((target) => target.health === 'down');
  const alive = status.engines.filter((engine) => !isDown(engine));
  const latest = status.endpoints.reduce((late, endpoint) => endpoint.lagSeconds > late.lagSeconds ? endpoint : late,
      {lagSeconds: 0});
  const gone = sum(status.endpoints.map(lost));
  const tiles = [
    tile('targets up', `${up} / ${status.targets.length}`, up === status.targets.length ? 'good' : down ? 'bad' : 'warn'),
    tile('samples/s delivered', count(total('deliveredPerSecond'))),
    tile('samples waiting', count(total('waiting'))),
    tile('lag', seconds(latest.lagSeconds), lateness(latest)),
    tile('samples lost', count(gone), gone > 0 ? 'bad' : 'good'),
  ];
  if (status.engines.length > 0) {
    tiles.splice(1, 0,
        tile('tokens/s generated', count(sum(alive.map((engine) => engine.generatedTokensPerSecond)))),
        tile('requests running', count(sum(alive.map((engine) => engine.running)))),
        tile('requests waiting', count(sum(alive.map((engine) => engine.waiting)))));
  }
  byId('tiles').replaceChildren(...tiles);
}

function showTargets(targets) {
  const wanted = filtered(targets);
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
  const charts = [];
  for (const endpoint of status.endpoints) {
    endpoint.deliveredPerSecond = rate(endpoint.delivered, (before.get(endpoint.name) || {}).delivered, elapsed);
    const key = 'endpoint ' + endpoint.name;
    remember(key + ' rate', time, [endpoint.deliveredPerSecond]);
    remember(key + ' waiting', time, [endpoint.waiting]);
    charts.push({key: key + ' rate', title: 'Samples per second, ' + endpoint.name, format: count, least: 1, names: ['delivered']},
        {key: key + ' waiting', title: 'Samples in the queue, ' + endpoint.name, format: count, least: 1, names: ['waiting']});
  }
  table('endpoints', ENDPOINT_COLUMNS, status.endpoints);
  byId('endpoint-charts').replaceChildren(...charts.map((chart) => figure(chart, time)));
}

function showSection(name, columns, rows) {
  byId(name + '-section').hidden = rows.length === 0;
  table(name, columns, rows);
}

function show(status) {
  const time = status.nowMillis;
  shown.clear();
  showEndpoints(status, time);
  showTiles(status);
  showEngines(status, time);
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
    showEngines(previous, previous.nowMillis);
  }
});
refresh();

/** @typedef {import('./messages.mjs').Os} Os */

const TOTALS = {
  openbsd: ['half-open tcp', 'searches', 'inserts', 'removals'],
  freebsd: ['searches', 'inserts', 'removals'],
};

const COUNTERS =
  'match bad-offset fragment short normalize memory bad-timestamp congestion ip-option proto-cksum state-mismatch state-insert state-limit src-limit synproxy'.split(
    ' ',
  );
const MORE_COUNTERS = {
  openbsd: ['translate', 'no-route'],
  freebsd: ['map-failed', 'translate'],
};

const LIMITS = {
  openbsd: {
    states: 100_000,
    'src-nodes': 10_000,
    frags: 16_384,
    tables: 1000,
    'table-entries': 200_000,
    'pktdelay-pkts': 10_000,
    anchors: 512,
  },
  freebsd: {
    states: 100_000,
    'src-nodes': 10_000,
    frags: 5000,
    'table-entries': 200_000,
    anchors: 512,
    'eth-anchors': 512,
  },
};

/**
 * The output of `-s info`. Counters that are not in status.json are 0.
 * @param {import('./store.mjs').Status} status
 * @param {number} states
 * @param {{ os: Os, now: number }} how
 */
export function infoLines(status, states, { os, now }) {
  const seconds = Math.max(0, now - status.since);
  const days = Math.floor(seconds / 86_400);
  const time = new Date((seconds % 86_400) * 1000).toISOString().slice(11, 19);
  const running = status.enabled ? 'Enabled' : 'Disabled';
  const debug = os === 'freebsd' ? 'Debug: Urgent' : 'Debug: err';
  /** @param {string} name */
  const counter = (name) => {
    const value = status.counters[name] ?? 0;
    if (name === 'half-open tcp') return total(name, value);
    const rate = seconds > 0 ? `${(value / seconds).toFixed(1).padStart(14)}/s` : ' '.repeat(14);
    return `${cell(name, value)} ${rate}\n`;
  };
  return [
    `${`Status: ${running} for ${days} days ${time}`.padEnd(44)}${debug.padStart(15)}\n\n`,
    'State Table                          Total             Rate\n',
    total('current entries', states),
    ...TOTALS[os].map(counter),
    'Counters\n',
    ...[...COUNTERS, ...MORE_COUNTERS[os]].map(counter),
  ].join('');
}

/** @param {Os} os */
export function memoryLines(os) {
  return Object.entries(LIMITS[os])
    .map(([name, limit]) => `${name.padEnd(13)} hard limit ${String(limit).padStart(8)}\n`)
    .join('');
}

/**
 * @param {string} name
 * @param {number} value
 */
function total(name, value) {
  return `${cell(name, value)} ${' '.repeat(14)}\n`;
}

/**
 * @param {string} name
 * @param {number} value
 */
function cell(name, value) {
  return `  ${name.padEnd(25)} ${String(value).padStart(14)}`;
}

/** @typedef {import('./messages.mjs').Os} Os */

const POOL_TYPES = /\b(bitmask|random|source-hash|round-robin|least-states)\b/;

/** The names of services(5) in the recorded rules. */
const SERVICES = new Map([['8080', 'http-alt']]);

/**
 * The errors of pfctl for a rule whose pool is a table.
 * @param {string} words
 * @param {Os} os
 * @returns {string[]}
 */
export function poolProblems(words, os) {
  const [, pool] = /(?:->|rdr-to)\s*<[^>]+>(.*)$/.exec(words) ?? [];
  if (pool === undefined) return [];
  if (os === 'freebsd' && /\bleast-states\b/.test(pool)) return ['syntax error'];
  if (!/\bbitmask\b/.test(pool)) return [];
  return [
    'tables are not supported by pool type',
    'skipping rule due to errors',
    'rule expands to no valid combination',
  ];
}

/**
 * What -v prints for a rule: with the defaults filled in if its pool is a table. Other rules, which
 * pfctl would expand, stay as written.
 * @param {string} words
 */
export function echoRule(words) {
  const [, head, arrow, pool] = /^(.*?)\s*(->|rdr-to)\s*(<.*)$/.exec(words) ?? [];
  if (head === undefined || pool === undefined) return words;
  const ports = head.replace(/\bport (\d+)/g, (_, port) => `port = ${SERVICES.get(port) ?? port}`);
  const keeps = arrow === '->' ? '' : ' flags S/SA keep state';
  const type = POOL_TYPES.test(pool) ? pool : `${pool.trim()} round-robin`;
  const key = randomKey();
  return `${ports}${keeps} ${arrow} ${type.replace(/\bsource-hash\b/, `source-hash ${key}`).trim()}`;
}

/** The key of source-hash is random unless the rule has one. */
function randomKey() {
  const digits = Array.from({ length: 32 }, () => Math.floor(Math.random() * 16).toString(16));
  return `0x${digits.join('')}`;
}

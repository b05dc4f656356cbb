import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {object} Status
 * @property {boolean} enabled
 * @property {number} since seconds since 1970: when pf was enabled or disabled
 * @property {number} securelevel
 * @property {string} hostid the creator of states without another one
 * @property {Record<string, number>} counters for `-s info`, for example "map-failed"
 */

/**
 * @typedef {object} Table
 * @property {string} name
 * @property {string} anchor '' for the main ruleset
 * @property {boolean} persist
 * @property {boolean} const
 * @property {boolean} counters
 * @property {number} cleared seconds since 1970
 * @property {Record<string, number>} addresses as `-T show` prints them ("!" first if negated), to
 *   the seconds since 1970 when they were added
 */

/**
 * @typedef {object} Ruleset
 * @property {string[]} references names of the tables in its rules
 * @property {string[]} anchors paths of the anchors it calls
 */

/**
 * @typedef {object} Documents
 * @property {Status} status
 * @property {Table[]} tables
 * @property {Record<string, Ruleset>} rulesets by anchor
 * @property {import('./state-lines.mjs').State[]} states
 * @property {import('./source-lines.mjs').SourceNode[]} sources
 */

/**
 * The memory of the kernel: JSON files, each read when it is needed, and written together by `save`.
 * @param {string} folder
 */
export function openStore(folder) {
  mkdirSync(folder, { recursive: true });
  /** @type {Map<string, unknown>} */
  const loaded = new Map();
  /** @type {Set<string>} */
  const changed = new Set();

  return {
    folder,

    /**
     * @template {keyof Documents} K
     * @param {K} name
     * @returns {Documents[K]}
     */
    read(name) {
      if (!loaded.has(name))
        loaded.set(name, readJson(join(folder, `${name}.json`)) ?? empty(name));
      return /** @type {Documents[K]} */ (loaded.get(name));
    },

    /**
     * @template {keyof Documents} K
     * @param {K} name
     * @param {Documents[K]} value
     */
    write(name, value) {
      loaded.set(name, value);
      changed.add(name);
    },

    save() {
      for (const name of changed) writeJson(join(folder, `${name}.json`), loaded.get(name));
      changed.clear();
    },
  };
}

/** @typedef {ReturnType<typeof openStore>} Store */

/**
 * @param {string} file
 * @returns {unknown} undefined when there is no such file
 */
export function readJson(file) {
  let text;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : error}`);
  }
}

/**
 * @param {string} file
 * @param {unknown} value
 */
export function writeJson(file, value) {
  const fresh = `${file}.${process.pid}.new`;
  writeFileSync(fresh, `${JSON.stringify(value)}\n`);
  renameSync(fresh, file);
}

/** @param {keyof Documents} name */
function empty(name) {
  if (name === 'rulesets') return {};
  if (name !== 'status') return [];
  return {
    enabled: false,
    since: Math.floor(Date.now() / 1000),
    securelevel: 1,
    hostid: '8641e0ae',
    counters: {},
  };
}

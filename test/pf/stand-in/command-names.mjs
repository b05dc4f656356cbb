/** @typedef {import('./options.mjs').Options} Options */

/** The commands that `on` of a fault may name. */
export const COMMAND_NAMES = [
  ...['add', 'delete', 'replace', 'show', 'test', 'flush', 'kill', 'zero', 'expire', 'load'],
  ...['enable', 'disable', 'show-tables', 'show-states', 'show-sources', 'show-info'],
  ...['show-anchors', 'show-memory', 'kill-states', 'kill-sources'],
  ...['flush-states', 'flush-sources', 'flush-rules', 'flush-tables'],
];

/**
 * The commands of a call, by their COMMAND_NAMES; a call can have several.
 * @param {Options} options
 * @returns {string[]}
 */
export function commandNames(options) {
  const names = [];
  if (options.tableCommand !== undefined) names.push(options.tableCommand);
  else if (options.file !== undefined) names.push('load');
  if (options.enable) names.push('enable');
  if (options.disable) names.push('disable');
  if (options.show !== undefined) names.push(`show-${options.show.toLowerCase()}`);
  if (options.flush !== undefined) names.push(`flush-${options.flush.toLowerCase()}`);
  if (options.kill.length > 0) names.push('kill-states');
  if (options.killSources.length > 0) names.push('kill-sources');
  return names;
}

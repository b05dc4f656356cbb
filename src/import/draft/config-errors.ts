import { parseDocument } from '../../config/document.ts';
import { formatIssue, type Issue } from '../../config/issue.ts';
import { resolve } from '../../config/resolve.ts';
import { readSections } from '../../config/sections.ts';

/**
 * The errors that hfmd would find in the text, one a line. Programs that are not on this machine
 * don't count: the result may be for another one, and `/FILL/IN` is noted already.
 */
export function findConfigErrors(toml: string): string[] {
  const result = parseDocument('', toml);
  if (!result.ok) return [formatIssue(result.issue)];
  const issues: Issue[] = [];
  const sections = readSections([result.document], (issue) => issues.push(issue));
  resolve(sections);
  return issues
    .filter(({ message }) => !message.endsWith('expected an executable file'))
    .map(({ key, message }) => `${key}: ${message}`);
}

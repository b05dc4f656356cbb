import { COMMANDS } from '../../src/cli/main.ts';

/** Each `hfmctl ...` of a text that no command or option of hfmctl fits. Prose has no such word. */
export function wrongHfmctlLines(lines: readonly string[]): string[] {
  return lines.filter((line) => {
    const command = COMMANDS.find(({ name }) => name === line.split(' ')[0]);
    const options = [...line.matchAll(/ --([a-z-]+)/g)].map(([, option]) => option ?? '');
    return command === undefined || options.some((one) => !Object.hasOwn(command.options, one));
  });
}

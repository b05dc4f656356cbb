import { loadConfig } from '../../src/config/load.ts';
import { withConfig } from './with-config.ts';

/** What is wrong with each configuration, but for programs that do not exist on this machine. */
export function loadTexts(texts: readonly string[]): string[][] {
  return texts.map((text) => {
    const loaded = withConfig(text, loadConfig);
    return loaded.ok
      ? []
      : loaded.errors.filter((error) => !isMissingProgram(error) && !isFragment(error));
  });
}

/** A block that shows a part of a configuration need not hold a backend. */
function isFragment(error: string): boolean {
  return error.endsWith('found no backend, expected at least one [backend.NAME]');
}

function isMissingProgram(error: string): boolean {
  return /found \/\S+ \(no such file\), expected an executable file$/.test(error);
}

import { loadConfig } from '../../src/config/load.ts';
import { withConfig } from './with-config.ts';

/** What is wrong with each configuration, but for programs that do not exist on this machine. */
export function loadTexts(texts: readonly string[]): string[][] {
  return texts.map((text) => {
    const loaded = withConfig(text, loadConfig);
    return loaded.ok ? [] : loaded.errors.filter((error) => !isMissingProgram(error));
  });
}

function isMissingProgram(error: string): boolean {
  return /found \/\S+ \(no such file\), expected an executable file$/.test(error);
}

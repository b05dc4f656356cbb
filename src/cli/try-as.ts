import { type Client, createClient } from '../client/client.ts';
import type { ProcessJson } from '../protocol/protocol.ts';
import { become, currentUser, ownCredentials, ownerOf, userName } from '../sys/user.ts';
import type { Context } from './command.ts';

/** A healthy hfmd answers at once. */
const ANSWER_MS = 2000;

/** Asks the running hfmd what it runs as; null where none runs or it does not answer. */
export async function askDaemon(client: Client): Promise<ProcessJson | null> {
  const answer = await client.get<ProcessJson>('/v1/process', {}, ANSWER_MS);
  return answer.kind === 'ok' ? answer.value : null;
}

/**
 * Changes to hfmd's user, groups and working directory. Where no hfmd runs, the user is the owner of
 * its socket or of its state file. Only root can do this; for another user a warning says that nothing
 * has changed.
 */
export async function takePlaceOfDaemon(
  { terminal }: Context,
  { socket, stateFile }: { readonly socket: string; readonly stateFile: string },
  known: ProcessJson | null,
): Promise<{ readonly daemonUser: string | null }> {
  const daemon = (await askDaemon(createClient(socket))) ?? known;
  const target = daemon ?? ownerOf(socket) ?? ownerOf(stateFile);
  const { uid } = ownCredentials();
  const warn = (why: string): void => {
    terminal.err(`hfmctl: ${why}: this runs as ${currentUser()}\n`);
  };
  if (target === null) {
    warn('hfmd does not run, and nothing tells which user it runs as');
    return { daemonUser: null };
  }
  const daemonUser = userName(target.uid);
  if (uid !== 0 && target.uid !== uid) {
    warn(`hfmd runs as ${daemonUser}, and only root can change to that user`);
    return { daemonUser };
  }
  try {
    if (daemon !== null) process.chdir(daemon.cwd);
    if (target.uid !== uid) become(target);
  } catch (error) {
    warn(`can't take the place of hfmd, which runs as ${daemonUser} (${(error as Error).message})`);
  }
  return { daemonUser };
}

import { type Client, createClient } from '../client/client.ts';
import type { ProcessJson } from '../protocol/protocol.ts';
import { become, currentUser, ownCredentials, ownerOf, userName } from '../sys/user.ts';
import type { Context } from './command.ts';

/** hfmd answers at once, or it is in no state to. */
const ANSWER_MS = 2000;

/** What the running hfmd says of itself; null when there is none, or it does not say. */
export async function askDaemon(client: Client): Promise<ProcessJson | null> {
  const answer = await client.get<ProcessJson>('/v1/process', {}, ANSWER_MS);
  return answer.kind === 'ok' ? answer.value : null;
}

/**
 * Takes the place of hfmd: its user, its groups and its working directory. Without a running hfmd it
 * is the user whom its socket or its state file belongs to. Only root can; anybody else stays who he
 * is, and is told so.
 */
export async function takePlaceOfDaemon(
  { terminal }: Context,
  { socket, stateFile }: { readonly socket: string; readonly stateFile: string },
  told: ProcessJson | null,
): Promise<{ readonly daemonUser: string | null }> {
  const daemon = (await askDaemon(createClient(socket))) ?? told;
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

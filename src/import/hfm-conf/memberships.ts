import { anchor as anchorKey, tableName } from '../../config/pf-decoders.ts';
import { isAccepted } from '../draft/accepted.ts';
import type { AddNote } from '../draft/note.ts';
import type { TableChange } from './change-command.ts';

/** An address that is in a table as long as its rule's test succeeds. */
export type TableMember = Omit<TableChange, 'operation'>;

/**
 * The memberships that a rule's change commands amount to: an address is added after a success and
 * deleted after a failure. The opposite (a table of what fails) can't be a pool, which is noted.
 */
export function readMemberships(
  onFail: readonly TableChange[],
  onSuccess: readonly TableChange[],
  addNote: AddNote,
): TableMember[] {
  const leaves = byMember(onFail, 'delete');
  const enters = byMember(onSuccess, 'add');
  const reversed = new Map([...byMember(onFail, 'add'), ...byMember(onSuccess, 'delete')]);
  const members = new Map([...leaves, ...enters]);
  for (const [key, change] of reversed) noteReversed(change, members.has(key), members, addNote);
  return [...members].flatMap(([key, { operation: _, ...member }]) => {
    const { table, anchor, address, line } = member;
    const where = tableText(member);
    if (!isAccepted(tableName, table) || (anchor !== null && !isAccepted(anchorKey, anchor))) {
      addNote('lost', line, `${address} in ${where}: pf knows no table or anchor of that name`);
      return [];
    }
    if (!enters.has(key)) {
      addNote(
        'look',
        line,
        `the original only deletes ${address} from ${where}; hfm also adds it after a success`,
      );
    } else if (!leaves.has(key)) {
      addNote(
        'look',
        line,
        `the original only adds ${address} to ${where}; hfm also deletes it after a failure`,
      );
    }
    return [member];
  });
}

/** Formats `<web>`, or `<web> in anchor hfm`. */
export function tableText({ table, anchor }: Pick<TableMember, 'table' | 'anchor'>): string {
  return anchor === null ? `<${table}>` : `<${table}> in anchor ${anchor}`;
}

function byMember(
  changes: readonly TableChange[],
  operation: TableChange['operation'],
): Map<string, TableChange> {
  return new Map(
    changes
      .filter((change) => change.operation === operation)
      .map((change) => [`${tableText(change)} ${change.address}`, change]),
  );
}

function noteReversed(
  { table, anchor, address, line }: TableChange,
  isAlsoMember: boolean,
  members: ReadonlyMap<string, TableChange>,
  addNote: AddNote,
): void {
  const where = tableText({ table, anchor });
  if (isAlsoMember) {
    addNote('look', line, `the same event adds ${address} to ${where} and deletes it`);
    return;
  }
  const hasMembers = [...members.values()].some((one) => tableText(one) === where);
  const hint = hasMembers ? '; for a sorry server set the key "fallback" of the pool' : '';
  const message = `${address} is in ${where} while the test fails; a pool of hfm holds what passes${hint}`;
  addNote('lost', line, message);
}

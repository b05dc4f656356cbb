import { anchor as anchorKey, tableName } from '../../config/pf-decoders.ts';
import { isAccepted } from '../draft/accepted.ts';
import type { Tell } from '../draft/note.ts';
import type { TableChange } from './change-command.ts';

/** An address that is in a table while its rule's test succeeds. */
export type TableMember = Omit<TableChange, 'operation'>;

/**
 * What a rule's two change commands mean for its tables: in after a success, out after a failure.
 * The opposite (a list of what fails) has no place in hfm's pools and is told.
 */
export function readMemberships(
  onFail: readonly TableChange[],
  onSuccess: readonly TableChange[],
  tell: Tell,
): TableMember[] {
  const leaves = byMember(onFail, 'delete');
  const enters = byMember(onSuccess, 'add');
  const reversed = new Map([...byMember(onFail, 'add'), ...byMember(onSuccess, 'delete')]);
  const members = new Map([...leaves, ...enters]);
  for (const [key, change] of reversed) tellReversed(change, members.has(key), members, tell);
  return [...members].flatMap(([key, { operation: _, ...member }]) => {
    const { table, anchor, address, line } = member;
    const where = tableText(member);
    if (!isAccepted(tableName, table) || (anchor !== null && !isAccepted(anchorKey, anchor))) {
      tell('lost', line, `${address} in ${where}: pf knows no table or anchor of that name`);
      return [];
    }
    if (!enters.has(key)) {
      tell(
        'look',
        line,
        `${address} left ${where} and never came back; hfm adds it after a success`,
      );
    } else if (!leaves.has(key)) {
      tell(
        'look',
        line,
        `${address} came into ${where} and never left; hfm takes it out after a failure`,
      );
    }
    return [member];
  });
}

/** `<web>`, or `<web> in anchor hfm`. */
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

function tellReversed(
  { table, anchor, address, line }: TableChange,
  isBoth: boolean,
  members: ReadonlyMap<string, TableChange>,
  tell: Tell,
): void {
  const where = tableText({ table, anchor });
  if (isBoth) {
    tell('look', line, `${address} is added to ${where} and deleted by the same event`);
    return;
  }
  const isSorry = [...members.values()].some((one) => tableText(one) === where);
  const hint = isSorry ? '; for a sorry server there is the key "fallback" of the pool' : '';
  const message = `${address} is in ${where} while the test fails; an hfm pool holds what succeeds${hint}`;
  tell('lost', line, message);
}

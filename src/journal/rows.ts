// The rows that say more than their keys do, and the seal on each: a digest over all its columns, so that no changed row is believed.
// The events of a run are sealed together, by a chain of digests whose end is in the run's row. Format: docs/formats/journal.md.
import { hash } from 'node:crypto'
import type { RunSummary } from './model.ts'

export interface RunRow {
  readonly id: string
  readonly runbook: string
  readonly runbook_version: string
  readonly pins: string
  readonly inputs: string
  readonly targets: string
  readonly created_at: number
  readonly status: RunSummary['status']
  readonly outcome: string | null
  readonly ended_at: number | null
  readonly owner: string | null
  readonly epoch: number
  readonly events: number
  readonly cancel_reason: string | null
  readonly chain: string
}

export interface ObligationRow {
  readonly run: string
  readonly id: string
  readonly open: number
  readonly body: string
}

export interface ApprovalRow {
  readonly run: string
  readonly path: string
  readonly asked_at: number
  readonly body: string
  readonly answer: string | null
}

export interface LockRow {
  readonly name: string
  readonly run: string
  readonly epoch: number
}

export interface CheckpointRow {
  readonly run: string
  readonly path: string
  readonly body: string
}

export type Sealed<Row> = Row & { readonly seal: string }

/** The end of a chain that the text has been added to. An empty chain is ''. */
export const link = (chain: string, text: string): string => digest([chain, text])

/** By table; the order of the columns is part of the format. */
export const SEALS = {
  runs: (row: RunRow) =>
    digest([
      ...[row.id, row.runbook, row.runbook_version, row.pins, row.inputs, row.targets, row.created_at, row.status, row.outcome],
      ...[row.ended_at, row.owner, row.epoch, row.events, row.cancel_reason, row.chain],
    ]),
  obligations: ({ run, id, open, body }: ObligationRow) => digest([run, id, open, body]),
  approvals: ({ run, path, asked_at, body, answer }: ApprovalRow) => digest([run, path, asked_at, body, answer]),
  locks: ({ name, run, epoch }: LockRow) => digest([name, run, epoch]),
  checkpoints: ({ run, path, body }: CheckpointRow) => digest([run, path, body]),
} as const

export type SealedTable = keyof typeof SEALS

/** `key` names the row for people. The row is what SQLite answered for all columns of the table. */
export function isAsSealed(table: SealedTable, row: Readonly<Record<string, unknown>>): boolean {
  return (SEALS[table] as (row: unknown) => string)(row) === row.seal
}

/** 132 bits: far more than chance, or a mistake, comes by. */
export function digest(parts: readonly (string | number | null)[]): string {
  return hash('sha256', JSON.stringify(parts), 'base64url').slice(0, 22)
}

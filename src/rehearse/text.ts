// What many rehearsals came to, for people.
import { formatDuration } from '../values/index.ts'
import type { Fault, Rehearsal, RehearsalReport } from './model.ts'

export function rehearsalAsText(report: RehearsalReport, seconds: number): string {
  const { runbook, version, runs, seed, faultsPerRun, byStatus, byFault, resumed, reaped, rehearsedMs, found } = report
  const lines = [
    `rehearse  ${runbook} ${version}  ${count(runs, 'run')}, up to ${count(faultsPerRun, 'fault')} in each, seed ${seed}`,
    '',
    ...found.flatMap((rehearsal) => [...storyLines(rehearsal), `  again: --seed ${seed} --run ${rehearsal.number}`, '']),
    found.length === 0 ? 'nothing was left behind' : `${count(found.length, 'run')} left something behind`,
    `ended: ${counts(byStatus)}`,
    `met: ${counts(byFault)}`,
    `taken over after a crash: ${resumed}; settled by reap: ${reaped}`,
    `${formatDuration(rehearsedMs)} of the runs' own time in ${seconds.toFixed(1)} s`,
  ]
  return `${lines.join('\n')}\n`
}

function storyLines({ number, faults, status, failure, violations }: Rehearsal): readonly string[] {
  return [
    ...violations.map((line) => `run ${number}: ${line}`),
    ...faults.map((fault) => `  ! ${faultAsText(fault)}`),
    `  the run ${status}${failure === undefined ? '' : `: ${failure}`}`,
  ]
}

export function faultAsText(fault: Fault): string {
  switch (fault.kind) {
    case 'wire':
      return `${nth(fault.skip)} ${fault.operation}: ${fault.does} on the wire`
    case 'disks':
      return `${fault.at === 'connect' ? 'connection' : 'piece'} ${fault.skip + 1} from disks: ${fault.does} on the wire`
    case 'inside':
      return `${nth(fault.skip)} ${fault.operation}: ${fault.does} at the ${fault.connection}`
    case 'journal':
      return `record ${fault.record} cannot be written: ${fault.does}`
    case 'crash':
      return `the engine dies ${fault.moment} record ${fault.record}${clockSet(fault.clockSetByMs)}`
    case 'cancel':
      return `somebody cancels after record ${fault.record}`
  }
}

function clockSet(byMs: number): string {
  return byMs === 0 ? '' : `, and meanwhile the clock is set ${formatDuration(Math.abs(byMs))} ${byMs < 0 ? 'back' : 'ahead'}`
}

const nth = (skip: number): string => `call ${skip + 1} of`

const counts = (by: Readonly<Record<string, number>>): string =>
  Object.entries(by)
    .sort((a, b) => b[1] - a[1])
    .map(([name, times]) => `${times} ${name}`)
    .join(', ') || 'nothing'

const count = (amount: number, noun: string): string => `${amount} ${noun}${amount === 1 ? '' : 's'}`

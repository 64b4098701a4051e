// Runbooks that cannot work, or promise too much.
import * as runbooks from '../runbooks.ts'
import type { Canary } from './broken.ts'

const { subject } = runbooks

export const RUNBOOKS: readonly Canary[] = [
  { what: 'a handle is used after its scope, for want of an owner', breaks: 'P4', subject: subject(runbooks.escaped), faults: 0 },
  {
    what: 'a catch yields the handle of what its scope has let go',
    breaks: 'P4',
    subject: subject(runbooks.caughtTooLate),
    faults: 1,
  },
  {
    what: 'a called runbook hands out what it has let go itself',
    breaks: 'P4',
    subject: subject(runbooks.handedTooLate),
    faults: 0,
  },
  { what: 'something is ended while it is used', breaks: 'P4', subject: subject(runbooks.endedTooSoon), faults: 0 },
  { what: 'a scope waits for its own lock', breaks: 'ends', subject: subject(runbooks.lockedTwice), faults: 0 },
  { what: 'two branches wait for each other', breaks: 'ends', subject: subject(runbooks.lockedCrosswise), faults: 0 },
  { what: 'the base advances before anything is stored', breaks: 'P8', subject: subject(runbooks.committedFirst), faults: 0 },
  { what: 'the base advances with every disk', breaks: 'P8', subject: subject(runbooks.committedPerDisk), faults: 0 },
  { what: 'the base advances while the copy is under way', breaks: 'P8', subject: subject(runbooks.committedBesides), faults: 0 },
  { what: 'the base advances though a disk was not stored', breaks: 'P8', subject: subject(runbooks.storingEach) },
  {
    what: 'consistency is claimed though the freeze ended by itself',
    breaks: 'P9',
    subject: subject(runbooks.claiming('application')),
  },
  { what: 'consistency is claimed and nothing was frozen', breaks: 'P9', subject: subject(runbooks.neverFrozen), faults: 0 },
  { what: 'the snapshot is taken after the thaw', breaks: 'P9', subject: subject(runbooks.snappedTooLate), faults: 0 },
]

// Writes a journal of a run that was interrupted with a frozen guest into the folder that it is told, for a disk that can only be read then.
import { writeLedger } from '../cli/ledger.ts'

const [folder = ''] = process.argv.slice(2)
const since = Date.now() - 600_000
await writeLedger(folder, [{ id: 'run-1', holds: [{ step: 'freeze', state: 'held', target: 'west', since }] }])
